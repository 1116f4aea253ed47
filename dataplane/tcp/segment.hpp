// One TCP segment from the wire, parsed.
#pragma once

#include <cstdint>

#include <rte_mbuf.h>

#include "dataplane/packet/address.hpp"
#include "dataplane/packet/drop.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/tcp/options.hpp"
#include "dataplane/tcp/seq.hpp"

namespace culvert::tcp {

struct Segment {
  rte_mbuf* packet = nullptr;  // null once somebody else owns it
  dp::Flow flow;
  Seq seq;
  Seq ack;
  uint32_t size = 0;     // payload bytes
  uint32_t largest = 0;  // of the pieces that it was put together from (coalesce.hpp)
  uint16_t window = 0;   // as on the wire
  uint16_t headers = 0;  // bytes before the payload
  uint8_t flags = 0;
  Options options;

  [[nodiscard]] bool has(uint8_t flag) const noexcept { return (flags & flag) != 0; }
  // RFC 9293 SEG.LEN: payload plus SYN and FIN.
  [[nodiscard]] uint32_t length() const noexcept {
    return size + (has(dp::TcpHeader::kSyn) ? 1u : 0u) + (has(dp::TcpHeader::kFin) ? 1u : 0u);
  }
  [[nodiscard]] Seq end() const noexcept { return seq + length(); }
};

// Checks the header, the checksum (unless the port did) and the options, and fills `out`. Returns
// DropReason::count_ if all is well.
[[nodiscard]] dp::DropReason parse_segment(rte_mbuf* packet, Segment& out) noexcept;

// The one's complement sum of the pseudo header, not folded into a checksum: addresses, protocol 6
// and `tcp_size`.
[[nodiscard]] uint16_t pseudo_header_sum(const dp::IpAddress& a, const dp::IpAddress& b,
                                         uint32_t tcp_size) noexcept;

}  // namespace culvert::tcp
