// Address probes and announcements.
#include "dataplane/neighbour/announce.hpp"

#include <algorithm>

#include "dataplane/neighbour/arp.hpp"

namespace culvert::dp {

void Announcer::poll(LinkContext& link, Time now) noexcept {
  for (const Interface& interface : link.interfaces) {
    Step& step = steps_[interface.index];
    if (step.sent == kSteps || now < step.next || !interface.up || interface.ipv4 == 0) continue;
    const bool probe = step.sent < kProbes;
    send_arp(link, interface,
             {.operation = ArpOperation::request,
              .to = kBroadcastMac,
              .sender_ip = probe ? 0 : interface.ipv4,
              .target_mac = {},
              .target_ip = interface.ipv4});
    ++step.sent;
    // PROBE_MIN, then ANNOUNCE_INTERVAL (RFC 5227 §1.1).
    step.next = now + (probe ? kSecond : 2 * kSecond);
  }
}

bool Announcer::done() const noexcept {
  return std::all_of(steps_.begin(), steps_.end(), [](const Step& s) { return s.sent == kSteps; });
}

}  // namespace culvert::dp
