// Slow readers on paper: a headend that answers each question after a moment, and may show them out.
#include "tools/load/slow_readers.hpp"

#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace culvert::load {
namespace {

class SlowParty {
 public:
  explicit SlowParty(const SlowReaderNumbers& numbers) : readers({.numbers = numbers}) {}

  static constexpr Time kTurn = kSecond / 1000;

  // What the last turn's log-ins and questions led to comes with the next.
  void turn() {
    for (const SlowOrder& order : std::exchange(pending_, {})) {
      if (order.act == SlowAct::log_in) {
        readers.came_up(order.reader, now);
      } else if (!unread[order.reader]) {
        readers.answered(order.reader, now);
      }
    }
    while (const auto order = readers.next(now)) {
      ++acts[order->act];
      ++by[order->reader][order->act];
      switch (order->act) {
        case SlowAct::log_in:
          most_on_their_way = std::max<size_t>(most_on_their_way, ++on_their_way_);
          pending_.push_back(*order);
          break;
        case SlowAct::ask:
          readers.asked(order->reader);
          pending_.push_back(*order);
          break;
        case SlowAct::stop: unread[order->reader] = true; break;
        case SlowAct::read: readers.answered(order->reader, now); break;
        case SlowAct::leave: break;
      }
    }
    on_their_way_ = 0;
    now += kTurn;
  }
  void play(double seconds) {
    for (const Time until = now + from_seconds(seconds); now < until;)
      turn();
  }
  [[nodiscard]] const SlowReaderCount& count(SlowReaderKind kind) const {
    return readers.count(kind);
  }

  SlowReaders readers;
  Time now = kSecond;
  std::map<SlowAct, int> acts{};
  std::map<uint32_t, std::map<SlowAct, int>> by{};
  std::map<uint32_t, bool> unread{};
  size_t most_on_their_way = 0;

 private:
  std::vector<SlowOrder> pending_{};
  size_t on_their_way_ = 0;
};

TEST(SlowReaders, ComeWhenTheyMayAndNotAllAtOnce) {
  SlowParty party({0, 100, 0, 0});
  party.play(1);
  EXPECT_TRUE(party.acts.empty());
  party.readers.begin();
  party.play(1);
  EXPECT_EQ(party.acts[SlowAct::log_in], 100);
  EXPECT_LE(party.most_on_their_way, 16u);
  EXPECT_EQ(party.count(SlowReaderKind::stopped).up, 100u);
}

TEST(SlowReaders, WhoStopsReadsOneEchoAndGoesOnAsking) {
  SlowParty party({0, 2, 0, 0});
  party.readers.begin();
  party.play(10);
  const SlowReaderCount& count = party.count(SlowReaderKind::stopped);
  EXPECT_EQ(party.acts[SlowAct::stop], 2);
  EXPECT_EQ(count.slow, 2u);
  EXPECT_EQ(count.answers, 2u);
  EXPECT_NEAR(static_cast<double>(count.requests), 2 * 100 * 10, 250);
  EXPECT_EQ(party.acts[SlowAct::read], 0);
}

TEST(SlowReaders, WhoHangsSaysNothingAnyMore) {
  SlowParty party({1, 0, 0, 0});
  party.readers.begin();
  party.play(3);
  const uint64_t asked = party.count(SlowReaderKind::hung).requests;
  EXPECT_NEAR(static_cast<double>(asked), 200, 30);
  party.play(30);
  EXPECT_EQ(party.count(SlowReaderKind::hung).requests, asked);
  EXPECT_EQ(party.acts[SlowAct::stop], 1);
}

TEST(SlowReaders, ATrickleIsReadOnceASecond) {
  SlowParty party({0, 0, 3, 0});
  party.readers.begin();
  party.play(10.5);
  EXPECT_EQ(party.acts[SlowAct::stop], 3);
  EXPECT_EQ(party.acts[SlowAct::read], 3 * 10);
  EXPECT_EQ(party.by[1][SlowAct::read], 10);
}

TEST(SlowReaders, WithTinyWindowsEverythingIsRead) {
  SlowParty party({0, 0, 0, 1});
  party.readers.begin();
  party.play(5);
  const SlowReaderCount& count = party.count(SlowReaderKind::tiny);
  EXPECT_EQ(party.acts[SlowAct::stop], 0);
  EXPECT_EQ(count.slow, 1u);
  EXPECT_GE(count.answers + 1, count.requests);
}

TEST(SlowReaders, LeaveAtTheEndAndAreCountedAsKept) {
  SlowParty party({1, 2, 3, 4});
  party.readers.begin();
  party.play(4);
  party.readers.send_away();
  party.play(1);
  EXPECT_EQ(party.acts[SlowAct::leave], 10);
  for (size_t kind = 0; kind < kSlowReaderKinds; ++kind) {
    const SlowReaderCount& count = party.count(static_cast<SlowReaderKind>(kind));
    EXPECT_EQ(count.wanted, kind + 1);
    EXPECT_EQ(count.kept, kind + 1) << kSlowReaderNames[kind];
    EXPECT_EQ(count.shown_out, 0u);
    EXPECT_NEAR(count.stay.mean(), 4e6, 2e5);
  }
  const int asked = party.acts[SlowAct::ask];
  party.play(5);
  EXPECT_EQ(party.acts[SlowAct::ask], asked);
}

TEST(SlowReaders, WhoIsShownOutIsCountedWithTheTimeAndDoesNotComeAgain) {
  SlowParty party({0, 2, 0, 0});
  party.readers.begin();
  party.play(3);
  party.readers.ended(1, "headend silent", party.now);
  party.readers.ended(1, "headend silent", party.now);
  party.play(3);
  const SlowReaderCount& count = party.count(SlowReaderKind::stopped);
  EXPECT_EQ(count.shown_out, 1u);
  EXPECT_EQ(count.ends.at("headend silent"), 1u);
  EXPECT_NEAR(count.stay.mean(), 3e6, 2e5);
  EXPECT_EQ(party.acts[SlowAct::log_in], 2);
  party.readers.send_away();
  party.play(1);
  EXPECT_EQ(party.acts[SlowAct::leave], 1);
  EXPECT_EQ(count.kept, 1u);
}

TEST(SlowReaders, WhoIsRefusedIsCountedByWhy) {
  SlowReaders readers({.numbers = {0, 0, 1, 0}});
  readers.begin();
  const auto order = readers.next(kSecond);
  ASSERT_TRUE(order && order->act == SlowAct::log_in);
  readers.refused(order->reader, "log-in refused");
  EXPECT_EQ(readers.count(SlowReaderKind::trickle).refused, 1u);
  EXPECT_EQ(readers.count(SlowReaderKind::trickle).ends.at("log-in refused"), 1u);
  EXPECT_FALSE(readers.next(100 * kSecond));
  readers.send_away();
  EXPECT_FALSE(readers.next(100 * kSecond));
}

TEST(SlowReaders, WhoIsOnTheWayAtTheEndLeavesOnceItIsIn) {
  SlowReaders readers({.numbers = {0, 1, 0, 0}});
  readers.begin();
  ASSERT_TRUE(readers.next(kSecond).has_value());
  readers.send_away();
  EXPECT_FALSE(readers.next(2 * kSecond));
  readers.came_up(0, 3 * kSecond);
  const auto order = readers.next(3 * kSecond);
  ASSERT_TRUE(order && order->act == SlowAct::leave);
  EXPECT_EQ(readers.count(SlowReaderKind::stopped).kept, 0u) << "it never became slow";
}

}  // namespace
}  // namespace culvert::load
