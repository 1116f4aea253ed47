// Neighbour discovery for Ethernet and IPv6: answers for own addresses, learns, notices who else uses
// them. Routers' advertisements and redirects are not heeded: routes are configured.
//
// In: ICMPv6 messages of neighbour discovery, IP header first, checksum right. Out: advertisements,
// and packets that waited. Drops: nd_malformed, icmp_ignored, no_buffer. RFC 4861, RFC 4862 §5.4,
// RFC 2464.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

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

// A solicitation or an advertisement that passed the checks of RFC 4861 §7.1; points into its packet.
struct NeighbourWord {
  IpAddress source;
  IpAddress destination;
  IpAddress target;
  uint8_t type = 0;
  uint32_t flags = 0;
  const MacAddress* mac = nullptr;  // of the option that belongs to the type
};
// RFC 4861 §7.1.1 and §7.1.2, in this order but for the checksum, which comes before. `m` is ICMPv6 of one of the two
// types, meta filled. nullopt: malformed.
[[nodiscard]] std::optional<NeighbourWord> read_neighbour_word(rte_mbuf* m) noexcept;
// Answers a solicitation for an address of this box (RFC 4861 §7.2.4): the asker at `to`, or, if it has no address yet
// (a probe), all nodes. `router`: this box passes packets on. False if there is no buffer (counted).
bool answer_solicitation(LinkContext& link, const Interface& interface, const NeighbourWord& asked,
                         const MacAddress& to, bool router) noexcept;

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
