#include "dataplane/cstp/codel.hpp"

#include <cmath>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/dataplane/cstp/codel_times.hpp"

namespace culvert::cstp::test {
namespace {

struct Packet {
  uint32_t number = 0;
  uint32_t came = 0;
  bool listens = false;  // to marks
};

// What CoDel works on, and what it decided.
struct Line {
  uint32_t now = 0;
  std::deque<Packet> waiting;
  uint32_t small_below = 0;  // so few packets are no queue
  std::vector<uint32_t> dropped, marked;
  std::deque<Packet> taken;  // whoever holds a pointer

  Packet* take(uint32_t& waited) {
    if (waiting.empty()) return nullptr;
    taken.push_back(waiting.front());
    waiting.pop_front();
    waited = waiting.size() < small_below ? 0 : now - taken.back().came;
    return &taken.back();
  }
  bool mark(Packet* p) {
    if (p->listens) marked.push_back(p->number);
    return p->listens;
  }
  void discard(Packet* p) { dropped.push_back(p->number); }
};

// RFC 8289 §5, in its own terms, with time that does not wrap.
class Reference {
 public:
  explicit Reference(Line& line) : line_(line) {}

  Packet* dequeue(int64_t now) {
    Packet* p = look(now);
    if (dropping_) {
      dropping_ = ok_to_drop_;
      while (dropping_ && now >= drop_next_) {
        ++count_;
        if (line_.mark(p)) {
          drop_next_ = next_after(drop_next_);
          return p;
        }
        line_.discard(p);
        p = look(now);
        dropping_ = ok_to_drop_;
        if (dropping_) drop_next_ = next_after(drop_next_);
      }
      return p;
    }
    if (!ok_to_drop_) return p;
    if (!line_.mark(p)) {
      line_.discard(p);
      p = look(now);
    }
    dropping_ = true;
    const int64_t delta = count_ - last_count_;
    count_ = delta > 1 && now - drop_next_ < 16 * kTimes.interval ? delta : 1;
    drop_next_ = next_after(now);
    last_count_ = count_;
    return p;
  }

 private:
  [[nodiscard]] int64_t next_after(int64_t t) const {
    return t + static_cast<int64_t>(kTimes.interval / std::sqrt(static_cast<double>(count_)));
  }
  Packet* look(int64_t now) {
    uint32_t waited = 0;
    Packet* p = line_.take(waited);
    ok_to_drop_ = false;
    if (p == nullptr || waited < kTimes.target) {
      first_above_ = 0;
    } else if (first_above_ == 0) {
      first_above_ = now + kTimes.interval;
    } else {
      ok_to_drop_ = now >= first_above_;
    }
    return p;
  }

  Line& line_;
  int64_t first_above_ = 0, drop_next_ = 0, count_ = 0, last_count_ = 0;
  bool dropping_ = false, ok_to_drop_ = false;
};

// Every packet has waited for 10 ms, and one is sent each millisecond: the drops come after
// 100 ms, 100 ms later, and then 100 ms / sqrt(n) after each other (n = 2, 3, ...).
TEST(Codel, DropsMoreOftenAsLongAsTheQueueStands) {
  Line line;
  Codel codel;
  std::vector<uint32_t> times;
  constexpr uint32_t kStart = 7'000'000;
  for (uint32_t ms = 0; ms < 580; ++ms) {
    line.now = kStart + ms * 1000;
    while (line.waiting.size() < 10)
      line.waiting.push_back({0, line.now - 10'000, false});
    const size_t before = line.dropped.size();
    EXPECT_NE(codel.dequeue(line, line.now, kTimes), nullptr);
    if (line.dropped.size() != before) times.push_back(ms);
  }
  EXPECT_EQ(times, (std::vector<uint32_t>{100, 200, 271, 329, 379, 424, 464, 502, 538, 571}));
}

TEST(Codel, LeavesABurstAlone) {
  Line line;
  Codel codel;
  line.now = 1'000'000;
  for (uint32_t i = 0; i < 95; ++i)
    line.waiting.push_back({i, line.now, false});
  for (; !line.waiting.empty(); line.now += 1000)
    (void)codel.dequeue(line, line.now, kTimes);
  EXPECT_TRUE(line.dropped.empty());  // up to 95 ms of waiting, but not for an interval
}

TEST(Codel, ForgetsWhatWasBeforeAShortWait) {
  Line line;
  Codel codel;
  for (uint32_t ms = 0; ms < 2000; ++ms) {
    line.now = 1'000'000 + ms * 1000;
    line.waiting.push_back({ms, line.now - (ms % 90 == 0 ? 4'000 : 50'000), false});
    (void)codel.dequeue(line, line.now, kTimes);
  }
  EXPECT_TRUE(line.dropped.empty());
}

TEST(Codel, AnEmptyQueueGivesNothing) {
  Line line;
  Codel codel;
  EXPECT_EQ(codel.dequeue(line, 1, kTimes), nullptr);
}

// All together: random arrivals and departures, some packets that may be marked, a clock that wraps.
TEST(Codel, DecidesAsTheRfcDoes) {
  uint64_t dropped = 0, marked = 0;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 generator(seed);
    const auto random = [&](uint32_t below) { return static_cast<uint32_t>(generator() % below); };
    Line line, expected;
    line.small_below = expected.small_below = seed % 3;
    Codel codel;
    Reference reference(expected);
    int64_t now = seed % 2 == 0 ? 0xffe0'0000 : 5'000'000;
    uint32_t number = 0;
    uint32_t busy = 3;
    for (int step = 0; step < 4000; ++step) {
      if (step % 500 == 0) busy = random(6);
      now += random(2000);
      line.now = expected.now = static_cast<uint32_t>(now);
      for (uint32_t i = random(busy + 1); i > 0; --i) {
        const Packet p{number++, line.now, random(4) == 0};
        line.waiting.push_back(p);
        expected.waiting.push_back(p);
      }
      for (uint32_t i = random(3); i > 0; --i) {
        const Packet* ours = codel.dequeue(line, line.now, kTimes);
        const Packet* theirs = reference.dequeue(now);
        ASSERT_EQ(ours == nullptr, theirs == nullptr);
        if (ours != nullptr) {
          ASSERT_EQ(ours->number, theirs->number) << "seed " << seed << ", step " << step;
        }
      }
    }
    EXPECT_EQ(line.dropped, expected.dropped);
    EXPECT_EQ(line.marked, expected.marked);
    dropped += line.dropped.size();
    marked += line.marked.size();
  }
  EXPECT_GT(dropped, 5000u);
  EXPECT_GT(marked, 1000u);
}

TEST(Codel, LongRoundTripsHaveLongIntervals) {
  EXPECT_EQ(CodelTimes::of_round_trip(0).interval, 100'000u);
  EXPECT_EQ(CodelTimes::of_round_trip(0).target, 5'000u);
  EXPECT_EQ(CodelTimes::of_round_trip(50'000).interval, 100'000u);
  EXPECT_EQ(CodelTimes::of_round_trip(300'000).interval, 600'000u);
  EXPECT_EQ(CodelTimes::of_round_trip(300'000).target, 30'000u);
  EXPECT_EQ(CodelTimes::of_round_trip(60'000'000).interval, 1'000'000u);
}

}  // namespace
}  // namespace culvert::cstp::test
