// The TCP segment sizes that hosts inside and clients announce to each other, kept within bounds
// while their SYNs pass: `sysopt connection tcpmss`, and the tunnel's MTU where a policy says
// `anyconnect dtls-fallback smart`.
//
// As on an ASA only the value of an MSS option (RFC 9293 §3.7.1) changes, and only if it is out of
// bounds. A SYN without the option means 536 bytes (IPv6: 1220) and passes as it is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include <rte_mbuf.h>

#include "dataplane/packet/batch.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/session/table.hpp"

namespace culvert::dp {

struct MssLimits {
  uint16_t most = 0;   // bytes of payload; 0: no limit
  uint16_t least = 0;  // bytes; `most` prevails where both cannot be had

  [[nodiscard]] constexpr uint16_t clamp(uint16_t mss) const noexcept {
    const uint16_t raised = std::max(mss, least);
    return most == 0 ? raised : std::min(raised, most);
  }
  // These, and no segment larger than a packet of `mtu` bytes with `headers` bytes of IP and TCP.
  [[nodiscard]] constexpr MssLimits within(uint16_t mtu, uint16_t headers) const noexcept {
    const auto room = static_cast<uint16_t>(mtu > headers ? mtu - headers : 1);
    return {most == 0 ? room : std::min(most, room), least};
  }
};

// Brings the MSS options of a SYN within `limits` and its checksum up to date (RFC 1624). `tcp`: the
// whole header, options included. What lies behind an option of impossible length is no option.
// True if something changed.
bool clamp_mss_options(std::span<uint8_t> tcp, const MssLimits& limits) noexcept;

namespace detail {
// Bytes before the TCP header behind IPv6 extension headers; 0: something else is there.
[[nodiscard]] uint32_t tcp_behind_extensions(const rte_mbuf* m) noexcept;
}  // namespace detail

// Bytes before the TCP header of a SYN or SYN-ACK; 0 if the packet is neither, is a fragment without
// that header, or has not got all of it. The packet begins with a whole IP header.
[[nodiscard]] inline uint32_t syn_at(rte_mbuf* m) noexcept {
  constexpr auto kTcp = static_cast<uint8_t>(IpProtocol::tcp);
  const auto* four = header_at<Ipv4Header>(m, 0);
  uint32_t at = 0;
  if (four->version() == 4) [[likely]] {
    if (four->protocol != kTcp || (four->fragment & Ipv4Header::kOffsetMask) != 0) return 0;
    at = four->header_size();
  } else {
    const uint8_t next = header_at<Ipv6Header>(m, 0)->next_header;
    if (next == static_cast<uint8_t>(IpProtocol::udp)) return 0;
    at = next == kTcp ? uint32_t{sizeof(Ipv6Header)} : detail::tcp_behind_extensions(m);
    if (at == 0) return 0;
  }
  if (!make_contiguous(m, at + uint32_t{sizeof(TcpHeader)})) [[unlikely]]
    return 0;
  return (header_at<TcpHeader>(m, at)->flags & TcpHeader::kSyn) != 0 ? at : 0;
}

// Of the SYN whose TCP header begins at byte `at` (syn_at()). True if something changed.
bool clamp_syn(rte_mbuf* m, uint32_t at, const MssLimits& limits) noexcept;

// The limits for SYNs from and to the client of `session` while `channel` carries its packets. `v4`:
// the SYN's family.
[[nodiscard]] MssLimits limits_of(const MssLimits& box, const Session& session,
                                  const Channel& channel, bool v4) noexcept;

// Inner packets on their way up, as validate_inner() leaves them: their SYNs announce what fits the
// way down. Returns how many it changed.
uint32_t clamp_up(Batch& packets, const MssLimits& box, const SessionTable& sessions) noexcept;

}  // namespace culvert::dp
