// Where the headers of a captured frame lie.
#pragma once

#include <cstdint>
#include <span>

namespace culvert::replay {

enum class Network : uint8_t { other, arp, ipv4, ipv6 };

// Offsets are from the frame's first byte. A header is only named if it is whole in the captured bytes:
// whoever has an offset may read that header.
struct Layers {
  uint32_t tags_size = 0;  // bytes of VLAN tags (IEEE 802.1Q, 802.1ad) behind the MAC addresses
  uint32_t network_at = 0;
  Network network = Network::other;
  uint8_t protocol = 0;       // behind all extension headers; of IP only
  uint32_t transport_at = 0;  // 0: there is none here (a later fragment), or it is cut off
  uint32_t end = 0;       // of the IP packet, as its header says, but not past the captured bytes
  bool fragment = false;  // a part of a datagram; its first one has a transport header
  bool cut_off = false;   // the IP packet is longer than the captured bytes
  // A routing header with segments left: the pseudo header of transport checksums has another
  // destination than the IPv6 header (RFC 8200 §8.1).
  bool routed = false;

  // Whether the transport header begins with two ports that tell flows apart: TCP's or UDP's, and not a fragment's,
  // since later ones have none.
  [[nodiscard]] bool has_ports() const noexcept;
};

// Never reads past the end, whatever the bytes are. MPLS labels (RFC 3032) are walked over.
[[nodiscard]] Layers find_layers(std::span<const uint8_t> frame) noexcept;

// Of the packet that begins with an IP header at `at`; what concerns Ethernet stays empty.
[[nodiscard]] Layers find_ip_layers(std::span<const uint8_t> bytes, uint32_t at) noexcept;

}  // namespace culvert::replay
