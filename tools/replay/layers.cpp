// Walking headers: Ethernet, VLAN tags, MPLS labels, ARP, IPv4, IPv6 with its extension headers.
#include "tools/replay/layers.hpp"

#include <algorithm>

#include "crypto/bytes.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::replay {

namespace {

using dp::Ipv4Header;
using dp::Ipv6Header;

constexpr uint32_t kMacAddresses = 12;
constexpr uint16_t kVlan = 0x8100, kServiceVlan = 0x88a8, kOldServiceVlan = 0x9100;
constexpr uint16_t kMpls = 0x8847, kMplsMulticast = 0x8848;
constexpr uint8_t kAuthentication = 51;  // RFC 4302
constexpr uint8_t kNoNext = 59;

// The least that a transport header is, up to its checksum; 0 for protocols that are not looked into.
uint32_t header_size(uint8_t protocol) noexcept {
  switch (static_cast<dp::IpProtocol>(protocol)) {
    case dp::IpProtocol::tcp: return sizeof(dp::TcpHeader);
    case dp::IpProtocol::udp: return sizeof(dp::UdpHeader);
    case dp::IpProtocol::icmp: return sizeof(dp::IcmpHeader);
    case dp::IpProtocol::icmpv6: return sizeof(dp::Icmp6Header);
    default: return 0;
  }
}

void set_transport(Layers& layers, uint32_t at) noexcept {
  const uint32_t size = header_size(layers.protocol);
  if (size != 0 && at + size <= layers.end) layers.transport_at = at;
}

// A length of 0 is what a card's segmentation offload leaves in the header of more than 64 KiB.
void set_end(Layers& layers, std::span<const uint8_t> bytes, uint32_t at,
             uint64_t length) noexcept {
  const uint64_t stated = length == 0 ? bytes.size() : at + length;
  layers.cut_off = stated > bytes.size();
  layers.end = static_cast<uint32_t>(std::min<uint64_t>(stated, bytes.size()));
}

Layers find_ipv4(std::span<const uint8_t> bytes, uint32_t at) noexcept {
  Layers layers;
  if (bytes.size() < at + sizeof(Ipv4Header)) return layers;
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(bytes.data() + at);
  const unsigned size = ip.header_size();
  if (size < sizeof(Ipv4Header) || bytes.size() < at + size) return layers;
  layers.network = Network::ipv4;
  layers.network_at = at;
  layers.protocol = ip.protocol;
  layers.fragment = ip.is_fragment();
  set_end(layers, bytes, at, ip.total_length);
  if ((ip.fragment & Ipv4Header::kOffsetMask) == 0) set_transport(layers, at + size);
  return layers;
}

// One extension header: its size, or 0 if it is cut off or no extension header.
uint32_t extension_size(std::span<const uint8_t> bytes, uint32_t at, uint32_t end,
                        uint8_t kind) noexcept {
  if (at + 8 > end) return 0;
  switch (kind) {
    case static_cast<uint8_t>(dp::IpProtocol::fragment): return 8;
    case kAuthentication: return (bytes[at + 1] + 2u) * 4;
    case static_cast<uint8_t>(dp::IpProtocol::hop_by_hop):
    case static_cast<uint8_t>(dp::IpProtocol::routing):
    case static_cast<uint8_t>(dp::IpProtocol::destination_options): return (bytes[at + 1] + 1u) * 8;
    default: return 0;
  }
}

Layers find_ipv6(std::span<const uint8_t> bytes, uint32_t at) noexcept {
  Layers layers;
  if (bytes.size() < at + sizeof(Ipv6Header)) return layers;
  const auto& ip = *reinterpret_cast<const Ipv6Header*>(bytes.data() + at);
  layers.network = Network::ipv6;
  layers.network_at = at;
  const uint16_t payload = ip.payload_length;  // 0: a jumbogram (RFC 2675)
  set_end(layers, bytes, at, payload == 0 ? 0 : payload + sizeof(Ipv6Header));
  layers.protocol = ip.next_header;
  uint32_t next = at + static_cast<uint32_t>(sizeof(Ipv6Header));
  while (layers.protocol != kNoNext) {
    const uint8_t kind = layers.protocol;
    const uint32_t size = extension_size(bytes, next, layers.end, kind);
    if (size == 0) break;
    if (kind == static_cast<uint8_t>(dp::IpProtocol::routing)) {
      layers.routed = layers.routed || bytes[next + 3] != 0;
    }
    bool later = false;
    if (kind == static_cast<uint8_t>(dp::IpProtocol::fragment)) {
      const auto& part = *reinterpret_cast<const dp::Ipv6FragmentHeader*>(bytes.data() + next);
      layers.fragment = layers.fragment || part.offset() != 0 || part.more();
      later = part.offset() != 0;
    }
    layers.protocol = bytes[next];
    next += size;
    if (later) return layers;
  }
  set_transport(layers, next);
  return layers;
}

// Behind MPLS labels nothing says what comes; IP says so itself in its first four bits.
uint32_t behind_labels(std::span<const uint8_t> frame, uint32_t at) noexcept {
  constexpr uint8_t kBottom = 1;
  while (at + 4 <= frame.size()) {
    const bool last = (frame[at + 2] & kBottom) != 0;
    at += 4;
    if (last) return at;
  }
  return 0;
}

}  // namespace

bool Layers::has_ports() const noexcept {
  return transport_at != 0 && !fragment &&
         (protocol == static_cast<uint8_t>(dp::IpProtocol::tcp) ||
          protocol == static_cast<uint8_t>(dp::IpProtocol::udp));
}

Layers find_ip_layers(std::span<const uint8_t> bytes, uint32_t at) noexcept {
  if (at >= bytes.size()) return {};
  switch (bytes[at] >> 4) {
    case 4: return find_ipv4(bytes, at);
    case 6: return find_ipv6(bytes, at);
    default: return {};
  }
}

Layers find_layers(std::span<const uint8_t> frame) noexcept {
  Layers layers;
  uint32_t at = kMacAddresses;
  uint16_t type = 0;
  for (;; at += 4) {
    if (at + 2 > frame.size()) return layers;
    type = load_be<uint16_t>(frame.data() + at);
    if (type != kVlan && type != kServiceVlan && type != kOldServiceVlan) break;
    if (at + 4 > frame.size()) return layers;
    layers.tags_size += 4;
  }
  const uint32_t tags = layers.tags_size;
  at += 2;
  switch (type) {
    case static_cast<uint16_t>(dp::EtherType::ipv4):
    case static_cast<uint16_t>(dp::EtherType::ipv6): {
      // Both must agree, or it is neither.
      const Layers found = find_ip_layers(frame, at);
      const bool v4 = type == static_cast<uint16_t>(dp::EtherType::ipv4);
      if (found.network == (v4 ? Network::ipv4 : Network::ipv6)) layers = found;
      break;
    }
    case static_cast<uint16_t>(dp::EtherType::arp):
      if (at + sizeof(dp::ArpPacket) > frame.size()) break;
      layers.network = Network::arp;
      layers.network_at = at;
      layers.end = at + static_cast<uint32_t>(sizeof(dp::ArpPacket));
      break;
    case kMpls:
    case kMplsMulticast:
      if (const uint32_t behind = behind_labels(frame, at); behind != 0) {
        layers = find_ip_layers(frame, behind);
      }
      break;
    default: break;
  }
  layers.tags_size = tags;
  return layers;
}

}  // namespace culvert::replay
