#include "dataplane/dtls/datagram.hpp"

#include "dataplane/ip/ipv6.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dtls {

bool read_datagram(rte_mbuf* m, Datagram& out) noexcept {
  const dp::PacketMeta& packet = dp::meta(m);
  const uint32_t l3 = packet.l3_size;
  if (m->pkt_len < l3 + sizeof(dp::UdpHeader)) return false;
  // Records are opened where they lie. Only reassembly makes datagrams of several buffers.
  if (!dp::make_contiguous(m, m->pkt_len)) return false;
  const auto* udp = dp::header_at<dp::UdpHeader>(m, l3);
  const uint32_t length = udp->length;
  if (length < sizeof(dp::UdpHeader) || length > m->pkt_len - l3) return false;
  out.packet = m;
  out.offset = l3 + static_cast<uint32_t>(sizeof(dp::UdpHeader));
  out.size = length - static_cast<uint32_t>(sizeof(dp::UdpHeader));
  out.flow.local = dp::destination_of(m);
  out.flow.remote = dp::source_of(m);
  out.flow.local_port = udp->dst_port;
  out.flow.remote_port = udp->src_port;
  return true;
}

}  // namespace culvert::dtls
