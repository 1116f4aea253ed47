// What of a captured frame goes through a tunnel: its IP packet, with the addresses of the two ends put in.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/packet/address.hpp"

namespace culvert::replay {

enum class Fitness : uint8_t {
  fit,
  not_ip,       // ARP and what else a tunnel of IP packets does not carry
  not_whole,    // the IP packet says that it is longer than the frame, or says no length
  one_address,  // source and destination are the same: the two ends cannot be told apart
};

struct Ends {
  dp::IpAddress source, destination;
};

struct InnerPacket {
  Fitness fitness = Fitness::not_ip;
  std::span<const uint8_t> bytes{};  // of the frame: without Ethernet, tags, labels and padding
  Ends ends{};
};

[[nodiscard]] InnerPacket inner_packet_of(std::span<const uint8_t> frame) noexcept;
// The ends of a packet that begins with a whole IP header.
[[nodiscard]] Ends ends_of(std::span<const uint8_t> packet) noexcept;

// Puts addresses of the same family in the place of those that the packet has, in what ICMP errors quote too.
// Checksums of transports stay as right or wrong as they were; the IPv4 header's is made anew.
void readdress(std::span<uint8_t> packet, const Ends& to);

}  // namespace culvert::replay
