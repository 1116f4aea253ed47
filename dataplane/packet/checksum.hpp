// Internet checksums (RFC 1071) over packet buffers, in software or left to the port.
//
// All functions expect a packet that starts with its IP header, contiguous in the first segment;
// what follows may be chained. Sums over payload use DPDK's rte_raw_cksum.
#pragma once

#include <cstdint>

#include <rte_mbuf.h>

#include "dataplane/packet/headers.hpp"

namespace culvert::dp {

// --- IPv4 header ---

// True if the header's checksum is right, or the port has verified it. `header_size` is 20..60
// bytes.
[[nodiscard]] bool ipv4_checksum_ok(const rte_mbuf* m, const Ipv4Header& ip,
                                    unsigned header_size) noexcept;
// Computes and stores the checksum over ip.header_size() bytes.
void fill_ipv4_checksum(Ipv4Header& ip) noexcept;

// --- TCP, UDP and ICMPv6, with the pseudo header of either IP version ---

// True if the transport checksum is right, or the port has verified it. `l3_size` bytes of IP
// header(s); the packet must be cut to the IP length. UDP over IPv4 without a checksum (RFC 768) is
// right.
[[nodiscard]] bool transport_checksum_ok(const rte_mbuf* m, unsigned l3_size) noexcept;
// The value for the TCP or UDP checksum field, whose present content must be 0. For UDP never
// 0 itself, which there means that none was made (RFC 768); elsewhere 0 is a value like any other
// (RFC 1624 §3).
[[nodiscard]] uint16_t transport_checksum(const rte_mbuf* m, unsigned l3_size) noexcept;
// What the checksum field must hold when the port fills it: the sum over the pseudo header alone,
// without the length if the port will segment (ol_flags has RTE_MBUF_F_TX_TCP_SEG).
[[nodiscard]] uint16_t pseudo_header_sum(const rte_mbuf* m) noexcept;

// --- Received with a checksum that is still to be made ---

// Whether the sender left the TCP or UDP checksum to whoever sends the packet on: a neighbour on the
// same virtual switch, whose port vouches for the data and says that the field is not filled in.
[[nodiscard]] inline bool transport_checksum_missing(const rte_mbuf* m) noexcept {
  return (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;
}
// Fills the field of such a packet. False (and the packet is unchanged) if behind `l3_size` bytes of
// IP header(s), 0 for unknown, there is no whole TCP or UDP header in the first segment.
bool make_transport_checksum(rte_mbuf* m, unsigned l3_size) noexcept;

// --- ICMP (no pseudo header), and ICMPv6 (with one, RFC 4443 §2.3) ---

[[nodiscard]] bool icmp_checksum_ok(const rte_mbuf* m, unsigned l3_size) noexcept;
[[nodiscard]] bool icmp6_checksum_ok(const rte_mbuf* m, unsigned l3_size) noexcept;
// Computes and stores the checksum of an ICMPv6 message behind a plain IPv6 header.
void fill_icmp6_checksum(rte_mbuf* m) noexcept;

// --- Changing a field under a checksum ---

// RFC 1624 eqn. 3: the checksum after one 16-bit word changed from `before` to `after` (host
// order).
[[nodiscard]] constexpr uint16_t updated_checksum(uint16_t checksum, uint16_t before,
                                                  uint16_t after) noexcept {
  uint32_t sum = static_cast<uint16_t>(~checksum);
  sum += static_cast<uint16_t>(~before);
  sum += after;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

// --- Transmit ---

// Fills in software those checksums of a frame that `flags` names (RTE_MBUF_F_TX_IP_CKSUM,
// RTE_MBUF_F_TX_TCP_CKSUM or _UDP_CKSUM; l2_len and l3_len say where), and takes the flags off the
// packet, so that the port does only the rest. The headers must be contiguous.
void finish_checksums(rte_mbuf* m, uint64_t flags) noexcept;

}  // namespace culvert::dp
