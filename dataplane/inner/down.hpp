// Inner packets on their way down: session, channel, MTU. Home does all of this.
#pragma once

#include <span>
#include <vector>

#include <rte_mempool.h>

#include "dataplane/inner/mss_clamp.hpp"
#include "dataplane/inner/oversized.hpp"
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
struct PoolRange6 {
  IpAddress first, last;  // inclusive
};
struct PoolRanges {
  std::vector<PoolRange> v4;
  std::vector<PoolRange6> v6;
};
[[nodiscard]] bool in_pool(const PoolRanges& pools, const IpAddress& address) noexcept;

struct DownContext {
  uint8_t worker;
  const SessionTable& sessions;
  const PoolRanges& pools;
  DropCounters& drops;
  UnreachableLimit& unreachable;
  UnreachableLimit& unreachable6;  // of ICMPv6 errors
  rte_mempool* pool;
  OversizedReports& oversized;
  bool answer_too_big = true;  // senders of packets that are too large are told
  MssLimits mss{};             // for TCP SYNs that pass, in either direction
  uint32_t mss_clamped = 0;    // SYNs that inner_down() changed and nobody has counted yet
  // The identification of the session's next datagram that has DF and is cut nevertheless, by its
  // position in the table. (RFC 4963: one counter for all would soon repeat itself to one client.)
  std::vector<uint16_t> next_id = std::vector<uint16_t>(sessions.capacity());
};

// Where packets go from here. Each sink takes packets with the IP header first.
struct DownEdges {
  BatchSink seal;       // for a TLS tunnel of this worker; meta.conn names it
  BatchSink seal_dtls;  // for a DTLS tunnel, which is always its home's
  BatchSink handoff;    // meta.handoff and meta.conn.worker say to whom and what for
  BatchSink errors;     // ICMP messages to senders, to be routed
};

// The sources of ICMP messages about packets that came by one interface.
struct ReplySource {
  IpAddress v4;  // unspecified: none of this family
  IpAddress v6;
};

// `reply_from`: by meta.port. In: packets of both families for other hosts, IP header checked,
// meta.l3_size set. Empties the batch. Of TCP SYNs the MSS is clamped. Drops: svc_no_session,
// ip_not_forwarded, svc_no_channel, svc_no_fragment, svc_too_many_fragments, ip_bad_length,
// no_buffer.
void inner_down(Batch& packets, DownContext& c, std::span<const ReplySource> reply_from,
                const DownEdges& edges, uint64_t now_us) noexcept;

}  // namespace culvert::dp
