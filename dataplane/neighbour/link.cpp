// Requests for neighbours, asked now or when a timer says so.
#include "dataplane/neighbour/link.hpp"

#include "dataplane/neighbour/arp.hpp"
#include "dataplane/neighbour/nd.hpp"

namespace culvert::dp {

void send_request(LinkContext& link, const NeighbourRequest& request) noexcept {
  const Interface& interface = link.interfaces[request.interface];
  if (!interface.up) return;
  if (!request.ip.is_v4()) {
    (void)send_solicitation(link, interface,
                            {.source = interface.speaks_to(request.ip),
                             .target = request.ip,
                             .to = request.unicast ? &request.mac : nullptr});
    return;
  }
  send_arp(link, interface,
           {.operation = ArpOperation::request,
            .to = request.unicast ? request.mac : kBroadcastMac,
            .sender_ip = interface.ipv4,
            .target_mac = {},
            .target_ip = request.ip.v4_value()});
}

void neighbour_poll(LinkContext& link, Time now) noexcept {
  std::array<NeighbourRequest, 16> requests;
  const size_t n = link.neighbours.poll(now, requests);
  for (size_t i = 0; i < n; ++i)
    send_request(link, requests[i]);
}

}  // namespace culvert::dp
