// Where a packet's next hop is on its link, asked of the neighbour cache once for a run of packets.
#pragma once

#include "dataplane/neighbour/link.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::dp {

// The last next hop of the burst: most bursts go to one.
struct Adjacency {
  const MacAddress* mac = nullptr;
  IpAddress ip;
  uint8_t interface = kNoInterface;
};

// The hardware address of `next` on `interface`, or nullptr: then the packet waits for the answer to
// a request, or was dropped (ip_no_adjacency).
[[nodiscard]] inline const MacAddress* resolve(LinkContext& link, Adjacency& last,
                                               const IpAddress& next, const Interface& interface,
                                               rte_mbuf* m, Time now) noexcept {
  if (last.mac != nullptr && last.ip == next && last.interface == interface.index) [[likely]]
    return last.mac;
  last = {link.neighbours.find(next, interface.index, now), next, interface.index};
  // wait() may move entries about; an address that is not there is not remembered.
  if (last.mac == nullptr && link.neighbours.wait(next, interface.index, m, now)) {
    send_request(link, {.ip = next, .interface = interface.index});
  }
  return last.mac;
}

}  // namespace culvert::dp
