#include "dataplane/dtls/datagram.hpp"

#include "dataplane/ip/ipv6.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dtls {

bool read_datagram(rte_mbuf* m, Datagram& out) noexcept {
  const dp::PacketMeta& packet = dp::meta(m);
  const uint32_t l3 = packet.l3_size;
  out.packet = m;
  out.flow = {};
  // Records are opened where they lie. Only reassembly makes datagrams of several buffers.
  constexpr uint32_t kPorts = 4;  // bytes at the front of the header
  if (m->pkt_len < l3 + kPorts || !dp::make_contiguous(m, m->pkt_len)) return false;
  const auto* udp = dp::header_at<dp::UdpHeader>(m, l3);
  out.flow.local = dp::destination_of(m);
  out.flow.remote = dp::source_of(m);
  out.flow.local_port = udp->dst_port;
  out.flow.remote_port = udp->src_port;
  if (m->pkt_len < l3 + sizeof(dp::UdpHeader)) return false;
  const uint32_t length = udp->length;
  if (length < sizeof(dp::UdpHeader) || length > m->pkt_len - l3) return false;
  out.offset = l3 + static_cast<uint32_t>(sizeof(dp::UdpHeader));
  out.size = length - static_cast<uint32_t>(sizeof(dp::UdpHeader));
  return true;
}

}  // namespace culvert::dtls
