// Percentiles against a sorted list.
#include "tools/replay/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace culvert::replay {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram h;
  EXPECT_EQ(h.count(), 0u);
  EXPECT_EQ(h.min(), 0u);
  EXPECT_EQ(h.max(), 0u);
  EXPECT_EQ(h.percentile(99), 0u);
  EXPECT_EQ(h.mean(), 0);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram h;
  for (uint64_t v = 0; v < 128; ++v)
    h.add(v);
  EXPECT_EQ(h.percentile(50), 63u);
  EXPECT_EQ(h.percentile(0), 0u);
  EXPECT_EQ(h.percentile(100), 127u);
  EXPECT_DOUBLE_EQ(h.mean(), 63.5);
}

TEST(Histogram, IsWithinOnePartIn64EverywhereAndNeverTooLow) {
  std::mt19937_64 random(7);
  std::vector<uint64_t> values;
  Histogram h;
  for (int i = 0; i < 100'000; ++i) {
    values.push_back(random() >> (random() % 64));
    h.add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double percent : {1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999, 100.0}) {
    const auto rank = static_cast<size_t>(std::ceil(percent / 100 * 100'000)) - 1;
    const auto exact = static_cast<double>(values[rank]);
    const auto found = static_cast<double>(h.percentile(percent));
    EXPECT_GE(found, exact) << percent;
    EXPECT_LE(found, exact * (1 + 1.0 / 64)) << percent;
  }
}

TEST(Histogram, TheLargestValueHasABucket) {
  Histogram h;
  h.add(UINT64_MAX);
  EXPECT_EQ(h.percentile(50), UINT64_MAX);
}

TEST(Histogram, CountsThoseBelow) {
  Histogram h;
  for (const uint64_t v : {uint64_t{1}, uint64_t{100}, uint64_t{255}, uint64_t{256}, UINT64_MAX})
    h.add(v);
  EXPECT_EQ(h.count_to(0), 0u);
  EXPECT_EQ(h.count_to(100), 2u);
  EXPECT_EQ(h.count_to(255), 3u);
  EXPECT_EQ(h.count_to(1000), 4u);
  EXPECT_EQ(h.count_to(UINT64_MAX), 5u);
}

TEST(Histogram, TwoBecomeOne) {
  Histogram a, b;
  a.add(10, 3);
  b.add(1'000'000);
  a.add(b);
  EXPECT_EQ(a.count(), 4u);
  EXPECT_EQ(a.percentile(75), 10u);
  EXPECT_EQ(a.percentile(76), 1'000'000u);
  EXPECT_EQ(a.min(), 10u);
}

}  // namespace
}  // namespace culvert::replay
