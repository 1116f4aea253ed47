// Internet checksums over packet buffers: RFC 1071, RFC 768, RFC 9293 §3.1, RFC 8200 §8.1.
#include "dataplane/packet/checksum.hpp"

#include <rte_ip.h>

#include "dataplane/packet/chain_sum.hpp"

namespace culvert::dp {

namespace {

// Ports that verify say so in two bits. NONE means "the field is wrong but the data is known to be
// good" (a virtual machine's neighbour that left its checksum to us).
enum class PortsVerdict : uint8_t { unknown, good, bad };

PortsVerdict l3_verdict(const rte_mbuf* m) noexcept {
  const uint64_t flags = m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
  if (flags == RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN) return PortsVerdict::unknown;
  return flags == RTE_MBUF_F_RX_IP_CKSUM_BAD ? PortsVerdict::bad : PortsVerdict::good;
}

PortsVerdict l4_verdict(const rte_mbuf* m) noexcept {
  const uint64_t flags = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
  if (flags == RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN) return PortsVerdict::unknown;
  return flags == RTE_MBUF_F_RX_L4_CKSUM_BAD ? PortsVerdict::bad : PortsVerdict::good;
}

bool is_v4(const uint8_t* ip) noexcept {
  return (ip[0] >> 4) == 4;
}

uint16_t fold(uint32_t sum) noexcept {
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

// `l4_size` is what the pseudo header says of the transport's length. Memory order.
uint16_t pseudo_sum(const uint8_t* ip, uint32_t l4_size, uint8_t protocol) noexcept {
  struct {
    be32 length;
    be32 protocol;
  } const tail{l4_size, protocol};
  uint32_t sum = rte_raw_cksum(&tail, sizeof(tail));
  if (is_v4(ip)) {
    sum += rte_raw_cksum(ip + offsetof(Ipv4Header, src), 8);
  } else {
    sum += rte_raw_cksum(ip + offsetof(Ipv6Header, src), 32);
  }
  return fold(sum);
}

// The transport protocol. What the caller knows to be IPv6 extension headers up to `l3_size` has
// been walked before, so that it may be trusted to end there.
uint8_t protocol_of(const uint8_t* ip, unsigned l3_size) noexcept {
  if (is_v4(ip)) return ip[offsetof(Ipv4Header, protocol)];
  uint8_t protocol = ip[offsetof(Ipv6Header, next_header)];
  for (unsigned at = sizeof(Ipv6Header); at + 8 <= l3_size;) {
    const bool fragment = protocol == static_cast<uint8_t>(IpProtocol::fragment);
    protocol = ip[at];
    at += fragment ? 8u : (ip[at + 1] + 1u) * 8;
  }
  return protocol;
}

uint16_t whole_sum(const rte_mbuf* m, unsigned l3_size) noexcept {
  const auto* ip = rte_pktmbuf_mtod(m, const uint8_t*);
  const uint32_t l4_size = m->pkt_len - l3_size;
  return fold(uint32_t{chain_sum(m, l3_size)} + pseudo_sum(ip, l4_size, protocol_of(ip, l3_size)));
}

}  // namespace

uint16_t chain_sum(const rte_mbuf* m, uint32_t offset) noexcept {
  uint16_t sum = 0;
  bool odd = false;
  for (; m != nullptr; m = m->next) {
    if (offset >= m->data_len) {
      offset -= m->data_len;
      continue;
    }
    const uint32_t size = m->data_len - offset;
    const uint16_t part = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const uint8_t*, offset), size);
    sum = fold(uint32_t{sum} + (odd ? byte_swap(part) : part));
    odd = odd != ((size & 1) != 0);
    offset = 0;
  }
  return sum;
}

bool ipv4_checksum_ok(const rte_mbuf* m, const Ipv4Header& ip, unsigned header_size) noexcept {
  const PortsVerdict verdict = l3_verdict(m);
  if (verdict != PortsVerdict::unknown) return verdict == PortsVerdict::good;
  return rte_raw_cksum(&ip, header_size) == 0xffff;
}

void fill_ipv4_checksum(Ipv4Header& ip) noexcept {
  ip.checksum = 0;
  const uint16_t sum = static_cast<uint16_t>(~rte_raw_cksum(&ip, ip.header_size()));
  ip.checksum = byte_swap(sum);
}

