// Neighbour discovery for Ethernet and IPv6: answers for own addresses, learns, notices who else uses
// them. Routers' advertisements and redirects are not heeded: routes are configured.
//
// In: ICMPv6 messages of neighbour discovery, IP header first, checksum right. Out: advertisements,
// and packets that waited. Drops: nd_malformed, icmp_ignored, no_buffer. RFC 4861, RFC 4862 §5.4,
// RFC 2464.
#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/neighbour/link.hpp"
#include "dataplane/packet/batch.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::dp {

// Written by one worker, read by control (relaxed).
struct NdCounters {
  std::atomic<uint64_t> solicitations_in{0};
  std::atomic<uint64_t> advertisements_in{0};
  std::atomic<uint64_t> advertisements_out{0};
  std::atomic<uint64_t> clashes{0};  // messages of another station that uses our address
};

struct NdState {
  NdCounters counters;
  // As for ARP: an address is defended with one announcement in this many seconds.
  static constexpr Time kDefendInterval = 10 * kSecond;
  std::array<Time, kMaxInterfaces> next_defence{};
};

// A packet whose meta.handoff is Handoff::neighbour was answered by another worker; here one only
// learns from it. Empties `in`.
void nd_input(LinkContext& link, NdState& state, Batch& in, Time now) noexcept;

struct Solicitation {
  IpAddress source;  // unspecified: a probe (RFC 4862 §5.4.2)
  IpAddress target;
  const MacAddress* to = nullptr;  // nullptr: to the target's solicited-node group
};
// False if there is no buffer (counted).
bool send_solicitation(LinkContext& link, const Interface& interface,
                       const Solicitation& message) noexcept;
// That `target` is at this interface, to all nodes (RFC 4861 §7.2.6).
bool send_unsolicited_advertisement(LinkContext& link, const Interface& interface,
                                    const IpAddress& target) noexcept;

}  // namespace culvert::dp
