#include "dataplane/session/doorbell.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

namespace culvert::dp {
namespace {

bool rings(const Doorbell& bell, int timeout_ms) {
  pollfd p{bell.fd(), POLLIN, 0};
  return poll(&p, 1, timeout_ms) == 1;
}

TEST(Doorbell, IsSilentWhileTheReaderIsAwake) {
  Doorbell bell;
  bell.ring();
  EXPECT_FALSE(rings(bell, 0));
}

TEST(Doorbell, WakesASleeperOnceAndIsSilentAfterwards) {
  Doorbell bell;
  bell.announce_sleep();
  EXPECT_FALSE(rings(bell, 0));
  bell.ring();
  bell.ring();
  EXPECT_TRUE(rings(bell, 0));
  bell.woke();
  EXPECT_FALSE(rings(bell, 0));
  bell.announce_sleep();
  EXPECT_FALSE(rings(bell, 0));
}

TEST(Doorbell, ALateRingDisturbsOnlyOneSleep) {
  // A writer that took the flag before the reader woke by itself, and writes after it: here in slow
  // motion, by writing to the descriptor as that writer would.
  Doorbell bell;
  bell.announce_sleep();
  bell.woke();
  const uint64_t one = 1;
  ASSERT_EQ(write(bell.fd(), &one, sizeof one), ssize_t{sizeof one});
  bell.announce_sleep();
  EXPECT_TRUE(rings(bell, 0));
  bell.woke();
  bell.announce_sleep();
  EXPECT_FALSE(rings(bell, 0));
}

// The reader sleeps without a limit, so that a lost wake-up is a test that never ends (meson's time
// limit fails it).
TEST(Doorbell, LosesNoWakeUp) {
  constexpr unsigned kWriters = 3;
  constexpr uint64_t kEach = 20'000;
  Doorbell bell;
  std::atomic<uint64_t> put{0};
  std::vector<std::thread> writers;
  for (unsigned w = 0; w < kWriters; ++w) {
    writers.emplace_back([&bell, &put] {
      for (uint64_t i = 0; i < kEach; ++i) {
        put.fetch_add(1, std::memory_order_relaxed);
        bell.ring();
        if (i % 16 == 0) std::this_thread::yield();
      }
    });
  }
  uint64_t seen = 0;
  while (seen < kWriters * kEach) {
    bell.announce_sleep();
    if (put.load(std::memory_order_relaxed) == seen) rings(bell, -1);
    bell.woke();
    seen = put.load(std::memory_order_relaxed);
  }
  for (auto& w : writers) {
    w.join();
  }
  EXPECT_EQ(seen, kWriters * kEach);
}

}  // namespace
}  // namespace culvert::dp
