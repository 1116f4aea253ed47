// Inner packets on their way down: session, channel, MTU. Home does all of this.
#pragma once

#include <span>

#include <rte_mempool.h>

#include "dataplane/inner/unreachable.hpp"
#include "dataplane/packet/batch.hpp"
#include "dataplane/packet/drop.hpp"
#include "dataplane/session/table.hpp"

namespace culvert::dp {

// The addresses of one pool, to tell a packet for a client that is not there from one that is none
// of our business.
struct PoolRange {
  uint32_t first = 0, last = 0;  // host order, inclusive
};
[[nodiscard]] bool in_pool(std::span<const PoolRange> pools, uint32_t address) noexcept;

struct DownContext {
  uint8_t worker;
  const SessionTable& sessions;
  std::span<const PoolRange> pools;
  DropCounters& drops;
  UnreachableLimit& unreachable;
  rte_mempool* pool;
};

// Where packets go from here. Each sink takes packets with the IP header first.
struct DownEdges {
  BatchSink seal;     // for a tunnel of this worker; meta.conn names it
  BatchSink handoff;  // meta.handoff and meta.conn.worker say to whom and what for
  BatchSink errors;   // ICMP messages to senders, to be routed
};

// `reply_from`: the source of ICMP messages; the address of the interface on which the packet came,
// by meta.port. In: packets for other hosts, IPv4 header checked, meta.l3_size set. Empties the
// batch. Drops: svc_no_session, ip_not_forwarded, svc_no_channel, svc_no_fragment,
// svc_too_many_fragments, ip_bad_length, no_buffer.
void inner_down(Batch& packets, DownContext& c, std::span<const IpAddress> reply_from,
                const DownEdges& edges, uint64_t now_us) noexcept;

}  // namespace culvert::dp
