// Secrets: sizes, copies, wiping.
#include "crypto/secret.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <vector>

#include <gtest/gtest.h>

#include "tests/crypto/hex.hpp"

namespace culvert::crypto {
namespace {

TEST(Secret, HoldsWhatItWasGiven) {
  const std::vector<uint8_t> bytes{1, 2, 3};
  Secret<8> s(bytes);
  EXPECT_EQ(to_vector(s.view()), bytes);
  EXPECT_FALSE(s.empty());
  Secret<8> copy(s);
  copy = s;
  EXPECT_EQ(to_vector(copy.view()), bytes);
  const Secret<8>& itself = copy;
  copy = itself;
  EXPECT_EQ(copy.size(), 3u);
  s.assign({});
  EXPECT_TRUE(s.empty());
}

TEST(Secret, CutsWhatIsTooLong) {
  const std::vector<uint8_t> bytes(20, 7);
  EXPECT_EQ(Secret<16>(bytes).size(), 16u);
  Secret<16> s;
  EXPECT_EQ(s.reserve(20).size(), 16u);
}

TEST(Secret, ForgetsTheLongerOneThatWasThereBefore) {
  Secret<8> s(std::vector<uint8_t>(8, 0xaa));
  s.assign(std::vector<uint8_t>{1});
  const auto all = s.reserve(8);
  EXPECT_TRUE(std::all_of(all.begin() + 1, all.end(), [](uint8_t b) { return b == 0; }));
}

TEST(Secret, WipesWhenItDies) {
  alignas(Secret<32>) unsigned char room[sizeof(Secret<32>)];
  auto* s = new (room) Secret<32>(std::vector<uint8_t>(32, 0xaa));
  std::destroy_at(s);
  // The memory outlives the object, and the pattern must be gone from all of it. To the compiler it
  // is undefined now, so it is told that the memory may hold anything.
  __asm__("" : "+m"(room));
  EXPECT_EQ(std::count(std::begin(room), std::end(room), 0xaa), 0);
}

TEST(Secret, ComparesContentAndLength) {
  const std::vector<uint8_t> a{1, 2, 3};
  EXPECT_TRUE(constant_time_equal(a, std::vector<uint8_t>{1, 2, 3}));
  EXPECT_FALSE(constant_time_equal(a, std::vector<uint8_t>{1, 2, 4}));
  EXPECT_FALSE(constant_time_equal(a, std::vector<uint8_t>{1, 2}));
  EXPECT_TRUE(constant_time_equal({}, {}));
}

}  // namespace
}  // namespace culvert::crypto