bool transport_checksum_ok(const rte_mbuf* m, unsigned l3_size) noexcept {
  const PortsVerdict verdict = l4_verdict(m);
  if (verdict != PortsVerdict::unknown) return verdict == PortsVerdict::good;
  const auto* ip = rte_pktmbuf_mtod(m, const uint8_t*);
  if (is_v4(ip) && protocol_of(ip, l3_size) == static_cast<uint8_t>(IpProtocol::udp) &&
      m->data_len >= l3_size + sizeof(UdpHeader)) {
    const auto* udp = reinterpret_cast<const UdpHeader*>(ip + l3_size);
    if (udp->checksum.raw() == 0) return true;
  }
  return whole_sum(m, l3_size) == 0xffff;
}

uint16_t transport_checksum(const rte_mbuf* m, unsigned l3_size) noexcept {
  const uint16_t sum = static_cast<uint16_t>(~whole_sum(m, l3_size));
  if (sum != 0) return byte_swap(sum);
  const auto* ip = rte_pktmbuf_mtod(m, const uint8_t*);
  return protocol_of(ip, l3_size) == static_cast<uint8_t>(IpProtocol::udp) ? uint16_t{0xffff}
                                                                           : uint16_t{0};
}

uint16_t pseudo_header_sum(const rte_mbuf* m) noexcept {
  const auto* ip = rte_pktmbuf_mtod(m, const uint8_t*);
  const bool v4 = is_v4(ip);
  const unsigned l3_size = v4 ? reinterpret_cast<const Ipv4Header*>(ip)->header_size()
                              : static_cast<unsigned>(sizeof(Ipv6Header));
  const uint32_t l4_size = (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0 ? 0 : m->pkt_len - l3_size;
  return byte_swap(pseudo_sum(ip, l4_size, protocol_of(ip, l3_size)));
}

bool make_transport_checksum(rte_mbuf* m, unsigned l3_size) noexcept {
  if (l3_size == 0) return false;
  auto* ip = rte_pktmbuf_mtod(m, uint8_t*);
  be16* field = nullptr;
  switch (static_cast<IpProtocol>(protocol_of(ip, l3_size))) {
    case IpProtocol::tcp:
      if (m->data_len < l3_size + sizeof(TcpHeader)) return false;
      field = &reinterpret_cast<TcpHeader*>(ip + l3_size)->checksum;
      break;
    case IpProtocol::udp:
      if (m->data_len < l3_size + sizeof(UdpHeader)) return false;
      field = &reinterpret_cast<UdpHeader*>(ip + l3_size)->checksum;
      break;
    default: return false;
  }
  *field = uint16_t{0};
  *field = transport_checksum(m, l3_size);
  m->ol_flags &= ~RTE_MBUF_F_RX_L4_CKSUM_MASK;
  return true;
}

bool icmp_checksum_ok(const rte_mbuf* m, unsigned l3_size) noexcept {
  // No port verifies ICMP; a port's verdict on layer 4 does not speak of it.
  return fold(chain_sum(m, l3_size)) == 0xffff;
}

bool icmp6_checksum_ok(const rte_mbuf* m, unsigned l3_size) noexcept {
  return whole_sum(m, l3_size) == 0xffff;
}

void fill_icmp6_checksum(rte_mbuf* m) noexcept {
  auto* icmp = rte_pktmbuf_mtod_offset(m, Icmp6Header*, sizeof(Ipv6Header));
  icmp->checksum = 0;
  icmp->checksum = transport_checksum(m, sizeof(Ipv6Header));
}

void finish_checksums(rte_mbuf* m, uint64_t flags) noexcept {
  const auto l2_size = static_cast<uint16_t>(m->l2_len);
  const auto l3_size = static_cast<unsigned>(m->l3_len);
  const uint64_t l4 = flags & RTE_MBUF_F_TX_L4_MASK;
  // The sums want the IP header first: step over the Ethernet header and back.
  rte_pktmbuf_adj(m, l2_size);
  auto* ip = rte_pktmbuf_mtod(m, uint8_t*);
  if (l4 == RTE_MBUF_F_TX_TCP_CKSUM) {
    auto* tcp = reinterpret_cast<TcpHeader*>(ip + l3_size);
    tcp->checksum = 0;
    tcp->checksum = transport_checksum(m, l3_size);
  } else if (l4 == RTE_MBUF_F_TX_UDP_CKSUM) {
    auto* udp = reinterpret_cast<UdpHeader*>(ip + l3_size);
    udp->checksum = 0;
    udp->checksum = transport_checksum(m, l3_size);
  }
  if ((flags & RTE_MBUF_F_TX_IP_CKSUM) != 0) {
    fill_ipv4_checksum(*reinterpret_cast<Ipv4Header*>(ip));
  }
  m->ol_flags &= ~flags;
  rte_pktmbuf_prepend(m, l2_size);
}

}  // namespace culvert::dp
