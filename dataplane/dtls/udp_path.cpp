#include "dataplane/dtls/udp_path.hpp"

#include <cstring>

#include <rte_ip.h>

#include "dataplane/packet/meta.hpp"

namespace culvert::dtls {

void UdpPath::set(const dp::Flow& flow) noexcept {
  v4_ = flow.local.is_v4();
  constexpr auto kUdp = static_cast<uint8_t>(dp::IpProtocol::udp);
  if (v4_) {
    const dp::Ipv4Header ip{.version_ihl = 0x45,
                            .tos = 0,
                            .total_length = uint16_t{0},
                            .id = uint16_t{0},
                            .fragment = dp::Ipv4Header::kDontFragment,
                            .ttl = 64,
                            .protocol = kUdp,
                            .checksum = uint16_t{0},
                            .src = flow.local.v4_value(),
                            .dst = flow.remote.v4_value()};
    l3_size_ = sizeof ip;
    std::memcpy(header_.data(), &ip, sizeof ip);
    pseudo_ = rte_raw_cksum(&ip.src, 8);
  } else {
    const dp::Ipv6Header ip{.version_class_flow = 6u << 28,
                            .payload_length = uint16_t{0},
                            .next_header = kUdp,
                            .hop_limit = 64,
                            .src = flow.local.bytes(),
                            .dst = flow.remote.bytes()};
    l3_size_ = sizeof ip;
    std::memcpy(header_.data(), &ip, sizeof ip);
    pseudo_ = rte_raw_cksum(&ip.src, 32);
  }
  pseudo_ += be16(kUdp).raw();
  const dp::UdpHeader udp{flow.local_port, flow.remote_port, uint16_t{0}, uint16_t{0}};
  std::memcpy(header_.data() + l3_size_, &udp, sizeof udp);
  size_ = static_cast<uint8_t>(l3_size_ + sizeof udp);
}

void UdpPath::prepend(rte_mbuf* m, uint16_t id) const noexcept {
  const auto udp_size = static_cast<uint16_t>(m->pkt_len + sizeof(dp::UdpHeader));
  auto* header = reinterpret_cast<uint8_t*>(rte_pktmbuf_prepend(m, size_));
  std::memcpy(header, header_.data(), size_);
  uint64_t flags = RTE_MBUF_F_TX_UDP_CKSUM;
  if (v4_) {
    auto* ip = reinterpret_cast<dp::Ipv4Header*>(header);
    ip->total_length = static_cast<uint16_t>(l3_size_ + udp_size);
    ip->id = id;
    flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
  } else {
    reinterpret_cast<dp::Ipv6Header*>(header)->payload_length = udp_size;
    flags |= RTE_MBUF_F_TX_IPV6;
  }
  auto* udp = reinterpret_cast<dp::UdpHeader*>(header + l3_size_);
  udp->length = udp_size;
  udp->checksum = be16::from_raw(__rte_raw_cksum_reduce(pseudo_ + be16(udp_size).raw()));
  // What a port or another stage said of the payload's buffer is not true of the datagram.
  m->ol_flags = (m->ol_flags & (RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT)) | flags;
  m->packet_type = 0;
  m->l2_len = 0;  // whoever prepends the Ethernet header sets it
  m->l3_len = l3_size_;
  m->l4_len = sizeof(dp::UdpHeader);
  dp::PacketMeta& info = dp::meta(m);
  info = {};
  info.family = static_cast<uint8_t>(v4_ ? 4 : 6);
  info.l3_size = l3_size_;
  info.l4_size = sizeof(dp::UdpHeader);
}

}  // namespace culvert::dtls
