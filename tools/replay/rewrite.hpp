// What is changed in a frame before it is played. It happens while the capture is loaded, so that it
// costs nothing when packets are sent.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tools/replay/address_map.hpp"

namespace culvert::replay {

struct RewriteRules {
  AddressMap addresses;
  std::vector<MacRule> macs;  // either side; the first that fits
  std::optional<dp::MacAddress> source_mac, destination_mac;
  bool vlan_strip = false;           // every tag
  std::optional<uint16_t> vlan_set;  // the outermost tag's VLAN, 0..4094; frames without one stay
  std::optional<uint16_t> vlan_add;  // a tag more, outermost
  bool fix_checksums = false;

  [[nodiscard]] bool empty() const noexcept {
    return addresses.empty() && macs.empty() && !source_mac && !destination_mac && !vlan_strip &&
           !vlan_set && !vlan_add && !fix_checksums;
  }
  // How much larger a frame may become, bytes.
  [[nodiscard]] uint32_t growth() const noexcept { return vlan_add ? 4 : 0; }
};

// `frame` holds what was captured, at least an Ethernet header. Never reads or writes past its end,
// whatever the bytes are.
//
// Addresses change in IPv4 and IPv6 headers, in ARP, in packets that ICMP errors quote, and in the targets
// of neighbour discovery. Checksums over them change as RFC 1624 says: right ones stay right, in first
// fragments too, and wrong ones wrong. `fix_checksums` computes anew those of whole IP packets (of
// fragments the IPv4 header's only); UDP over IPv4 without a checksum stays without.
void rewrite(const RewriteRules& rules, std::vector<uint8_t>& frame);

}  // namespace culvert::replay
