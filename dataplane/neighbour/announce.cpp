// Address probes and announcements.
#include "dataplane/neighbour/announce.hpp"

#include <algorithm>

#include "dataplane/neighbour/arp.hpp"
#include "dataplane/neighbour/nd.hpp"

namespace culvert::dp {

namespace {

void announce_ipv6(LinkContext& link, const Interface& interface, bool probe) noexcept {
  if (!interface.has_ipv6()) return;
  const auto say = [&](const IpAddress& own) {
    (void)(probe ? send_solicitation(link, interface, {.source = {}, .target = own})
                 : send_unsolicited_advertisement(link, interface, own));
  };
  say(interface.link_local);
  for (const Ipv6Prefix& own : interface.ipv6_prefixes())
    say(own.address);
}

}  // namespace

void Announcer::poll(LinkContext& link, Time now) noexcept {
  for (const Interface& interface : link.interfaces) {
    Step& step = steps_[interface.index];
    if (step.sent == kSteps || now < step.next || !interface.up) continue;
    const bool probe = step.sent < kProbes;
    if (interface.ipv4 != 0) {
      send_arp(link, interface,
               {.operation = ArpOperation::request,
                .to = kBroadcastMac,
                .sender_ip = probe ? 0 : interface.ipv4,
                .target_mac = {},
                .target_ip = interface.ipv4});
    }
    announce_ipv6(link, interface, probe);
    ++step.sent;
    // PROBE_MIN, then ANNOUNCE_INTERVAL (RFC 5227 §1.1).
    step.next = now + (probe ? kSecond : 2 * kSecond);
  }
}

bool Announcer::done() const noexcept {
  return std::all_of(steps_.begin(), steps_.end(), [](const Step& s) { return s.sent == kSteps; });
}

}  // namespace culvert::dp
