#include "dataplane/ip/path_report.hpp"

#include <algorithm>
#include <array>

#include "dataplane/ip/ipv6.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dp {

namespace {

constexpr auto kCredible = DropReason::count_;
constexpr uint32_t kLeastMtu4 = 68;  // RFC 791 §3.2
// RFC 792: of what follows the IP header; more is not counted on.
constexpr uint32_t kQuoted = 8;

// RFC 1191 §7, as far as an interface here may send and above the floor.
constexpr std::array<uint16_t, 6> kPlateaus{17914, 8166, 4352, 2002, 1492, 1006};

uint32_t plateau_below(uint32_t length) noexcept {
  const auto* found = std::find_if(kPlateaus.begin(), kPlateaus.end(),
                                   [length](uint16_t plateau) { return plateau < length; });
  return found == kPlateaus.end() ? kLeastPathMtu4 : *found;
}

bool read_ports(rte_mbuf* m, uint32_t at, uint8_t protocol, PathReport& out) noexcept {
  out.protocol = static_cast<IpProtocol>(protocol);
  if (out.protocol == IpProtocol::tcp) {
    // Of the header only the first eight bytes are there for sure.
    const auto* tcp = header_at<TcpHeader>(m, at);
    out.flow.local_port = tcp->src_port;
    out.flow.remote_port = tcp->dst_port;
    out.tcp_sequence = tcp->seq;
    return true;
  }
  if (out.protocol == IpProtocol::udp) {
    const auto* udp = header_at<UdpHeader>(m, at);
    out.flow.local_port = udp->src_port;
    out.flow.remote_port = udp->dst_port;
    return true;
  }
  return false;
}

DropReason read4(rte_mbuf* m, uint32_t icmp_at, PathReport& out) noexcept {
  const uint32_t at = icmp_at + uint32_t{sizeof(IcmpHeader)};
  if (!make_contiguous(m, at + uint32_t{sizeof(Ipv4Header)} + kQuoted)) {
    return DropReason::icmp_malformed;
  }
  const auto* quoted = header_at<Ipv4Header>(m, at);
  if (quoted->version() != 4) return DropReason::icmp_malformed;
  // Nothing that leaves here has options; a later fragment does not show whose it is.
  if (quoted->header_size() != sizeof(Ipv4Header) ||
      (quoted->fragment & Ipv4Header::kOffsetMask) != 0) {
    return DropReason::icmp_no_flow;
  }
  out.flow.local = IpAddress::v4(quoted->src);
  out.flow.remote = IpAddress::v4(quoted->dst);
  if (out.flow.local != destination_of(m) ||
      !read_ports(m, at + uint32_t{sizeof(Ipv4Header)}, quoted->protocol, out)) {
    return DropReason::icmp_no_flow;
  }
  const uint32_t length = quoted->total_length;
  uint32_t mtu = header_at<IcmpHeader>(m, icmp_at)->rest & 0xffffu;
  if (mtu == 0) mtu = plateau_below(length);
  if (mtu < kLeastMtu4) return DropReason::icmp_malformed;
  if (length <= mtu) return DropReason::icmp_other_packet;
  out.below_floor = mtu < kLeastPathMtu4;
  out.mtu = static_cast<uint16_t>(std::max<uint32_t>(mtu, kLeastPathMtu4));
  return kCredible;
}

DropReason read6(rte_mbuf* m, uint32_t icmp_at, PathReport& out) noexcept {
  const uint32_t at = icmp_at + uint32_t{sizeof(Icmp6Header)};
  if (!make_contiguous(m, at + uint32_t{sizeof(Ipv6Header)} + kQuoted)) {
    return DropReason::icmp_malformed;
  }
  const auto* quoted = header_at<Ipv6Header>(m, at);
  if ((quoted->version_class_flow >> 28) != 6) return DropReason::icmp_malformed;
  out.flow.local = IpAddress::v6(quoted->src);
  out.flow.remote = IpAddress::v6(quoted->dst);
  // Nothing that leaves here has extension headers.
  if (out.flow.local != destination_of(m) ||
      !read_ports(m, at + uint32_t{sizeof(Ipv6Header)}, quoted->next_header, out)) {
    return DropReason::icmp_no_flow;
  }
  const uint32_t mtu = header_at<Icmp6Header>(m, icmp_at)->rest;
  if (mtu < kLeastPathMtu6) return DropReason::icmp_mtu_ignored;
  if (quoted->payload_length + uint32_t{sizeof(Ipv6Header)} <= mtu) {
    return DropReason::icmp_other_packet;
  }
  out.mtu = static_cast<uint16_t>(std::min(mtu, 0xffffu));
  return kCredible;
}

}  // namespace

DropReason read_path_report(rte_mbuf* m, PathReport& out) noexcept {
  const PacketMeta& packet = meta(m);
  out = {};
  return packet.family == 6 ? read6(m, packet.l3_size, out) : read4(m, packet.l3_size, out);
}

}  // namespace culvert::dp
