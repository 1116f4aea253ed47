// CRC32C of keys: the hash that spreads flows and addresses over workers and table buckets.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include <rte_hash_crc.h>

namespace culvert::dp {

// Of a trivially copyable key without padding. Not rte_hash_crc(): it loads eight bytes at a time,
// and keys need not be aligned; so by copies.
template <typename Key>
[[nodiscard]] inline uint32_t crc_of(const Key& key) noexcept {
  std::array<uint64_t, (sizeof(Key) + 7) / 8> words{};
  std::memcpy(words.data(), &key, sizeof key);
  uint32_t crc = 0;
  for (const uint64_t word : words)
    crc = rte_hash_crc_8byte(word, crc);
  return crc;
}

}  // namespace culvert::dp
