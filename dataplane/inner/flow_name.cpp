#include "dataplane/inner/flow_name.hpp"

#include "dataplane/packet/headers.hpp"

namespace culvert::dp {

namespace {

// Both ports of TCP and UDP (and of SCTP, DCCP and UDP-Lite) come first.
[[nodiscard]] uint32_t ports(const rte_mbuf* m, size_t at, uint8_t protocol) noexcept {
  constexpr uint8_t kDccp = 33, kSctp = 132, kUdpLite = 136;
  switch (protocol) {
    case static_cast<uint8_t>(IpProtocol::tcp):
    case static_cast<uint8_t>(IpProtocol::udp):
    case kDccp:
    case kSctp:
    case kUdpLite:
      return m->data_len < at + 4 ? 0 : load_be<uint32_t>(rte_pktmbuf_mtod(m, const uint8_t*) + at);
    default: return 0;
  }
}

// Multiplication moves what differs into the high bits.
[[nodiscard]] constexpr uint16_t mix(uint64_t address, uint64_t rest) noexcept {
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 by the golden ratio
  const uint64_t h = (address * kOdd ^ rest) * kOdd;
  return static_cast<uint16_t>((h ^ h >> 32) * kOdd >> 48);
}

}  // namespace

uint16_t flow_name(const rte_mbuf* m) noexcept {
  if (m->data_len < sizeof(Ipv4Header)) return 0;
  const auto* ip = rte_pktmbuf_mtod(m, const Ipv4Header*);
  if (ip->version() == 4) {
    const uint32_t both = ip->is_fragment() ? 0 : ports(m, ip->header_size(), ip->protocol);
    return mix(ip->src.get(), uint64_t{ip->protocol} << 32 | both);
  }
  if (ip->version() != 6 || m->data_len < sizeof(Ipv6Header)) return 0;
  // Behind an extension header ports are not looked for.
  const auto* ip6 = rte_pktmbuf_mtod(m, const Ipv6Header*);
  const uint64_t address = load_be<uint64_t>(ip6->src.data()) * 3 + load_be<uint64_t>(&ip6->src[8]);
  return mix(address,
             uint64_t{ip6->next_header} << 32 | ports(m, sizeof(Ipv6Header), ip6->next_header));
}

}  // namespace culvert::dp
