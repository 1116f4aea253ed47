// IPv6 headers: the fixed one, and the chain of extension headers behind it.
//
// RFC 8200 §3 and §4, RFC 5095 (routing header type 0), RFC 6946 (atomic fragments), RFC 7112 (the
// chain is in one piece).
#pragma once

#include <cstdint>
#include <span>

#include <rte_mbuf.h>

#include "dataplane/packet/address.hpp"
#include "dataplane/packet/drop.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::dp {

// The checks of the fixed header: version, payload length, addresses that no packet may have (group
// or loopback source, unspecified or loopback destination, IPv4-mapped ones, which would be taken
// for IPv4 addresses in our tables). Cuts the packet to its length, makes the header contiguous,
// sets meta.family and meta.l3_size (40). An unspecified source is the caller's to judge. Returns
// DropReason::count_ if all is well, else ip_version, ip_bad_header, ip_bad_length or
// ip6_bad_address.
[[nodiscard]] DropReason check_ipv6(rte_mbuf* m) noexcept;

struct ExtensionWalk {
  DropReason reason = DropReason::count_;  // why the packet must go; count_ if it need not
  uint8_t protocol = 0;                    // what comes behind the headers
  bool fragment = false;  // the walk ended at a fragment header, which is counted in `size`
  uint16_t size = 0;      // bytes of fixed header and extension headers
};

// Extension headers that a packet may have in all; nobody needs more.
inline constexpr uint32_t kMaxExtensionBytes = 512;

// Walks the headers of a packet for this box. `bytes` begins with the fixed header (40 bytes at
// least) and may end anywhere. Drops: ip6_bad_extension, ip6_extension_order.
[[nodiscard]] ExtensionWalk walk_extensions(std::span<const uint8_t> bytes) noexcept;

// The same for a packet that passed check_ipv6(); makes what it looks at contiguous, and sets
// meta.l3_size.
[[nodiscard]] ExtensionWalk walk_extensions(rte_mbuf* m) noexcept;

// Where an IP packet of either family goes, and where it comes from. Its header is contiguous.
[[nodiscard]] inline IpAddress destination_of(const rte_mbuf* m) noexcept {
  const auto* four = rte_pktmbuf_mtod(m, const Ipv4Header*);
  if (four->version() == 4) [[likely]]
    return IpAddress::v4(four->dst);
  return IpAddress::v6(rte_pktmbuf_mtod(m, const Ipv6Header*)->dst);
}
[[nodiscard]] inline IpAddress source_of(const rte_mbuf* m) noexcept {
  const auto* four = rte_pktmbuf_mtod(m, const Ipv4Header*);
  if (four->version() == 4) [[likely]]
    return IpAddress::v4(four->src);
  return IpAddress::v6(rte_pktmbuf_mtod(m, const Ipv6Header*)->src);
}

}  // namespace culvert::dp
