// The queue before a tunnel is a router's queue like any other, so it marks what goes through it as a
// router would. RFC 6040, which copies marks between the headers inside and outside a tunnel, has
// nothing to copy here: a TLS stream has no outer header that is one inner packet's.
#include "dataplane/inner/ecn.hpp"

#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::dp {

namespace {
constexpr uint8_t kNotCapable = 0, kMet = 3;  // RFC 3168 §5: Not-ECT and CE; 1 and 2 are ECT
constexpr unsigned kClassShift = 20;          // of the IPv6 traffic class in its word
}  // namespace

bool mark_congestion(rte_mbuf* m) noexcept {
  if (m->data_len < sizeof(Ipv4Header)) return false;
  auto* ip = rte_pktmbuf_mtod(m, Ipv4Header*);
  if (ip->version() == 4) {
    if ((ip->tos & kMet) == kNotCapable) return false;
    const auto* word = reinterpret_cast<const uint8_t*>(ip);
    const auto before = load_be<uint16_t>(word);
    ip->tos |= kMet;
    ip->checksum = updated_checksum(ip->checksum, before, load_be<uint16_t>(word));
    return true;
  }
  if (ip->version() != 6 || m->data_len < sizeof(Ipv6Header)) return false;
  auto* ip6 = rte_pktmbuf_mtod(m, Ipv6Header*);
  const uint32_t word = ip6->version_class_flow;
  if ((word >> kClassShift & kMet) == kNotCapable) return false;
  ip6->version_class_flow = word | uint32_t{kMet} << kClassShift;
  return true;
}

}  // namespace culvert::dp
