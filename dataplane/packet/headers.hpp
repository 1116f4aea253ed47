// Wire headers of layers 2 to 4, as they lie in memory. One struct per RFC figure, nothing else.
#pragma once

#include <array>
#include <cstdint>

#include "crypto/bytes.hpp"

namespace culvert::dp {

using MacAddress = std::array<uint8_t, 6>;
inline constexpr MacAddress kBroadcastMac{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

enum class EtherType : uint16_t { ipv4 = 0x0800, arp = 0x0806, vlan = 0x8100, ipv6 = 0x86dd };

struct EthernetHeader {
  MacAddress dst;
  MacAddress src;
  be16 type;
};
static_assert(sizeof(EthernetHeader) == 14);

// RFC 826, for Ethernet and IPv4 only.
struct ArpPacket {
  be16 hardware_type;  // 1
  be16 protocol_type;  // 0x0800
  uint8_t hardware_size;
  uint8_t protocol_size;
  be16 operation;  // 1 request, 2 reply
  MacAddress sender_mac;
  be32 sender_ip;
  MacAddress target_mac;
  be32 target_ip;
};
static_assert(sizeof(ArpPacket) == 28);

// Protocols, and the IPv6 extension headers, which share their numbers.
enum class IpProtocol : uint8_t {
  hop_by_hop = 0,
  icmp = 1,
  tcp = 6,
  udp = 17,
  routing = 43,
  fragment = 44,
  icmpv6 = 58,
  destination_options = 60,
};

// RFC 791 §3.1.
struct Ipv4Header {
  uint8_t version_ihl;
  uint8_t tos;
  be16 total_length;
  be16 id;
  be16 fragment;  // flags and offset
  uint8_t ttl;
  uint8_t protocol;
  be16 checksum;
  be32 src;
  be32 dst;

  static constexpr uint16_t kDontFragment = 0x4000;
  static constexpr uint16_t kMoreFragments = 0x2000;
  static constexpr uint16_t kOffsetMask = 0x1fff;

  [[nodiscard]] unsigned version() const noexcept { return version_ihl >> 4; }
  [[nodiscard]] unsigned header_size() const noexcept { return (version_ihl & 0x0fu) * 4; }
  [[nodiscard]] bool dont_fragment() const noexcept { return (fragment & kDontFragment) != 0; }
  [[nodiscard]] bool is_fragment() const noexcept {
    return (fragment & (kMoreFragments | kOffsetMask)) != 0;
  }
};
static_assert(sizeof(Ipv4Header) == 20);

// RFC 8200 §3.
struct Ipv6Header {
  be32 version_class_flow;
  be16 payload_length;
  uint8_t next_header;
  uint8_t hop_limit;
  std::array<uint8_t, 16> src;
  std::array<uint8_t, 16> dst;
};
static_assert(sizeof(Ipv6Header) == 40);

// RFC 8200 §4.5.
struct Ipv6FragmentHeader {
  uint8_t next_header;
  uint8_t reserved;
  be16 offset_more;  // offset in units of 8 bytes << 3, reserved, M flag
  be32 id;

  [[nodiscard]] unsigned offset() const noexcept { return offset_more & 0xfff8u; }  // bytes
  [[nodiscard]] bool more() const noexcept { return (offset_more & 1u) != 0; }
};
static_assert(sizeof(Ipv6FragmentHeader) == 8);

// RFC 9293 §3.1.
struct TcpHeader {
  be16 src_port;
  be16 dst_port;
  be32 seq;
  be32 ack;
  uint8_t offset_reserved;
  uint8_t flags;
  be16 window;
  be16 checksum;
  be16 urgent;

  static constexpr uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10,
                           kUrg = 0x20;
  [[nodiscard]] unsigned header_size() const noexcept { return (offset_reserved >> 4) * 4u; }
};
static_assert(sizeof(TcpHeader) == 20);

struct UdpHeader {
  be16 src_port;
  be16 dst_port;
  be16 length;
  be16 checksum;
};
static_assert(sizeof(UdpHeader) == 8);

// RFC 792. `rest` is identifier and sequence for echo, unused and next-hop MTU for "fragmentation
// needed".
struct IcmpHeader {
  uint8_t type;
  uint8_t code;
  be16 checksum;
  be32 rest;

  static constexpr uint8_t kEchoReply = 0, kUnreachable = 3, kEchoRequest = 8, kTimeExceeded = 11;
  static constexpr uint8_t kFragmentationNeeded = 4;  // code of kUnreachable
};
static_assert(sizeof(IcmpHeader) == 8);

// RFC 4443 §2.1. `rest` is identifier and sequence for echo, the MTU for "packet too big".
struct Icmp6Header {
  uint8_t type;
  uint8_t code;
  be16 checksum;
  be32 rest;

  // Types below 128 are errors.
  static constexpr uint8_t kPacketTooBig = 2, kFirstInformational = 128, kEchoRequest = 128,
                           kEchoReply = 129, kRouterSolicitation = 133,
                           kNeighbourSolicitation = 135, kNeighbourAdvertisement = 136,
                           kRedirect = 137;
};
static_assert(sizeof(Icmp6Header) == 8);

// RFC 4861 §4.3 and §4.4, as far as the options.
struct NeighbourMessage {
  Icmp6Header icmp;  // `rest`: flags of an advertisement
  std::array<uint8_t, 16> target;

  static constexpr uint32_t kRouter = 0x80000000, kSolicited = 0x40000000, kOverride = 0x20000000;
};
static_assert(sizeof(NeighbourMessage) == 24);

}  // namespace culvert::dp
