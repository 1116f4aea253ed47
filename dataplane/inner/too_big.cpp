#include "dataplane/inner/too_big.hpp"

#include <algorithm>
#include <cstring>

#include <rte_mbuf.h>

#include "dataplane/ip/ipv6.hpp"
#include "dataplane/packet/checksum.hpp"

namespace culvert::dp {

namespace {

constexpr uint32_t kLeastMtu = 1280;  // RFC 8200 §5

}  // namespace

bool may_answer6(const rte_mbuf* packet) noexcept {
  const IpAddress src = source_of(packet);
  if (src.is_unspecified() || is_multicast6(src)) return false;
  const auto* bytes = rte_pktmbuf_mtod(packet, const uint8_t*);
  const ExtensionWalk walk = walk_extensions({bytes, packet->data_len});
  if (walk.reason != DropReason::count_) return false;
  if (walk.protocol != static_cast<uint8_t>(IpProtocol::icmpv6)) return true;
  // A later fragment does not show whether the whole is an error.
  if (walk.fragment || packet->data_len <= walk.size) return false;
  return bytes[walk.size] >= Icmp6Header::kFirstInformational;
}

rte_mbuf* make_packet_too_big(const rte_mbuf* packet, const IpAddress& source, uint32_t mtu,
                              rte_mempool* pool) noexcept {
  constexpr uint32_t kHeaders = sizeof(Ipv6Header) + sizeof(Icmp6Header);
  const uint32_t quote = std::min<uint32_t>(packet->data_len, kLeastMtu - kHeaders);
  rte_mbuf* m = rte_pktmbuf_alloc(pool);
  if (m == nullptr) return nullptr;
  auto* to =
      reinterpret_cast<uint8_t*>(rte_pktmbuf_append(m, static_cast<uint16_t>(kHeaders + quote)));
  if (to == nullptr) {
    rte_pktmbuf_free(m);
    return nullptr;
  }
  *reinterpret_cast<Ipv6Header*>(to) = {
      .version_class_flow = 6u << 28,
      .payload_length = static_cast<uint16_t>(sizeof(Icmp6Header) + quote),
      .next_header = static_cast<uint8_t>(IpProtocol::icmpv6),
      .hop_limit = 64,
      .src = source.bytes(),
      .dst = source_of(packet).bytes()};
  *reinterpret_cast<Icmp6Header*>(to + sizeof(Ipv6Header)) = {
      .type = Icmp6Header::kPacketTooBig, .code = 0, .checksum = uint16_t{0}, .rest = mtu};
  std::memcpy(to + kHeaders, rte_pktmbuf_mtod(packet, const void*), quote);
  fill_icmp6_checksum(m);
  return m;
}

}  // namespace culvert::dp
