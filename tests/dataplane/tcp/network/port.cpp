// Segmentation and checksums, written apart from the endpoint's.
#include "tests/dataplane/tcp/network/port.hpp"

#include <algorithm>
#include <cstring>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "dataplane/packet/meta.hpp"

namespace culvert::tcp::test {

namespace {

void copy(const rte_mbuf* m, uint32_t from, uint32_t size, uint8_t* to) {
  // In place if one buffer holds it all.
  const void* bytes = rte_pktmbuf_read(m, from, size, to);
  if (bytes != to) std::memcpy(to, bytes, size);
}

// One packet with `size` bytes of the payload from `offset` on.
rte_mbuf* piece(const rte_mbuf* m, rte_mempool* pool, uint32_t headers, uint32_t offset,
                uint32_t size) {
  rte_mbuf* out = rte_pktmbuf_alloc(pool);
  if (out == nullptr) return nullptr;
  auto* bytes =
      reinterpret_cast<uint8_t*>(rte_pktmbuf_append(out, static_cast<uint16_t>(headers + size)));
  copy(m, 0, headers, bytes);
  copy(m, headers + offset, size, bytes + headers);
  auto* ip = reinterpret_cast<rte_ipv4_hdr*>(bytes);
  auto* tcp = reinterpret_cast<rte_tcp_hdr*>(bytes + sizeof *ip);
  ip->total_length = rte_cpu_to_be_16(static_cast<uint16_t>(headers + size));
  tcp->sent_seq = rte_cpu_to_be_32(rte_be_to_cpu_32(tcp->sent_seq) + offset);
  if (headers + offset + size < m->pkt_len) {
    constexpr uint8_t kOnlyLast = RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG;
    tcp->tcp_flags = static_cast<uint8_t>(tcp->tcp_flags & ~kOnlyLast);
  }
  ip->hdr_checksum = 0;
  ip->hdr_checksum = rte_ipv4_cksum(ip);
  tcp->cksum = 0;
  tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
  dp::meta(out) = {};
  dp::meta(out).family = 4;
  dp::meta(out).l3_size = sizeof *ip;
  return out;
}

}  // namespace

void transmit_as_port(rte_mbuf* m, rte_mempool* pool, std::vector<rte_mbuf*>& out) {
  const bool cut = (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0;
  if (!cut && m->nb_segs == 1 && (m->ol_flags & RTE_MBUF_F_TX_TCP_CKSUM) == 0) {
    out.push_back(m);
    return;
  }
  const uint32_t headers = m->l3_len + m->l4_len;
  const uint32_t payload = m->pkt_len - headers;
  const uint32_t most = cut ? m->tso_segsz : payload;
  uint32_t done = 0;
  do {
    const uint32_t size = std::min(most, payload - done);
    if (rte_mbuf* packet = piece(m, pool, headers, done, size)) out.push_back(packet);
    done += size;
  } while (done < payload);
  rte_pktmbuf_free(m);
}

}  // namespace culvert::tcp::test
