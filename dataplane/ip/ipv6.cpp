#include "dataplane/ip/ipv6.hpp"

#include <algorithm>

#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dp {

namespace {

// RFC 8200 §4.2: the two highest bits of an option say what becomes of a packet whose receiver does
// not know it; all but 00 mean that it dies.
bool options_harmless(std::span<const uint8_t> options) noexcept {
  for (size_t i = 0; i < options.size();) {
    const uint8_t type = options[i];
    if (type == 0) {  // Pad1
      ++i;
      continue;
    }
    if (i + 2 > options.size() || i + 2 + options[i + 1] > options.size()) return false;
    if ((type & 0xc0) != 0) return false;
    i += 2u + options[i + 1];
  }
  return true;
}

// A chain on its way: what has been seen, and where the next header is.
struct Chain {
  std::span<const uint8_t> bytes;
  size_t at = sizeof(Ipv6Header);
  uint8_t protocol = 0;
  bool routing_seen = false;
  bool fragment_seen = false;
  unsigned options_seen = 0;

  // The bytes of the header at `at`, empty if it is cut short.
  [[nodiscard]] std::span<const uint8_t> header() const noexcept {
    if (at + 8 > bytes.size()) return {};
    const size_t size = (size_t{bytes[at + 1]} + 1) * 8;
    if (at + size > bytes.size() || at + size > sizeof(Ipv6Header) + kMaxExtensionBytes) return {};
    return bytes.subspan(at, size);
  }
};

constexpr auto kWellFormed = DropReason::count_;

DropReason step_options(Chain& c, bool hop_by_hop) noexcept {
  // §4.1: hop-by-hop options come first or not at all; destination options at most twice.
  if (hop_by_hop && c.at != sizeof(Ipv6Header)) return DropReason::ip6_extension_order;
  if (!hop_by_hop && ++c.options_seen > 2) return DropReason::ip6_extension_order;
  const auto header = c.header();
  if (header.empty() || !options_harmless(header.subspan(2))) return DropReason::ip6_bad_extension;
  c.protocol = header[0];
  c.at += header.size();
  return kWellFormed;
}

DropReason step_routing(Chain& c) noexcept {
  if (c.routing_seen) return DropReason::ip6_extension_order;
  c.routing_seen = true;
  const auto header = c.header();
  // RFC 5095 §3: type 0 is never obeyed. Of the others only those are passed over that have nothing
  // left to route (RFC 8200 §4.4).
  if (header.empty() || header[2] == 0 || header[3] != 0) return DropReason::ip6_bad_extension;
  c.protocol = header[0];
  c.at += header.size();
  return kWellFormed;
}

DropReason step_fragment(Chain& c, bool& ends) noexcept {
  if (c.fragment_seen) return DropReason::ip6_extension_order;
  c.fragment_seen = true;
  if (c.at + sizeof(Ipv6FragmentHeader) > c.bytes.size()) return DropReason::ip6_bad_extension;
  const auto* header = reinterpret_cast<const Ipv6FragmentHeader*>(c.bytes.data() + c.at);
  c.protocol = header->next_header;
  c.at += sizeof(Ipv6FragmentHeader);
  // RFC 6946: what is the first and the last fragment is whole.
  ends = header->offset() != 0 || header->more();
  return kWellFormed;
}

bool is_mapped(const std::array<uint8_t, 16>& bytes) noexcept {
  return IpAddress::v6(bytes).is_v4();
}

}  // namespace

DropReason check_ipv6(rte_mbuf* m) noexcept {
  if (!make_contiguous(m, sizeof(Ipv6Header))) return DropReason::ip_bad_header;
  const auto* ip = header_at<Ipv6Header>(m, 0);
  if (ip->version_class_flow >> 28 != 6) return DropReason::ip_version;
  // A jumbogram (RFC 2675) says 0, and then has no transport: no link here carries one.
  const uint32_t total = sizeof(Ipv6Header) + uint32_t{ip->payload_length};
  if (total > m->pkt_len) return DropReason::ip_bad_length;
  const IpAddress src = IpAddress::v6(ip->src);
  const IpAddress dst = IpAddress::v6(ip->dst);
  if (is_multicast6(src) || is_loopback6(src) || is_mapped(ip->src) || dst.is_unspecified() ||
      is_loopback6(dst) || is_mapped(ip->dst)) {
    return DropReason::ip6_bad_address;
  }
  if (m->pkt_len != total) cut_to(m, total);
  PacketMeta& out = meta(m);
  out.family = 6;
  out.l3_size = sizeof(Ipv6Header);
  return kWellFormed;
}

ExtensionWalk walk_extensions(std::span<const uint8_t> bytes) noexcept {
  Chain c{bytes};
  c.protocol = bytes[offsetof(Ipv6Header, next_header)];
  bool ends = false;
  // Each header has at least 8 bytes, so the limit on their bytes bounds their number.
  while (!ends) {
    DropReason reason = kWellFormed;
    switch (static_cast<IpProtocol>(c.protocol)) {
      case IpProtocol::hop_by_hop: reason = step_options(c, true); break;
      case IpProtocol::destination_options: reason = step_options(c, false); break;
      case IpProtocol::routing: reason = step_routing(c); break;
      case IpProtocol::fragment: reason = step_fragment(c, ends); break;
      default:  // a transport, or something that this box does not look into
        return {.protocol = c.protocol, .size = static_cast<uint16_t>(c.at)};
    }
    if (reason != kWellFormed) return {.reason = reason};
  }
  return {.protocol = c.protocol, .fragment = true, .size = static_cast<uint16_t>(c.at)};
}

ExtensionWalk walk_extensions(rte_mbuf* m) noexcept {
  const auto* ip = header_at<Ipv6Header>(m, 0);
  switch (static_cast<IpProtocol>(ip->next_header)) {
    [[likely]] case IpProtocol::tcp : case IpProtocol::udp : case IpProtocol::icmpv6
        : return {.protocol = ip->next_header, .size = sizeof(Ipv6Header)};
    default: break;
  }
  const uint32_t want = std::min(m->pkt_len, uint32_t{sizeof(Ipv6Header)} + kMaxExtensionBytes);
  if (!make_contiguous(m, want)) return {.reason = DropReason::ip6_bad_extension};
  const ExtensionWalk walk =
      walk_extensions(std::span<const uint8_t>(header_at<uint8_t>(m, 0), want));
  meta(m).l3_size = walk.size;
  return walk;
}

}  // namespace culvert::dp
