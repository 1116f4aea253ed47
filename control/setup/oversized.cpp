// What the log says of packets that were too large for a client's tunnel.
#include <fmt/format.h>

#include "control/setup/sessions.hpp"

namespace culvert::control {

namespace {

// As the ASA writes a protocol: by name if it has one that everybody knows.
std::string protocol_name(uint8_t protocol) {
  switch (protocol) {
    case 1: return "ICMP";
    case 6: return "TCP";
    case 17: return "UDP";
    case 58: return "ICMP6";
    default: return std::to_string(protocol);
  }
}

}  // namespace

void Sessions::oversized(const dp::Oversized& what) {
  const SessionRecord* session = registry_.find(what.session);
  if (session == nullptr) return;
  if (what.untold != 0) {
    env_.log(6, 0,
             fmt::format("{} Of {} more large packets nothing was logged", prefix(*session),
                         what.untold));
  }
  if (what.size == 0) return;
  env_.log(6, 722036,
           fmt::format("{} Transmitting large packet {} (threshold {}).", prefix(*session),
                       what.size, what.threshold));
  if (!what.answered) return;
  env_.log(6, 602101,
           fmt::format("PMTU-D packet {} bytes greater than effective mtu {}, dest_addr={}, "
                       "src_addr={}, prot={}",
                       what.size, what.threshold, what.dst.to_string(), what.src.to_string(),
                       protocol_name(what.protocol)));
}

}  // namespace culvert::control
