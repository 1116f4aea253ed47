// Field by field in the IP header, as bytes behind it.
#include "tools/replay/tunnel/likeness.hpp"

#include <algorithm>
#include <cstring>

#include <rte_ip.h>

#include "crypto/bytes.hpp"
#include "dataplane/packet/headers.hpp"
#include "tools/replay/checksum_change.hpp"
#include "tools/replay/layers.hpp"
#include "tools/replay/tunnel/numbering.hpp"

namespace culvert::replay {

namespace {

bool same_bytes(std::span<const uint8_t> a, std::span<const uint8_t> b) noexcept {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

// The header, but for number, hops and checksum. Both packets have the same size.
bool same_header4(std::span<const uint8_t> sent, std::span<const uint8_t> arrived) noexcept {
  const auto& a = *reinterpret_cast<const dp::Ipv4Header*>(sent.data());
  const auto& b = *reinterpret_cast<const dp::Ipv4Header*>(arrived.data());
  const unsigned size = a.header_size();
  constexpr size_t kSources = offsetof(dp::Ipv4Header, src);
  return a.version_ihl == b.version_ihl && a.tos == b.tos && a.total_length == b.total_length &&
         a.fragment == b.fragment && a.protocol == b.protocol && b.ttl <= a.ttl &&
         same_bytes(sent.subspan(kSources, size - kSources),
                    arrived.subspan(kSources, size - kSources)) &&
         rte_raw_cksum(&b, size) == 0xffff;
}

bool same_header6(std::span<const uint8_t> sent, std::span<const uint8_t> arrived) noexcept {
  const auto& a = *reinterpret_cast<const dp::Ipv6Header*>(sent.data());
  const auto& b = *reinterpret_cast<const dp::Ipv6Header*>(arrived.data());
  constexpr size_t kSources = offsetof(dp::Ipv6Header, src);
  return same_bytes(sent.first(kFlowLabelAt), arrived.first(kFlowLabelAt)) &&
         a.payload_length == b.payload_length && a.next_header == b.next_header &&
         b.hop_limit <= a.hop_limit &&
         same_bytes(sent.subspan(kSources, 32), arrived.subspan(kSources, 32));
}

// Where the value of a SYN's maximum segment size is (RFC 9293 §3.2); 0: nowhere.
size_t mss_at(std::span<const uint8_t> packet, const Layers& layers) noexcept {
  if (layers.transport_at == 0 || layers.fragment ||
      layers.protocol != static_cast<uint8_t>(dp::IpProtocol::tcp)) {
    return 0;
  }
  const auto& tcp = *reinterpret_cast<const dp::TcpHeader*>(packet.data() + layers.transport_at);
  if ((tcp.flags & dp::TcpHeader::kSyn) == 0) return 0;
  constexpr uint8_t kEnd = 0, kNothing = 1, kMss = 2;
  const size_t end = std::min<size_t>(layers.transport_at + tcp.header_size(), packet.size());
  for (size_t at = layers.transport_at + sizeof tcp; at + 4 <= end;) {
    if (packet[at] == kEnd) return 0;
    if (packet[at] == kMss) return at + 2;
    const size_t size = packet[at] == kNothing ? 1 : packet[at + 1];
    if (size == 0) return 0;
    at += size;
  }
  return 0;
}

// Puts the sent value back, and looks whether that makes the rest the same.
bool only_clamped(std::span<const uint8_t> sent, std::span<const uint8_t> arrived,
                  size_t header) noexcept {
  const Layers layers = find_ip_layers(sent, 0);
  const size_t at = mss_at(sent, layers);
  if (at == 0 || load_be<uint16_t>(arrived.data() + at) >= load_be<uint16_t>(sent.data() + at))
    return false;
  // A value at an odd place changes its neighbours' words: those are summed whole.
  const size_t word = at - (at - layers.transport_at) % 2;
  const size_t words = 2 + (at - word) * 2;
  if (word + words > sent.size()) return false;
  ChecksumChange change;
  change.before(sent.subspan(word, words));
  change.after(arrived.subspan(word, words));
  uint8_t checksum[2];
  const size_t field = layers.transport_at + offsetof(dp::TcpHeader, checksum);
  std::memcpy(checksum, sent.data() + field, 2);
  change.apply(checksum);
  return std::memcmp(checksum, arrived.data() + field, 2) == 0 &&
         same_bytes(sent.subspan(header, field - header),
                    arrived.subspan(header, field - header)) &&
         same_bytes(sent.subspan(field + 2, at - field - 2),
                    arrived.subspan(field + 2, at - field - 2)) &&
         same_bytes(sent.subspan(at + 2), arrived.subspan(at + 2));
}

}  // namespace

Likeness compare(std::span<const uint8_t> sent, std::span<const uint8_t> arrived) noexcept {
  if (sent.size() != arrived.size() || sent[0] != arrived[0]) return Likeness::changed;
  const bool v4 = sent[0] >> 4 == 4;
  if (!(v4 ? same_header4(sent, arrived) : same_header6(sent, arrived))) return Likeness::changed;
  const size_t header = v4 ? (sent[0] & 0x0fu) * 4 : sizeof(dp::Ipv6Header);
  if (same_bytes(sent.subspan(header), arrived.subspan(header))) return Likeness::intact;
  return only_clamped(sent, arrived, header) ? Likeness::clamped : Likeness::changed;
}

}  // namespace culvert::replay
