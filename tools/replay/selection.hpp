// Which packets of a capture are played, and in what size.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/replay/capture_file.hpp"
#include "tools/replay/rewrite.hpp"

namespace culvert::replay {

enum class Verdict : uint8_t {
  play,
  truncated,  // the capture has only its beginning
  oversized,  // larger than the port's MTU
  unfit,      // larger than what the port's driver can send
  runt,       // less than an Ethernet header
};

struct SelectionRules {
  std::string filter{};
  RewriteRules rewrite{};
  uint32_t mtu = 1500;  // bytes behind the Ethernet header and VLAN tags
  uint32_t largest =
      65535;             // bytes of a frame that the port's driver can send, its trailer included
  uint32_t trailer = 0;  // bytes that will be put behind each frame
  bool fill_truncated = false;  // with zeros, to the size that the packet had
  bool for_tunnels = false;     // `mtu` is no option's then, but more than any tunnel carries
};

// Brings a packet into the form in which it is sent, without its trailer. `frame` is a buffer to use
// over and over.
[[nodiscard]] Verdict select(const SelectionRules& rules, const CapturedPacket& packet,
                             std::vector<uint8_t>& frame);

}  // namespace culvert::replay
