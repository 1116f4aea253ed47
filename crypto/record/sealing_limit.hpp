// How much one key may seal.
#pragma once

#include <cstdint>
#include <limits>

#include "crypto/suite.hpp"

namespace culvert::crypto::record {

// In 16-byte blocks, header and tag or MAC and padding counted too.
//
// AES-GCM: RFC 8446 §5.5 allows 2^24.5 full records, which are 2^34.5 blocks, and an attacker an advantage of
// some 2^-57; the rest is for what is sealed until the next key is there.
//
// AES-CBC: by the birthday bound two of n blocks of ciphertext are equal with a probability of about n^2 / 2^129, which
// then tells the difference of two plaintexts (RFC 5246 names no limit; Bhargavan and Leurent, "Sweet32", 2016, for
// what is done with it). 2^35 blocks leave 2^-59, as much as is asked of AES-GCM.
//
// ChaCha20-Poly1305: RFC 8446 §5.5, the sequence number would wrap first, and seal() sees to that.
[[nodiscard]] constexpr uint64_t sealing_limit(Cipher cipher) noexcept {
  if (cipher == Cipher::chacha20_poly1305) return std::numeric_limits<uint64_t>::max();
  return is_cbc(cipher) ? uint64_t{1} << 35 : uint64_t{1} << 34;
}

// What a record of `size` bytes counts.
[[nodiscard]] constexpr uint64_t blocks_of(uint32_t size) noexcept {
  return (size + 15) / 16;
}

}  // namespace culvert::crypto::record
