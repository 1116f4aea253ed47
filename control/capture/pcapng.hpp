// Blocks of the pcapng format (draft-ietf-opsawg-pcapng), in the byte order of this machine. libpcap writes only
// the older format, which has no comments.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace culvert::control::pcapng {

enum class LinkType : uint16_t {  // IANA's and tcpdump.org's numbers
  ethernet = 1,
  ip = 101,     // IPv4 or IPv6, told apart by its first four bits
  user0 = 147,  // anything else
};

// The block that a file begins with.
[[nodiscard]] std::string section_header(std::string_view application);
enum class Resolution : uint8_t { microseconds = 6, nanoseconds = 9 };  // digits

// Interfaces are numbered from 0 in the order of their blocks. `resolution` is that of its packets' times.
[[nodiscard]] std::string interface(LinkType type, std::string_view name,
                                    std::string_view description, uint32_t snap_length,
                                    Resolution resolution = Resolution::microseconds);

struct Packet {
  uint32_t interface = 0;
  uint64_t time_us = 0;  // since 1970
  uint32_t size = 0;     // bytes on the wire
  std::span<const uint8_t> data{};
  std::string_view comment{};
};
[[nodiscard]] std::string packet(const Packet& packet);

// What is known of an interface at the end: `dropped` packets were to be captured and were not.
[[nodiscard]] std::string statistics(uint32_t interface, uint64_t time_us, uint64_t dropped);

}  // namespace culvert::control::pcapng
