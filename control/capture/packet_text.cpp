#include "control/capture/packet_text.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "dataplane/packet/address.hpp"

namespace culvert::control {
namespace {

using dp::DropReason;
using pcapng::LinkType;

constexpr size_t kEthernet = 14, kIpv4 = 20, kIpv6 = 40, kPorts = 4;  // bytes
constexpr uint8_t kTcp = 6, kUdp = 17;

unsigned word(std::span<const uint8_t> bytes, size_t at) noexcept {
  return unsigned{bytes[at]} << 8 | bytes[at + 1];
}

bool looks_like_ip(std::span<const uint8_t> packet, uint32_t size) noexcept {
  if (packet.size() >= kIpv4 && packet[0] >> 4 == 4) return word(packet, 2) == size;
  return packet.size() >= kIpv6 && packet[0] >> 4 == 6 && word(packet, 4) + kIpv6 == size;
}

bool has_ethertype(std::span<const uint8_t> packet) noexcept {
  constexpr std::array<unsigned, 4> kKnown{0x0800, 0x0806, 0x8100, 0x86dd};
  return packet.size() >= kEthernet &&
         std::find(kKnown.begin(), kKnown.end(), word(packet, 12)) != kKnown.end();
}

std::string address4(std::span<const uint8_t> bytes) {
  return fmt::format("{}.{}.{}.{}", bytes[0], bytes[1], bytes[2], bytes[3]);
}

std::string address6(std::span<const uint8_t> bytes) {
  std::array<uint8_t, 16> raw{};
  std::copy_n(bytes.begin(), raw.size(), raw.begin());
  return dp::IpAddress::v6(raw).to_string();
}

std::string protocol_text(uint8_t protocol) {
  switch (protocol) {
    case 1: return "ICMP";
    case kTcp: return "TCP";
    case kUdp: return "UDP";
    case 58: return "ICMP6";
    default: return fmt::format("ip-proto-{}", protocol);
  }
}

std::string ip_text(std::span<const uint8_t> p, uint32_t size) {
  const bool v4 = !p.empty() && p[0] >> 4 == 4;
  if (p.size() < (v4 ? kIpv4 : kIpv6)) return fmt::format("truncated IP packet, length {}", size);
  std::string src = v4 ? address4(p.subspan(12)) : address6(p.subspan(8));
  std::string dst = v4 ? address4(p.subspan(16)) : address6(p.subspan(24));
  const uint8_t protocol = v4 ? p[9] : p[6];
  const size_t header = v4 ? size_t{p[0] & 15U} * 4 : kIpv6;
  const bool first = !v4 || (word(p, 6) & 0x1fff) == 0;  // fragments after it have no ports
  if (first && (protocol == kTcp || protocol == kUdp) && p.size() >= header + kPorts) {
    src += fmt::format(".{}", word(p, header));
    dst += fmt::format(".{}", word(p, header + 2));
  }
  return fmt::format("{} > {}: {}{}, length {}", src, dst, protocol_text(protocol),
                     v4 && (p[6] & 0x40) != 0 ? " DF" : "", size);
}

}  // namespace

LinkType link_type(DropReason reason, std::span<const uint8_t> packet, uint32_t size) noexcept {
  if (packet.empty()) return LinkType::user0;
  switch (reason) {
    case DropReason::l2_malformed:
    case DropReason::l2_not_ours:
    case DropReason::l2_vlan:
    case DropReason::arp_malformed:
    case DropReason::tx_full:
    case DropReason::tx_refused: return LinkType::ethernet;
    case DropReason::no_buffer:
    case DropReason::handoff_full:
    case DropReason::interface_down:
      if (looks_like_ip(packet, size)) return LinkType::ip;
      return packet.size() >= kEthernet ? LinkType::ethernet : LinkType::user0;
    // A packet that came with another version is one all the same.
    case DropReason::ip_version: return LinkType::ip;
    default: break;
  }
  // A source address may look like a type of Ethernet's, so that comes last.
  if (packet[0] >> 4 == 4 || packet[0] >> 4 == 6) return LinkType::ip;
  return has_ethertype(packet) ? LinkType::ethernet : LinkType::user0;
}

std::string packet_text(LinkType type, std::span<const uint8_t> packet, uint32_t size) {
  switch (type) {
    case LinkType::ip: return ip_text(packet, size);
    case LinkType::ethernet:
      if (packet.size() < kEthernet) return fmt::format("truncated frame, length {}", size);
      return fmt::format("{:02x} > {:02x}, ethertype 0x{:04x}, length {}",
                         fmt::join(packet.subspan(6, 6), ":"), fmt::join(packet.first(6), ":"),
                         word(packet, 12), size);
    case LinkType::user0: break;
  }
  return fmt::format("bytes of a stream, length {}", size);
}

std::string drop_text(DropReason reason) {
  const dp::DropReasonText& text = dp::text(reason);
  return fmt::format("Drop-reason: ({}) {}", text.keyword, text.label);
}

}  // namespace culvert::control
