// Putting packets on a link: what all stages that send share.
#pragma once

#include <array>
#include <cstdint>

#include <rte_mempool.h>

#include "dataplane/neighbour/cache.hpp"
#include "dataplane/packet/drop.hpp"
#include "dataplane/port/interface.hpp"
#include "dataplane/port/transmit.hpp"

namespace culvert::dp {

// One worker's: references to what it owns, or reads.
struct LinkContext {
  const InterfaceTable& interfaces;
  std::array<PortTx*, kMaxInterfaces> tx{};  // by interface index; one for each interface
  NeighbourCache& neighbours;
  rte_mempool* pool;  // for packets made here
  DropCounters& drops;
};

// Prepends the Ethernet header and hands the frame to the interface's PortTx; takes ownership.
// Drops: no_buffer if the buffer has no headroom.
inline void send_frame(LinkContext& link, const Interface& interface, const MacAddress& to,
                       EtherType type, rte_mbuf* m) noexcept {
  auto* ethernet =
      reinterpret_cast<EthernetHeader*>(rte_pktmbuf_prepend(m, sizeof(EthernetHeader)));
  if (ethernet == nullptr) [[unlikely]] {
    drop(link.drops, DropReason::no_buffer, m);
    return;
  }
  ethernet->dst = to;
  ethernet->src = interface.mac;
  ethernet->type = static_cast<uint16_t>(type);
  m->l2_len = sizeof(EthernetHeader);
  link.tx[interface.index]->push(m);
}

// Asks for a neighbour: ARP for IPv4, a solicitation for IPv6.
void send_request(LinkContext& link, const NeighbourRequest& request) noexcept;

// The neighbour cache's timers and their requests. Once per loop.
void neighbour_poll(LinkContext& link, Time now) noexcept;

}  // namespace culvert::dp
