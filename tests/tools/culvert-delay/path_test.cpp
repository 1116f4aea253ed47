// What a path decides about packets: shares as asked for, repeatable by seed, each trouble on its own.
#include "tools/culvert-delay/path.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace culvert::delay {
namespace {

constexpr int kPackets = 200'000;

std::vector<Verdict> verdicts(const Impairment& what, uint64_t seed = 1, uint64_t direction = 0) {
  Path path(what, seed, direction);
  std::vector<Verdict> out;
  for (int i = 0; i < kPackets; ++i)
    out.push_back(path.next(1000, static_cast<Nanoseconds>(i) * kMillisecond));
  return out;
}

double share(const std::vector<Verdict>& all, Fate fate) {
  return static_cast<double>(std::count_if(all.begin(), all.end(),
                                           [&](const Verdict& v) { return v.fate == fate; })) /
         static_cast<double>(all.size());
}

std::vector<bool> lost(const std::vector<Verdict>& all) {
  std::vector<bool> out;
  for (const Verdict& v : all)
    out.push_back(v.fate == Fate::lost);
  return out;
}

// Five standard deviations of that many independent draws.
double tolerance(double p) {
  return 5 * std::sqrt(p * (1 - p) / kPackets);
}

TEST(Path, WithoutTroubleOnlyTheDelayIsAdded) {
  for (const Verdict& v : verdicts({.delay = 25 * kMillisecond})) {
    ASSERT_EQ(v.fate, Fate::sent);
    ASSERT_EQ(v.due % kMillisecond, 0u);
    ASSERT_FALSE(v.duplicate);
  }
  Path path({.delay = 25 * kMillisecond}, 1, 0);
  EXPECT_EQ(path.next(1000, 7).due, 25 * kMillisecond + 7);
}

TEST(Path, LosesTheShareThatIsAskedFor) {
  for (const double p : {0.001, 0.01, 0.03, 0.3})
    EXPECT_NEAR(share(verdicts({.loss = p}), Fate::lost), p, tolerance(p)) << p;
}

TEST(Path, SeedsRepeat) {
  EXPECT_EQ(lost(verdicts({.loss = 0.01}, 5)), lost(verdicts({.loss = 0.01}, 5)));
  EXPECT_NE(lost(verdicts({.loss = 0.01}, 5)), lost(verdicts({.loss = 0.01}, 6)));
  EXPECT_NE(lost(verdicts({.loss = 0.01}, 5, 0)), lost(verdicts({.loss = 0.01}, 5, 1)));
}

TEST(Path, OtherTroublesDoNotChangeWhatIsLost) {
  EXPECT_EQ(lost(verdicts({.loss = 0.01})), lost(verdicts({.delay = kMillisecond,
                                                           .rate = 1'000'000,
                                                           .queue = 5000,
                                                           .loss = 0.01,
                                                           .reorder = 0.1,
                                                           .held_back = kMillisecond,
                                                           .duplicate = 0.1})));
}

TEST(Path, BurstsHaveTheirShareAndLength) {
  const auto all = lost(verdicts({.loss = 0.02, .loss_burst = 5}));
  int losses = 0, bursts = 0;
  for (size_t i = 1; i < all.size(); ++i) {
    losses += all[i];
    bursts += all[i] && !all[i - 1];
  }
  // Some 800 bursts of geometric length, whose deviation is near its mean.
  EXPECT_NEAR(static_cast<double>(losses) / kPackets, 0.02, 0.005);
  EXPECT_NEAR(static_cast<double>(losses) / bursts, 5, 1);
}

TEST(Path, HoldsBackTheShareThatIsAskedFor) {
  const Impairment what{.delay = 10 * kMillisecond, .reorder = 0.02, .held_back = 4 * kMillisecond};
  const auto all = verdicts(what);
  EXPECT_NEAR(share(all, Fate::held_back), 0.02, tolerance(0.02));
  for (size_t i = 0; i < all.size(); ++i) {
    const Nanoseconds delay = all[i].due - i * kMillisecond;
    ASSERT_EQ(delay, (all[i].fate == Fate::held_back ? 14 : 10) * kMillisecond);
  }
}

TEST(Path, DoublesTheShareThatIsAskedFor) {
  const auto all = verdicts({.duplicate = 0.05});
  const auto doubled = std::count_if(all.begin(), all.end(), [](auto& v) { return v.duplicate; });
  EXPECT_NEAR(static_cast<double>(doubled) / kPackets, 0.05, tolerance(0.05));
}

TEST(Path, AFullQueueIsNotALoss) {
  Path path({.rate = 8'000'000, .queue = 2000}, 1, 0);
  EXPECT_EQ(path.next(1000, 0).due, kMillisecond);
  EXPECT_EQ(path.next(1000, 0).due, 2 * kMillisecond);
  EXPECT_EQ(path.next(1000, 0).fate, Fate::queue_full);
}

}  // namespace
}  // namespace culvert::delay
