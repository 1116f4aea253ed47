// ARP for Ethernet and IPv4: answers for own addresses, learns, notices who else uses them.
//
// In: frames of type ARP (with Ethernet header). Out: replies, and packets that waited. Drops:
// arp_malformed, no_buffer. RFC 826, RFC 1122 §2.3.2, RFC 5227 (address conflicts).
#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/neighbour/link.hpp"
#include "dataplane/packet/batch.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::dp {

// Written by one worker, read by control (relaxed).
struct ArpCounters {
  std::atomic<uint64_t> requests_in{0};
  std::atomic<uint64_t> replies_in{0};
  std::atomic<uint64_t> replies_out{0};
  std::atomic<uint64_t> not_for_us{0};  // overheard, or of a foreign network; nothing to do
  std::atomic<uint64_t> clashes{0};     // packets of another station that uses our address
  // The last such station: interface index << 48 | MAC. Control logs it when `clashes` has moved.
  std::atomic<uint64_t> clash_station{0};
};

struct ArpState {
  ArpCounters counters;
  // RFC 5227 §2.4 (b): the address is defended with one announcement in this many seconds.
  static constexpr Time kDefendInterval = 10 * kSecond;
  std::array<Time, kMaxInterfaces> next_defence{};
};

// A packet whose meta.handoff is Handoff::neighbour was answered by another worker; here one only
// learns from it.
void arp_input(LinkContext& link, ArpState& state, Batch& in, Time now) noexcept;

// Whether it is a question or an answer for Ethernet and IPv4 from a station that can exist (RFC 826, RFC 1812 §3.3.2).
[[nodiscard]] bool arp_well_formed(const ArpPacket& arp) noexcept;

enum class ArpOperation : uint16_t { request = 1, reply = 2 };
struct ArpMessage {
  ArpOperation operation;
  MacAddress to;
  uint32_t sender_ip;  // host order; 0 in a probe (RFC 5227 §1.1)
  MacAddress target_mac;
  uint32_t target_ip;
};
// Sends a new ARP packet; false if there is no buffer (counted).
bool send_arp(LinkContext& link, const Interface& interface, const ArpMessage& message) noexcept;

}  // namespace culvert::dp
