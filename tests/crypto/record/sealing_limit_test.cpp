// What RFC 8446 §5.5 allows, and the birthday bound of a block cipher, against the limits of each cipher.
#include "crypto/record/sealing_limit.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "crypto/record/format.hpp"

namespace culvert::crypto::record {
namespace {

TEST(SealingLimit, StaysWithinWhatIsSafe) {
  // 2^24.5 records of 2^14 bytes.
  const double gcm = std::exp2(24.5) * kMaxPlaintext / 16;
  for (const Cipher cipher : {Cipher::aes128_gcm, Cipher::aes256_gcm}) {
    const auto limit = static_cast<double>(sealing_limit(cipher));
    EXPECT_LE(limit, gcm);
    EXPECT_GE(limit, gcm / 2) << "keys are not changed for nothing";
  }
  // The probability of two equal blocks, n^2 / 2^129, is not above 2^-57.
  for (const Cipher cipher : {Cipher::aes128_cbc, Cipher::aes256_cbc}) {
    const auto limit = static_cast<double>(sealing_limit(cipher));
    EXPECT_LE(2 * std::log2(limit) - 129, -57);
  }
  EXPECT_EQ(sealing_limit(Cipher::chacha20_poly1305), std::numeric_limits<uint64_t>::max());
}

TEST(SealingLimit, CountsBegunBlocks) {
  EXPECT_EQ(blocks_of(0), 0u);
  EXPECT_EQ(blocks_of(1), 1u);
  EXPECT_EQ(blocks_of(16), 1u);
  EXPECT_EQ(blocks_of(17), 2u);
  EXPECT_EQ(blocks_of(kMaxRecord), (kMaxRecord + 15) / 16);
}

}  // namespace
}  // namespace culvert::crypto::record
