// SipHash (Aumasson and Bernstein): a keyed hash that is short enough for every packet, so that
// nobody outside can choose flows that collide, or predict an initial sequence number.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace culvert::tcp {

struct SipKey {
  uint64_t k0 = 0;
  uint64_t k1 = 0;
};

// SipHash-c-d over whole 64-bit words; the length in bytes goes into the last block as the paper
// says.
template <int CompressionRounds, int FinalRounds>
[[nodiscard]] constexpr uint64_t siphash(const SipKey& key,
                                         std::span<const uint64_t> words) noexcept {
  uint64_t v0 = key.k0 ^ 0x736f6d6570736575ULL;
  uint64_t v1 = key.k1 ^ 0x646f72616e646f6dULL;
  uint64_t v2 = key.k0 ^ 0x6c7967656e657261ULL;
  uint64_t v3 = key.k1 ^ 0x7465646279746573ULL;
  const auto round = [&]() constexpr noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  };
  const auto absorb = [&](uint64_t word) constexpr noexcept {
    v3 ^= word;
    for (int i = 0; i < CompressionRounds; ++i) {
      round();
    }
    v0 ^= word;
  };
  for (const uint64_t word : words) {
    absorb(word);
  }
  absorb(static_cast<uint64_t>(words.size() * 8) << 56);
  v2 ^= 0xff;
  for (int i = 0; i < FinalRounds; ++i) {
    round();
  }
  return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace culvert::tcp
