#include "tools/culvert-delay/lateness.hpp"

#include <gtest/gtest.h>

namespace culvert::delay {
namespace {

TEST(Lateness, PercentilesAreBounds) {
  Lateness late;
  EXPECT_EQ(late.percentile(0.5), 0u);
  for (uint64_t i = 0; i < 100; ++i)
    late.add(i * kMicrosecond + 500);
  EXPECT_EQ(late.percentile(0.5), 50u);
  EXPECT_EQ(late.percentile(0.99), 99u);
  EXPECT_EQ(late.percentile(1), 100u);
  EXPECT_EQ(late.most(), 99 * kMicrosecond + 500);
}

TEST(Lateness, WhatIsBeyondTheLastBucketIsKeptAsTheMost) {
  Lateness late;
  late.add(kSecond);
  EXPECT_EQ(late.percentile(0.5), Lateness::kBuckets);
  EXPECT_EQ(late.most(), kSecond);
}

}  // namespace
}  // namespace culvert::delay
