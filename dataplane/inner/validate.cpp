// Inner validate. RFC 1812 §5.2.2 for what a router checks before it forwards. Like an ASA, the
// headend does not decrement the TTL, so the header stays as the client made it.
#include "dataplane/inner/validate.hpp"

#include <rte_mbuf.h>

#include "dataplane/ip/classify.hpp"
#include "dataplane/ip/ipv6.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dp {

namespace {

// The reason to drop an IPv4 packet, or count_ to let it pass.
DropReason check_inner_ipv4(rte_mbuf* m, const IpAddress& own) noexcept {
  if (check_ipv4(m) != DropReason::count_) return DropReason::inner_malformed;
  const auto* ip = rte_pktmbuf_mtod(m, const Ipv4Header*);
  if (IpAddress::v4(ip->src) != own) return DropReason::svc_spoofed;
  if (ip->dst >= 0xe0000000 || ip->dst == 0) return DropReason::inner_multicast;
  // RFC 1812 §5.3.7: never outside a host.
  if (ip->dst >> 24 == 127) return DropReason::ip_bad_address;
  return DropReason::count_;
}

DropReason check_inner_ipv6(rte_mbuf* m, const IpAddress& own) noexcept {
  // A client's kernel may talk IPv6 to its tunnel though it was given no address.
  if (own.is_unspecified()) return DropReason::ip_version;
  const DropReason reason = check_ipv6(m);
  if (reason == DropReason::ip6_bad_address) return reason;
  if (reason != DropReason::count_) return DropReason::inner_malformed;
  const IpAddress src = source_of(m);
  const IpAddress dst = destination_of(m);
  // Router solicitations and group reports of the client's kernel end here: a tunnel has no routers.
  if (is_multicast6(dst)) return DropReason::inner_multicast;
  // RFC 4291 §2.5.6: link-local addresses stay on their link.
  if (is_link_local6(src) || is_link_local6(dst)) return DropReason::ip6_bad_address;
  return src == own ? DropReason::count_ : DropReason::svc_spoofed;
}

}  // namespace

void validate_inner(Batch& packets, DropCounters& drops) noexcept {
  uint32_t kept = 0;
  for (rte_mbuf* m : packets) {
    DropReason reason = DropReason::inner_malformed;
    if (m->data_len != 0) {
      const unsigned version = *rte_pktmbuf_mtod(m, const uint8_t*) >> 4;
      const InnerAddresses& own = *meta(m).inner_source;
      reason = version == 4   ? check_inner_ipv4(m, own.v4)
               : version == 6 ? check_inner_ipv6(m, own.v6)
                              : DropReason::ip_version;
    }
    if (reason != DropReason::count_) [[unlikely]] {
      drop(drops, reason, m);
      continue;
    }
    packets[kept++] = m;
  }
  packets.set_size(kept);
}

}  // namespace culvert::dp
