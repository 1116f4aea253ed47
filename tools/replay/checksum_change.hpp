// Keeping an Internet checksum (RFC 1071) true, or as wrong as it was, while bytes under it change:
// RFC 1624 over whole ranges. Sums are of words as they lie in memory.
#pragma once

#include <cstdint>
#include <span>

#include <rte_ip.h>

namespace culvert::replay {

class ChecksumChange {
 public:
  // Each range is looked at before() and after() it changed; it begins at an even place of what is
  // summed.
  void before(std::span<const uint8_t> bytes) noexcept {
    add(static_cast<uint16_t>(~rte_raw_cksum(bytes.data(), bytes.size())));
  }
  void after(std::span<const uint8_t> bytes) noexcept {
    add(rte_raw_cksum(bytes.data(), bytes.size()));
  }
  // RFC 1624 eqn. 3.
  void apply(uint8_t* field) const noexcept {
    uint16_t checksum = 0;
    __builtin_memcpy(&checksum, field, sizeof checksum);
    checksum = static_cast<uint16_t>(~folded(sum_ + static_cast<uint16_t>(~checksum)));
    __builtin_memcpy(field, &checksum, sizeof checksum);
  }

 private:
  static uint16_t folded(uint32_t sum) noexcept {
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>((sum & 0xffff) + (sum >> 16));
  }
  void add(uint16_t part) noexcept { sum_ = folded(sum_ + part); }

  uint32_t sum_ = 0;
};

}  // namespace culvert::replay
