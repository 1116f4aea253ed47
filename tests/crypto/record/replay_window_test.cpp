// The anti-replay window against a model that remembers everything.
#include "crypto/record/replay_window.hpp"

#include <random>
#include <set>

#include <gtest/gtest.h>

#include "crypto/record/format.hpp"

namespace culvert::crypto::record {
namespace {

TEST(ReplayWindow, IsWideEnough) {
  EXPECT_GE(ReplayWindow::kWidth, 1024u);
}

TEST(ReplayWindow, TakesEachNumberOnce) {
  ReplayWindow w;
  EXPECT_EQ(w.next(), 0u);
  EXPECT_TRUE(w.accepts(0));
  EXPECT_TRUE(w.mark(0));
  EXPECT_FALSE(w.accepts(0));
  EXPECT_FALSE(w.mark(0));
  EXPECT_TRUE(w.mark(5));
  EXPECT_TRUE(w.mark(3));
  EXPECT_FALSE(w.mark(5));
  EXPECT_FALSE(w.mark(3));
  EXPECT_TRUE(w.accepts(4));
  EXPECT_EQ(w.next(), 6u);
  w.reset();
  EXPECT_EQ(w.next(), 0u);
  EXPECT_TRUE(w.accepts(5));
}

TEST(ReplayWindow, OnlyAcceptedNumbersAreMarked) {
  ReplayWindow w;
  ASSERT_TRUE(w.mark(10'000));
  const uint64_t oldest = 10'001 - ReplayWindow::kWidth;
  EXPECT_TRUE(w.accepts(oldest));
  EXPECT_FALSE(w.accepts(oldest - 1));
  EXPECT_FALSE(w.mark(oldest - 1));
  EXPECT_TRUE(w.mark(oldest));
  EXPECT_FALSE(w.mark(oldest));
  EXPECT_EQ(w.next(), 10'001u);
}

TEST(ReplayWindow, ALongJumpForgetsEverythingBehind) {
  ReplayWindow w;
  for (uint64_t i = 0; i < 3000; i++)
    ASSERT_TRUE(w.mark(i));
  // To the same place of the ring, and to the last number that there is.
  for (const uint64_t to : {uint64_t{3000} + 32 * 64 * 1000, kDtlsSequenceMask}) {
    ASSERT_TRUE(w.mark(to));
    for (uint64_t back = 1; back < ReplayWindow::kWidth; back++)
      ASSERT_TRUE(w.accepts(to - back)) << back;
    EXPECT_FALSE(w.accepts(to - ReplayWindow::kWidth));
  }
}

// Everything that was marked, and the rule of RFC 4303 §3.4.3.
class Model {
 public:
  [[nodiscard]] bool accepts(uint64_t n) const {
    if (marked_.empty() || n > *marked_.rbegin()) return true;
    return n + ReplayWindow::kWidth > *marked_.rbegin() && !marked_.contains(n);
  }
  bool mark(uint64_t n) { return accepts(n) && marked_.insert(n).second; }

 private:
  std::set<uint64_t> marked_;
};

TEST(ReplayWindow, EqualsTheModelOnRandomWalks) {
  for (unsigned seed = 0; seed < 60; seed++) {
    std::mt19937_64 rng(seed);
    ReplayWindow window;
    Model model;
    // Beginnings of the number space, its end, and places where words and ring wrap.
    uint64_t at = seed % 4 == 0   ? 0
                  : seed % 4 == 1 ? kDtlsSequenceMask - 60'000
                  : seed % 4 == 2 ? 2048 * (seed + 1) - 3
                                  : rng() & (kDtlsSequenceMask >> 1);
    const uint64_t reach = seed % 3 == 0 ? 3 : seed % 3 == 1 ? 200 : 4500;
    for (int i = 0; i < 20'000; i++) {
      const uint64_t back = rng() % reach;
      const uint64_t n = at > back ? at - back : at;
      ASSERT_EQ(window.accepts(n), model.accepts(n)) << "seed " << seed << " step " << i;
      if (rng() % 8 != 0) {
        ASSERT_EQ(window.mark(n), model.mark(n)) << "seed " << seed << " step " << i;
      }
      const uint64_t step = rng() % 1000 == 0 ? rng() % 3000 : rng() % 3;
      at = std::min(at + step, kDtlsSequenceMask);
    }
  }
}

}  // namespace
}  // namespace culvert::crypto::record
