// "Packet too big" to the sender of an IPv6 packet that was too big for its tunnel. Nobody but the
// sender may fragment IPv6 (RFC 8200 §5), so for this family the message is all there is.
#pragma once

#include <rte_mempool.h>

#include "dataplane/packet/address.hpp"

struct rte_mbuf;

namespace culvert::dp {

// RFC 4443 §2.4 (e): whether the sender of this IPv6 packet (header checked) may get an error at all.
// Not for an ICMPv6 error, or what may be a part of one, or a source that is no single host.
[[nodiscard]] bool may_answer6(const rte_mbuf* packet) noexcept;

// A whole IPv6 packet: ICMPv6 type 2 with `mtu` (RFC 4443 §3.2), quoting as much of `packet` as fits
// the least MTU of IPv6 (1280 bytes in all). `packet` may be answered. nullptr if there is no buffer.
[[nodiscard]] rte_mbuf* make_packet_too_big(const rte_mbuf* packet, const IpAddress& source,
                                            uint32_t mtu, rte_mempool* pool) noexcept;

}  // namespace culvert::dp
