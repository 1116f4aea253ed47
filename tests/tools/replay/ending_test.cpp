// When a run is over, and how long it still takes.
#include "tools/replay/ending.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace culvert::replay {
namespace {

// When it is over if a packet comes each `gap` seconds until `until`, looked at each hundredth of a second; -1: not
// within a minute.
double over_after(const EndRules& rules, Silence::Watched watched, double gap, double until) {
  constexpr double kBegan = 100;
  Silence silence(rules, watched, kBegan);
  for (int look = 1; look < 6000; ++look) {
    const double now = look * 0.01;
    const uint64_t packets = static_cast<uint64_t>(std::min(now, until) / gap) + 1;
    if (silence.over(packets, kBegan + now)) return now;
  }
  return -1;
}

constexpr Silence::Watched kSender{.sent_here = true}, kTracker{.sent_here = true, .tracked = true};

TEST(Silence, EndsWhoSentSoonAfterTheLastPacket) {
  EXPECT_NEAR(over_after({}, kSender, 0.05, 0), 0.3, 0.03);
  EXPECT_NEAR(over_after({}, kSender, 0.05, 1), 1.3, 0.03);
  EXPECT_NEAR(over_after({}, kTracker, 0.05, 5), 5.3, 0.03);
}

TEST(Silence, ComesThoughOthersNeverStop) {
  EXPECT_NEAR(over_after({}, kSender, 0.2, 1e9), 2, 0.03);
  EXPECT_NEAR(over_after({}, kTracker, 0.2, 1e9), 10, 0.03);
}

TEST(Silence, IsAsLongAsAsked) {
  EXPECT_NEAR(over_after({.idle_s = 1}, kSender, 0.2, 30), 31, 0.03);
  EXPECT_EQ(over_after({.idle_s = 1}, kSender, 0.2, 1e9), -1);
  EXPECT_NEAR(over_after({.idle_s = 1}, {}, 0.2, 30), 31, 0.03);
  EXPECT_EQ(over_after({}, {}, 0.2, 30), -1) << "who only receives ends for other reasons";
}

TEST(Silence, BeginsForWhoOnlyReceivesWithTheFirstPacket) {
  Silence silence({.idle_s = 1}, {}, 0);
  EXPECT_FALSE(silence.over(0, 50));
  EXPECT_FALSE(silence.over(1, 60));
  EXPECT_FALSE(silence.over(1, 60.9));
  EXPECT_TRUE(silence.over(1, 61.1));
}

TEST(SecondsLeft, AreOfWhatIsToBeSent) {
  EXPECT_DOUBLE_EQ(*seconds_left({}, {.elapsed_s = 2, .sent = 100, .to_send = 400}), 6);
  EXPECT_DOUBLE_EQ(*seconds_left({}, {.elapsed_s = 2, .sent = 400, .to_send = 400}), 0);
  EXPECT_FALSE(seconds_left({}, {.elapsed_s = 2, .to_send = 400})) << "it cannot be told yet";
}

TEST(SecondsLeft, AreOfTheTime) {
  EXPECT_DOUBLE_EQ(*seconds_left({.seconds = 10}, {.elapsed_s = 2, .sent = 100}), 8);
  EXPECT_DOUBLE_EQ(*seconds_left({.seconds = 10}, {.elapsed_s = 11}), 0);
}

TEST(SecondsLeft, AreOfTheCount) {
  EXPECT_DOUBLE_EQ(
      *seconds_left({.count = 1000}, {.elapsed_s = 50, .received = 200, .receive_rate = 400}), 2);
  EXPECT_DOUBLE_EQ(*seconds_left({.count = 100}, {.received = 200, .receive_rate = 400}), 0);
  EXPECT_FALSE(seconds_left({.count = 1000}, {.elapsed_s = 50, .received = 200}));
}

TEST(SecondsLeft, AreTheLeast) {
  const HowFar far{
      .elapsed_s = 2, .sent = 100, .to_send = 400, .received = 100, .receive_rate = 50};
  EXPECT_DOUBLE_EQ(*seconds_left({.seconds = 10, .count = 1000}, far), 6);
  EXPECT_DOUBLE_EQ(*seconds_left({.seconds = 5, .count = 1000}, far), 3);
  EXPECT_DOUBLE_EQ(*seconds_left({.seconds = 5, .count = 150}, far), 1);
}

TEST(SecondsLeft, AreNotToldWhereNothingEndsIt) {
  EXPECT_FALSE(seconds_left({}, {.elapsed_s = 2, .sent = 100}));
  EXPECT_FALSE(seconds_left({.idle_s = 1}, {.elapsed_s = 2, .received = 9, .receive_rate = 9}));
}

TEST(Standstill, IsNothingTakenWhileSomethingWaits) {
  Standstill standstill(100, 10);
  EXPECT_FALSE(standstill.over(0, true, 110));
  EXPECT_TRUE(standstill.over(0, true, 111));
  EXPECT_FALSE(standstill.over(1, true, 112)) << "one was taken";
  EXPECT_FALSE(standstill.over(1, true, 122));
  EXPECT_FALSE(standstill.over(1, false, 123)) << "nothing waits: a silence of the capture's";
  EXPECT_FALSE(standstill.over(1, true, 133));
  EXPECT_TRUE(standstill.over(1, true, 134));
  // A turn that began before it, by a clock that is read earlier.
  EXPECT_FALSE(Standstill(100, 10).over(0, true, 99));
}

}  // namespace
}  // namespace culvert::replay
