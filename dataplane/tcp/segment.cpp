// From packet to Segment. Drops: invalid-tcp-hdr-length, bad-tcp-cksum, bad-tcp-flags,
// tcp-bad-option-list.
#include "dataplane/tcp/segment.hpp"

#include <rte_ip.h>

#include "dataplane/packet/chain_sum.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::tcp {

namespace {

using dp::DropReason;
using dp::TcpHeader;

bool checksum_known_good(const rte_mbuf* m) noexcept {
  // NONE means that the bytes never crossed a wire: a virtual device vouches for them.
  const uint64_t verdict = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
  return verdict == RTE_MBUF_F_RX_L4_CKSUM_GOOD || verdict == RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

// RFC 9293 §3.10.7 names what each state does with each flag; these combinations fit none.
bool flags_possible(uint8_t flags) noexcept {
  const bool syn = (flags & TcpHeader::kSyn) != 0;
  const bool fin = (flags & TcpHeader::kFin) != 0;
  const bool rst = (flags & TcpHeader::kRst) != 0;
  if (syn && (fin || rst)) return false;
  return syn || rst || (flags & TcpHeader::kAck) != 0;
}

}  // namespace

uint16_t pseudo_header_sum(const dp::IpAddress& a, const dp::IpAddress& b,
                           uint32_t tcp_size) noexcept {
  struct {
    be32 size;
    be32 protocol;
  } const rest{tcp_size, static_cast<uint32_t>(dp::IpProtocol::tcp)};
  const bool v4 = a.is_v4();
  const size_t skip = v4 ? 12 : 0;
  uint32_t sum = __rte_raw_cksum(a.bytes().data() + skip, 16 - skip, 0);
  sum = __rte_raw_cksum(b.bytes().data() + skip, 16 - skip, sum);
  sum = __rte_raw_cksum(&rest, sizeof rest, sum);
  return __rte_raw_cksum_reduce(sum);
}

DropReason parse_segment(rte_mbuf* packet, Segment& out) noexcept {
  const dp::PacketMeta& info = dp::meta(packet);
  const uint32_t l3 = info.l3_size;
  if (packet->data_len < l3 + sizeof(TcpHeader)) return DropReason::tcp_bad_header;
  const auto* tcp = rte_pktmbuf_mtod_offset(packet, const TcpHeader*, l3);
  const uint32_t header = tcp->header_size();
  if (header < sizeof(TcpHeader) || packet->data_len < l3 + header) {
    return DropReason::tcp_bad_header;
  }
  if (info.family == 4) {
    const auto* ip = rte_pktmbuf_mtod(packet, const dp::Ipv4Header*);
    out.flow.local = dp::IpAddress::v4(ip->dst);
    out.flow.remote = dp::IpAddress::v4(ip->src);
  } else {
    const auto* ip = rte_pktmbuf_mtod(packet, const dp::Ipv6Header*);
    out.flow.local = dp::IpAddress::v6(ip->dst);
    out.flow.remote = dp::IpAddress::v6(ip->src);
  }
  if (!checksum_known_good(packet)) {
    const uint32_t tcp_size = packet->pkt_len - l3;
    const uint32_t total = uint32_t{dp::chain_sum(packet, l3)} +
                           pseudo_header_sum(out.flow.remote, out.flow.local, tcp_size);
    if (__rte_raw_cksum_reduce(total) != 0xffff) return DropReason::tcp_bad_checksum;
  }
  out.packet = packet;
  out.flow.local_port = tcp->dst_port;
  out.flow.remote_port = tcp->src_port;
  out.seq = Seq{tcp->seq};
  out.ack = Seq{tcp->ack};
  out.window = tcp->window;
  out.flags = tcp->flags;
  out.headers = static_cast<uint16_t>(l3 + header);
  out.size = out.largest = packet->pkt_len - out.headers;
  if (!flags_possible(out.flags)) return DropReason::tcp_bad_flags;
  const auto* options = rte_pktmbuf_mtod_offset(packet, const uint8_t*, l3 + sizeof(TcpHeader));
  if (!parse_options({options, header - sizeof(TcpHeader)}, out.options)) {
    return DropReason::tcp_bad_options;
  }
  return DropReason::count_;
}

}  // namespace culvert::tcp
