// Telling the link which addresses are ours: probes, then announcements (RFC 5227 §2.1, §2.3; for IPv6
// RFC 4862 §5.4, RFC 4861 §7.2.6).
//
// The addresses are configured by hand and serve from the first moment: the probes do not delay
// anything, they find a station that has the same address, which arp_input or nd_input then reports as a
// clash.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/neighbour/link.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::dp {

class Announcer {
 public:
  // Begins anew, as at start or when an interface comes up.
  void announce(uint8_t interface, Time now) noexcept { steps_[interface] = {0, now}; }
  // Once per loop, by one worker for all.
  void poll(LinkContext& link, Time now) noexcept;
  [[nodiscard]] bool done() const noexcept;

 private:
  static constexpr uint8_t kProbes = 3;
  static constexpr uint8_t kAnnouncements = 2;
  static constexpr uint8_t kSteps = kProbes + kAnnouncements;
  struct Step {
    uint8_t sent = kSteps;
    Time next = 0;
  };
  std::array<Step, kMaxInterfaces> steps_;
};

}  // namespace culvert::dp
