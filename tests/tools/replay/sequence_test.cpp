// Loss, order and copies told from what came.
#include "tools/replay/sequence.hpp"

#include <gtest/gtest.h>

namespace culvert::replay {
namespace {

Sequence of(std::initializer_list<uint64_t> numbers) {
  Sequence s;
  for (const uint64_t n : numbers)
    s.add(n);
  return s;
}

TEST(Sequence, InOrder) {
  const Sequence s = of({0, 1, 2, 3});
  EXPECT_EQ(s.arrived(), 4u);
  EXPECT_EQ(s.missing(), 0u);
  EXPECT_EQ(s.reordered(), 0u);
  EXPECT_EQ(s.duplicates(), 0u);
}

TEST(Sequence, TheFirstOnesMayBeMissing) {
  EXPECT_EQ(of({5}).missing(), 5u);
}

TEST(Sequence, LateIsNotLost) {
  const Sequence s = of({0, 3, 4, 1, 2});
  EXPECT_EQ(s.missing(), 0u);
  EXPECT_EQ(s.reordered(), 2u);
  EXPECT_EQ(s.furthest(), 3u);
}

TEST(Sequence, CopiesFillNoGap) {
  const Sequence s = of({0, 2, 2, 0});
  EXPECT_EQ(s.duplicates(), 2u);
  EXPECT_EQ(s.missing(), 1u);
  EXPECT_EQ(s.reordered(), 0u);
}

TEST(Sequence, BitsOfOldNumbersAreForgotten) {
  Sequence s;
  s.add(0);
  s.add(70'000);  // in the same place of the window as 4464, which never came
  s.add(4'465);   // not a copy
  EXPECT_EQ(s.duplicates(), 0u);
  EXPECT_EQ(s.reordered(), 1u);
  s.add(4'465);
  EXPECT_EQ(s.duplicates(), 1u);
  s.add(70'000 + 65'536 + 5);
  s.add(70'001);  // further behind than the window: counted as late, for copies are not known there
  EXPECT_EQ(s.reordered(), 2u);
  EXPECT_EQ(s.missing(), 70'000u + 65'536 + 6 - 5);
}

// They are not known as copies there, and are more than the numbers that may be missing.
TEST(Sequence, OldCopiesLeaveNothingMissing) {
  Sequence s;
  for (uint64_t n = 0; n < 70'000; ++n)
    s.add(n);
  s.add(0);
  EXPECT_EQ(s.duplicates(), 0u);
  EXPECT_EQ(s.missing(), 0u);
}

}  // namespace
}  // namespace culvert::replay
