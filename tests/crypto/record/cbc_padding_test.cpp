// Padding and MAC position against the obvious way of finding them, and the arithmetic that keeps
// the number of hashed blocks from telling.
#include "crypto/record/cbc_padding.hpp"

#include <random>
#include <set>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "tests/crypto/guarded_buffer.hpp"
#include "tests/crypto/hex.hpp"

namespace culvert::crypto::record {
namespace {

constexpr Mac kMacs[] = {Mac::hmac_sha1, Mac::hmac_sha256, Mac::hmac_sha384};

bool padding_is_right(std::span<const uint8_t> plaintext, uint32_t mac) {
  const uint32_t padding = plaintext.back();
  if (padding + 1 + mac > plaintext.size()) return false;
  for (uint32_t i = 1; i <= padding + 1; i++) {
    if (plaintext[plaintext.size() - i] != padding) return false;
  }
  return true;
}

TEST(CbcPadding, MaskLess) {
  for (const uint32_t a : {0u, 1u, 5u, 0xfffeu, 0xffffu, 0x7fffffffu}) {
    for (const uint32_t b : {0u, 1u, 5u, 0xfffeu, 0xffffu, 0x7fffffffu})
      EXPECT_EQ(mask_less(a, b), a < b ? ~0u : 0u);
  }
}

TEST(CbcPadding, EveryPaddingOfEverySize) {
  std::mt19937 rng(7);
  GuardedBuffer room(2048);
  for (const Mac kind : kMacs) {
    const uint32_t mac = mac_size(kind);
    for (uint32_t size = padded_size(kind, 0); size <= 640; size += 16) {
      for (uint32_t padding = 0; padding < 256; padding++) {
        for (const bool spoilt : {false, true}) {
          std::vector<uint8_t> bytes(size);
          for (auto& b : bytes)
            b = static_cast<uint8_t>(rng());
          std::fill(bytes.end() - std::min(size, padding + 1), bytes.end(),
                    static_cast<uint8_t>(padding));
          if (spoilt && padding > 0) {
            bytes[size - 2 - rng() % std::min(padding, size - 1)] ^=
                static_cast<uint8_t>(1 << rng() % 8);
          }
          const auto held = room.hold(bytes);
          const bool right = padding_is_right(bytes, mac);
          const Unpadded u = unpad(held.data(), size, mac);
          ASSERT_EQ(u.good, right ? ~0u : 0u) << size << " " << padding;
          ASSERT_EQ(u.payload_size, size - mac - 1 - (right ? padding : 0));
          uint8_t found[48];
          copy_mac(found, held.data(), size, mac, u.payload_size);
          ASSERT_EQ(to_vector(std::span(found).first(mac)),
                    to_vector(std::span(bytes).subspan(u.payload_size, mac)))
              << size << " " << padding;
        }
      }
    }
  }
}

TEST(CbcPadding, AsMuchIsHashedWhateverThePlaintextSays) {
  for (const Mac kind : kMacs) {
    for (uint32_t size = padded_size(kind, 0); size <= 16384 + 256; size += 16) {
      const uint32_t most = size - mac_size(kind) - 1;
      std::set<std::tuple<uint32_t, size_t, size_t>> costs;  // blocks, messages, short ones
      for (uint32_t padding = 0; padding <= std::min(most, 255u); padding++) {
        const HashPlan plan = plan_hashes(kind, 13, size, most - padding);
        EXPECT_EQ(plan.message, 13 + most - padding);
        uint32_t blocks = 0;
        size_t messages = 0;
        size_t shorter_than_a_block = 0;
        for (const uint32_t m : {plan.message, plan.dummy[0], plan.dummy[1]}) {
          if (m == 0) continue;
          ASSERT_LE(m, std::max(kMaxDummy, plan.message));
          blocks += hash_blocks(kind, m);
          messages++;
          shorter_than_a_block += m < hash_block_size(kind);
        }
        EXPECT_EQ(blocks, blocks_of(kind, plan));
        costs.insert({blocks, messages, shorter_than_a_block});
      }
      ASSERT_EQ(costs.size(), 1u) << size;
    }
  }
}

}  // namespace
}  // namespace culvert::crypto::record
