// Echo requests (RFC 792, RFC 4443 §4.1) written, and their answers read.
#include "tools/load/echo.hpp"

#include <algorithm>
#include <cstring>

#include <rte_ip.h>

#include "dataplane/packet/headers.hpp"
#include "tools/culvert-delay/split_mix.hpp"
#include "tools/load/ip_header.hpp"

namespace culvert::load {

namespace {

constexpr uint32_t kMagic = 0x43564c44;

struct Mark {
  uint32_t magic, member, epoch, number;
  uint64_t sent;  // the lower kSentBits; the rest is check_of() the mark
};
static_assert(sizeof(Mark) == 24);
constexpr unsigned kSentBits = 48;  // microseconds of nine years
constexpr uint64_t kSentMask = (uint64_t{1} << kSentBits) - 1;

constexpr size_t kIpv4 = sizeof(dp::Ipv4Header), kIpv6 = sizeof(dp::Ipv6Header);
constexpr size_t kIcmp = sizeof(dp::IcmpHeader);

// What shows that a mark is one that was written: a time or an epoch that was damaged on the way is not to be believed.
uint64_t check_of(const EchoMark& mark) noexcept {
  const uint64_t who = delay::SplitMix64::mix(uint64_t{mark.member} << 32 | mark.number);
  return delay::SplitMix64::mix(delay::SplitMix64::mix(who ^ mark.epoch) ^ mark.sent) >> kSentBits;
}

// The n-th eight bytes behind the mark.
uint64_t filling(const EchoMark& mark, size_t n) noexcept {
  return delay::SplitMix64::mix((uint64_t{mark.member} << 32 | mark.number) + n);
}

void fill(std::span<uint8_t> rest, const EchoMark& mark) noexcept {
  for (size_t at = 0; at < rest.size(); at += 8) {
    const uint64_t word = filling(mark, at / 8);
    std::memcpy(rest.data() + at, &word, std::min<size_t>(8, rest.size() - at));
  }
}

bool is_filled(std::span<const uint8_t> rest, const EchoMark& mark) noexcept {
  for (size_t at = 0; at < rest.size(); at += 8) {
    const uint64_t word = filling(mark, at / 8);
    if (std::memcmp(rest.data() + at, &word, std::min<size_t>(8, rest.size() - at)) != 0)
      return false;
  }
  return true;
}

}  // namespace

uint16_t smallest_echo(bool ipv6) noexcept {
  return static_cast<uint16_t>((ipv6 ? kIpv6 : kIpv4) + kIcmp + sizeof(Mark));
}

void write_echo(std::span<uint8_t> packet, const dp::IpAddress& from, const dp::IpAddress& to,
                const EchoMark& mark) noexcept {
  const bool v4 = to.is_v4();
  const size_t header = ip_header_size(to);
  dp::IcmpHeader icmp{};
  icmp.type = v4 ? dp::IcmpHeader::kEchoRequest : dp::Icmp6Header::kEchoRequest;
  icmp.rest = (mark.member & 0xffff) << 16 | (mark.number & 0xffff);
  const Mark written{kMagic, mark.member, mark.epoch, mark.number,
                     check_of(mark) << kSentBits | mark.sent};
  std::memcpy(packet.data() + header, &icmp, kIcmp);
  std::memcpy(packet.data() + header + kIcmp, &written, sizeof(written));
  fill(packet.subspan(header + kIcmp + sizeof(written)), mark);
  write_ip_header(packet,
                  {.from = from,
                   .to = to,
                   .protocol = v4 ? dp::IpProtocol::icmp : dp::IpProtocol::icmpv6,
                   .id = static_cast<uint16_t>(mark.number)},
                  packet.size() - header);
  const uint8_t* const message = packet.data() + header;
  // ICMPv6 has a pseudo header (RFC 4443 §2.3) like TCP, ICMP has none.
  const uint16_t sum =
      v4 ? static_cast<uint16_t>(~rte_raw_cksum(message, packet.size() - header))
         : rte_ipv6_udptcp_cksum(reinterpret_cast<const rte_ipv6_hdr*>(packet.data()), message);
  std::memcpy(packet.data() + header + offsetof(dp::IcmpHeader, checksum), &sum, sizeof(sum));
}

EchoReply read_echo_reply(std::span<const uint8_t> packet, const dp::IpAddress& from) noexcept {
  const bool v4 = from.is_v4();
  const size_t header = v4 ? kIpv4 : kIpv6;
  if (packet.size() < smallest_echo(!v4)) return {};
  if (v4) {
    dp::Ipv4Header ip{};
    std::memcpy(&ip, packet.data(), kIpv4);
    if (ip.version_ihl != 0x45 || ip.protocol != static_cast<uint8_t>(dp::IpProtocol::icmp) ||
        ip.src != from.v4_value() || ip.is_fragment() || ip.total_length != packet.size()) {
      return {};
    }
  } else {
    dp::Ipv6Header ip{};
    std::memcpy(&ip, packet.data(), kIpv6);
    if ((ip.version_class_flow >> 28) != 6 || ip.src != from.bytes() ||
        ip.next_header != static_cast<uint8_t>(dp::IpProtocol::icmpv6) ||
        ip.payload_length + kIpv6 != packet.size()) {
      return {};
    }
  }
  dp::IcmpHeader icmp{};
  Mark mark{};
  std::memcpy(&icmp, packet.data() + header, kIcmp);
  std::memcpy(&mark, packet.data() + header + kIcmp, sizeof(mark));
  const uint8_t reply = v4 ? dp::IcmpHeader::kEchoReply : dp::Icmp6Header::kEchoReply;
  if (icmp.type != reply || icmp.code != 0 || mark.magic != kMagic) return {};
  EchoReply read{EchoVerdict::damaged,
                 {mark.member, mark.epoch, mark.number, mark.sent & kSentMask}};
  const bool numbered = icmp.rest == ((mark.member & 0xffff) << 16 | (mark.number & 0xffff));
  const bool marked = check_of(read.mark) == mark.sent >> kSentBits;
  if (numbered && marked && is_filled(packet.subspan(header + kIcmp + sizeof(mark)), read.mark))
    read.verdict = EchoVerdict::intact;
  return read;
}

}  // namespace culvert::load
