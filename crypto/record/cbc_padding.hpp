// What follows the payload of a decrypted AES-CBC record, MAC and padding, taken apart without
// telling anybody where it lies.
//
// Whoever can make a server decrypt changed records and can see, by an error or by the time it
// takes, whether the padding was right or how long the MAC'd message was, learns plaintext byte by
// byte (Vaudenay 2002; AlFardan and Paterson, "Lucky Thirteen", 2013). So nothing here branches on,
// or indexes memory by, a byte of the plaintext: the same instructions run over the same addresses
// for all records of one length.
#pragma once

#include <algorithm>
#include <cstdint>

#include <immintrin.h>

#include "crypto/record/format.hpp"

namespace culvert::crypto::record {

// All ones if a < b, else zero; both below 2^31.
[[nodiscard]] constexpr uint32_t mask_less(uint32_t a, uint32_t b) noexcept {
  return static_cast<uint32_t>(static_cast<int32_t>(a - b) >> 31);
}

struct Unpadded {
  uint32_t payload_size;  // if the padding is wrong: as if there were one byte of it
  uint32_t good;          // all ones, or zero if the padding is wrong
};

// `size` bytes of plaintext: payload, MAC, padding and its length. `size` is public, a multiple of
// 16, and more than `mac`. RFC 5246 §6.2.3.2: each byte of padding holds the number of those that
// precede the last.
[[nodiscard]] inline Unpadded unpad(const uint8_t* plaintext, uint32_t size,
                                    uint32_t mac) noexcept {
  const uint32_t padding = plaintext[size - 1];
  const __m128i value = _mm_set1_epi8(static_cast<char>(padding));
  const __m128i step = _mm_set1_epi8(static_cast<char>(kBlockSize));
  // How far each byte is from the end; padding is what is not farther than its length.
  __m128i distance = _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  __m128i wrong = _mm_setzero_si128();
  const uint32_t blocks = std::min(size / kBlockSize, 256 / kBlockSize);
  for (uint32_t i = 1; i <= blocks; i++) {
    const __m128i bytes =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(plaintext + size - i * kBlockSize));
    const __m128i within = _mm_cmpeq_epi8(_mm_min_epu8(distance, value), distance);
    wrong = _mm_or_si128(wrong, _mm_and_si128(within, _mm_xor_si128(bytes, value)));
    distance = _mm_add_epi8(distance, step);
  }
  const auto zeros =
      static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(wrong, _mm_setzero_si128())));
  const uint32_t good = ~mask_less(zeros, 0xffff) & ~mask_less(size, padding + 1 + mac);
  return {size - mac - 1 - (padding & good), good};
}

// Copies the 48 bytes behind the payload to `to`: the MAC and what follows it. Parameters as for
// unpad(), whose payload_size is secret.
inline void copy_mac(uint8_t to[48], const uint8_t* plaintext, uint32_t size, uint32_t mac,
                     uint32_t payload_size) noexcept {
  // Every block in which a MAC can begin or end is read, and those four are kept that it begins in
  // and that follow.
  const uint32_t latest = size - mac - 1;
  const uint32_t first = (latest > 255 ? latest - 255 : 0) / kBlockSize;
  __m128i place[4];
  __m128i kept[4];
  for (int j = 0; j < 4; j++) {
    place[j] = _mm_set1_epi32(static_cast<int>(payload_size / kBlockSize) + j);
    kept[j] = _mm_setzero_si128();
  }
  __m128i at = _mm_set1_epi32(static_cast<int>(first));
  for (uint32_t i = first; i < size / kBlockSize; i++) {
    const __m128i bytes =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(plaintext + i * kBlockSize));
    for (int j = 0; j < 4; j++) {
      kept[j] = _mm_or_si128(kept[j], _mm_and_si128(bytes, _mm_cmpeq_epi32(at, place[j])));
    }
    at = _mm_add_epi32(at, _mm_set1_epi32(1));
  }
  // Then to the left by the place within the first block. A shuffle takes zero where its index has
  // the highest bit: `low` keeps indices below 16, `high` those from 16 on.
  const __m128i index =
      _mm_add_epi8(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                   _mm_set1_epi8(static_cast<char>(payload_size % kBlockSize)));
  const __m128i low = _mm_adds_epu8(index, _mm_set1_epi8(0x70));
  const __m128i high = _mm_sub_epi8(index, _mm_set1_epi8(16));
  for (int j = 0; j < 3; j++) {
    const __m128i bytes =
        _mm_or_si128(_mm_shuffle_epi8(kept[j], low), _mm_shuffle_epi8(kept[j + 1], high));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to) + j, bytes);
  }
}

// Messages to hash, so that together they cost as much as any others of a record of this length:
// the true one, and one or two for nobody.
struct HashPlan {
  uint32_t message;   // bytes
  uint32_t dummy[2];  // bytes, at most kMaxDummy; the second may be 0: none
};

inline constexpr uint32_t kMaxDummy = 768;

// Bytes that the hash takes at a time, and those that it appends to a message at least: one byte
// and a length of 8 or 16 bytes (FIPS 180-4 §5.1).
[[nodiscard]] constexpr uint32_t hash_block_size(Mac mac) noexcept {
  return mac == Mac::hmac_sha384 ? 128 : 64;
}
[[nodiscard]] constexpr uint32_t hash_tail_size(Mac mac) noexcept {
  return mac == Mac::hmac_sha384 ? 17 : 9;
}

// Compression calls for a message of `size` bytes, not counting the key's, which are prepared, nor
// the outer hash's one.
[[nodiscard]] constexpr uint32_t hash_blocks(Mac mac, uint32_t size) noexcept {
  return (size + hash_tail_size(mac) + hash_block_size(mac) - 1) / hash_block_size(mac);
}

[[nodiscard]] constexpr uint32_t blocks_of(Mac mac, const HashPlan& plan) noexcept {
  return hash_blocks(mac, plan.message) + hash_blocks(mac, plan.dummy[0]) +
         (plan.dummy[1] == 0 ? 0 : hash_blocks(mac, plan.dummy[1]));
}

// `header` bytes are hashed before the payload.
//
// IPsec-MB hashes a message in two goes, its whole blocks and then the rest with what is
// appended, but one of less than a block in one. So it is not enough that all blocks together are
// as many: of the messages as many must be short. Where the record is so long that the true one
// is not, no dummy is either. Where it may be, one of three is: it or the first dummy.
[[nodiscard]] constexpr HashPlan plan_hashes(Mac mac, uint32_t header, uint32_t size,
                                             uint32_t payload_size) noexcept {
  const uint32_t block = hash_block_size(mac);
  const uint32_t longest = header + size - mac_size(mac) - 1;
  const uint32_t message = header + payload_size;
  const uint32_t missing = hash_blocks(mac, longest) - hash_blocks(mac, message);
  const auto dummy = [mac, block](uint32_t blocks) {  // short if it is of one
    return blocks * block - hash_tail_size(mac);
  };
  if (longest >= block + 255) return {message, {dummy(missing + 2), 0}};
  const uint32_t is_short = mask_less(message, block) & 1;
  return {message, {dummy(1 + is_short), dummy(missing + 3 - is_short)}};
}

}  // namespace culvert::crypto::record
