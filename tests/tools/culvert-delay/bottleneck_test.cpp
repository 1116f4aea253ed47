// A link's rate is exact over any number of packets, and its queue drops what does not fit.
#include "tools/culvert-delay/bottleneck.hpp"

#include <gtest/gtest.h>

namespace culvert::delay {
namespace {

constexpr uint64_t kMegabit = 1'000'000;

TEST(Bottleneck, WithoutARateNothingWaits) {
  Bottleneck link(0, 0);
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(link.take(1514, 77), 77u);
  EXPECT_EQ(link.waiting(77), 0u);
}

TEST(Bottleneck, APacketTakesItsTime) {
  Bottleneck link(10 * kMegabit, 0);
  EXPECT_EQ(link.take(1250, 5 * kMillisecond), 6 * kMillisecond);
}

TEST(Bottleneck, PacketsWaitForEachOther) {
  Bottleneck link(10 * kMegabit, 0);
  EXPECT_EQ(link.take(1250, 0), 1 * kMillisecond);
  EXPECT_EQ(link.take(1250, 0), 2 * kMillisecond);
  EXPECT_EQ(link.waiting(500 * kMicrosecond), 1875u);
  // After a pause nothing is left over.
  EXPECT_EQ(link.take(1250, 10 * kMillisecond), 11 * kMillisecond);
}

TEST(Bottleneck, RoundingDoesNotAddUp) {
  // 1514 bytes at 37 Mbit/s take 327351.35 ns.
  Bottleneck link(37 * kMegabit, 0);
  Nanoseconds last = 0;
  for (int i = 0; i < 37'000'000; i += 1000)
    last = *link.take(1514, 0);
  EXPECT_EQ(last, 37'000ull * 1514 * 8 * 1000 / 37);
}

TEST(Bottleneck, DropsWhatDoesNotFit) {
  Bottleneck link(8 * kMegabit, 3000);
  EXPECT_TRUE(link.take(1000, 0));
  EXPECT_TRUE(link.take(1000, 0));
  EXPECT_TRUE(link.take(1000, 0));
  EXPECT_FALSE(link.take(1000, 0));
  EXPECT_FALSE(link.take(1, 0));
  // A millisecond sends a thousand bytes.
  EXPECT_TRUE(link.take(1000, 1 * kMillisecond));
  EXPECT_FALSE(link.take(1000, 1 * kMillisecond));
  EXPECT_EQ(link.longest(), 3000u);
}

TEST(Bottleneck, OnePacketAlwaysFits) {
  Bottleneck link(8 * kMegabit, 100);
  EXPECT_TRUE(link.take(1514, 0));
  EXPECT_FALSE(link.take(60, 0));
}

}  // namespace
}  // namespace culvert::delay
