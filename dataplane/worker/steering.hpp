// Which worker owns a flow, and which is home to an inner address: one pure function for every
// device.
//
// A port with several queues and a hash of its own (RSS) has already put a flow's packets on one
// worker; there the place where they land is the owner. Everywhere else the receiving worker
// computes the owner and passes packets on.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include <rte_hash_crc.h>

#include "dataplane/packet/address.hpp"

namespace culvert::dp {

// Spreads 32 hash bits over workers without a division.
[[nodiscard]] inline uint8_t spread(uint32_t hash, unsigned workers) noexcept {
  return static_cast<uint8_t>((uint64_t{hash} * workers) >> 32);
}

// CRC32C of a trivially copyable key. By copies of eight bytes, because keys need not be aligned.
template <typename Key>
[[nodiscard]] inline uint32_t crc_of(const Key& key) noexcept {
  std::array<uint64_t, (sizeof(Key) + 7) / 8> words{};
  std::memcpy(words.data(), &key, sizeof key);
  uint32_t crc = 0;
  for (const uint64_t word : words)
    crc = rte_hash_crc_8byte(word, crc);
  return crc;
}

[[nodiscard]] inline uint8_t owner_of(const Flow& flow, unsigned workers) noexcept {
  return spread(crc_of(flow), workers);
}

[[nodiscard]] inline uint8_t home_of(const IpAddress& inner, unsigned workers) noexcept {
  return spread(crc_of(inner.bytes()), workers);
}

}  // namespace culvert::dp
