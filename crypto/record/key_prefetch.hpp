// Fetching key blocks long before they are used. With many tunnels each record's comes from main
// memory, and a burst's blocks together are larger than the first cache: so they are fetched into the
// second one when the burst is gathered, and into the first one just before use (burst.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "crypto/record/protection.hpp"

namespace culvert::crypto::record {

// What of a key block is worth fetching for a record of so many bytes.
struct KeyPart {
  uint16_t head = 0;  // bytes from the start
  uint16_t tail = 0;  // offset of the rest, which ends with the block
};

// Where IPsec-MB's VAES code finds the powers of the hash key: the first one last, and no more of them
// than the record has blocks (with the additional data and the lengths, two more). The other code has
// few, all in front. A library that lays them out otherwise costs time, no more.
[[nodiscard]] constexpr KeyPart key_part(Cipher cipher, bool vaes, uint32_t size) noexcept {
  constexpr uint32_t kRoundKeys = sizeof(gcm_key_data::expanded_keys);
  constexpr uint32_t kPowers = 8;  // of the code without VAES, each twice
  if (cipher == Cipher::chacha20_poly1305) return {sizeof(Keys::chacha_key), sizeof(Keys)};
  if (is_cbc(cipher)) return {sizeof(CbcKeys), sizeof(Keys)};
  if (!vaes) return {kRoundKeys + kPowers * 2 * kBlockSize, sizeof(Keys)};
  const uint32_t powers = (size / kBlockSize + 3) * kBlockSize;
  constexpr uint32_t kEnd = sizeof(gcm_key_data);
  return {kRoundKeys,
          static_cast<uint16_t>(powers < kEnd - kRoundKeys ? kEnd - powers : kRoundKeys)};
}

// Into the second cache.
inline void prefetch_part(const Keys& keys, const KeyPart& part) noexcept {
  const auto* bytes = reinterpret_cast<const char*>(&keys);
  for (size_t at = 0; at < part.head; at += 64)
    __builtin_prefetch(bytes + at, 0, 2);
  constexpr size_t kEnd = std::min(sizeof(gcm_key_data), sizeof(Keys));
  for (size_t at = part.tail / 64 * 64; at < kEnd; at += 64)
    __builtin_prefetch(bytes + at, 0, 2);
}

}  // namespace culvert::crypto::record
