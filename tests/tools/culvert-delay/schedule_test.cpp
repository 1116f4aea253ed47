// Order: kept where nobody is held back, by time where somebody is.
#include "tools/culvert-delay/schedule.hpp"

#include <gtest/gtest.h>

namespace culvert::delay {
namespace {

std::vector<int> drain(Schedule<int>& schedule, Nanoseconds until = kNever - 1) {
  std::vector<int> out;
  while (schedule.next_due() <= until)
    out.push_back(schedule.take());
  return out;
}

TEST(Schedule, EmptyIsNeverDue) {
  const Schedule<int> schedule(4);
  EXPECT_EQ(schedule.next_due(), kNever);
  EXPECT_EQ(schedule.size(), 0u);
}

TEST(Schedule, KeepsTheOrderOfWhatIsDueAtOnce) {
  Schedule<int> schedule(8);
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(schedule.add(i, 100));
  EXPECT_EQ(drain(schedule), (std::vector{0, 1, 2, 3, 4}));
}

TEST(Schedule, NothingLeavesBeforeItIsDue) {
  Schedule<int> schedule(8);
  ASSERT_TRUE(schedule.add(1, 100));
  ASSERT_TRUE(schedule.add(2, 200));
  EXPECT_EQ(schedule.next_due(), 100u);
  EXPECT_TRUE(drain(schedule, 99).empty());
  EXPECT_EQ(drain(schedule, 199), (std::vector{1}));
  EXPECT_EQ(drain(schedule, 200), (std::vector{2}));
}

TEST(Schedule, AnEarlierTimeDoesNotOvertake) {
  Schedule<int> schedule(8);
  ASSERT_TRUE(schedule.add(1, 100));
  ASSERT_TRUE(schedule.add(2, 50));
  EXPECT_EQ(drain(schedule, 99), std::vector<int>{});
  EXPECT_EQ(drain(schedule), (std::vector{1, 2}));
}

TEST(Schedule, TheHeldBackAreOvertaken) {
  Schedule<int> schedule(8);
  ASSERT_TRUE(schedule.add_late(1, 400));
  ASSERT_TRUE(schedule.add(2, 100));
  ASSERT_TRUE(schedule.add_late(3, 250));
  ASSERT_TRUE(schedule.add(4, 200));
  ASSERT_TRUE(schedule.add(5, 400));
  EXPECT_EQ(drain(schedule), (std::vector{2, 4, 3, 5, 1}));
}

TEST(Schedule, HeldBackForTheSameTimeTheyKeepTheirOrder) {
  Schedule<int> schedule(16);
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(schedule.add_late(i, 100));
  EXPECT_EQ(drain(schedule), (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Schedule, RefusesWhatHasNoRoom) {
  Schedule<int> schedule(2);
  EXPECT_TRUE(schedule.add(1, 10));
  EXPECT_TRUE(schedule.add_late(2, 20));
  EXPECT_FALSE(schedule.add(3, 30));
  EXPECT_FALSE(schedule.add_late(3, 30));
  EXPECT_EQ(schedule.take(), 1);
  EXPECT_TRUE(schedule.add(3, 30));
  EXPECT_EQ(drain(schedule), (std::vector{2, 3}));
}

TEST(Schedule, GoesRoundItsRing) {
  Schedule<int> schedule(3);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(schedule.add(i, static_cast<Nanoseconds>(i)));
    ASSERT_EQ(schedule.next_due(), static_cast<Nanoseconds>(i));
    ASSERT_EQ(schedule.take(), i);
  }
  EXPECT_EQ(schedule.size(), 0u);
}

}  // namespace
}  // namespace culvert::delay
