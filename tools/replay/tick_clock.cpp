// Calibration of the time stamp counter.
#include "tools/replay/tick_clock.hpp"

#include <ctime>

namespace culvert::replay {

namespace {

constexpr uint64_t kLongEnoughNs = 100'000'000;

uint64_t read(clockid_t clock) noexcept {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

struct Reading {
  uint64_t tick, ns;
};

// Of several readings the one that was least disturbed between the two clocks.
Reading read_both(clockid_t clock) noexcept {
  Reading best{};
  uint64_t least = UINT64_MAX;
  for (int i = 0; i < 16; ++i) {
    const uint64_t before = rte_rdtsc();
    const uint64_t ns = read(clock);
    const uint64_t took = rte_rdtsc() - before;
    if (took >= least) continue;
    least = took;
    best = {before + took / 2, ns};
  }
  return best;
}

}  // namespace

TickClock::TickClock() noexcept {
  const Reading monotonic = read_both(CLOCK_MONOTONIC);
  first_tick_ = monotonic.tick;
  first_ns_ = monotonic.ns;
  const Reading day = read_both(CLOCK_REALTIME);
  ticks_per_second_ = static_cast<double>(rte_get_tsc_hz());
  time_of_day_ns_ = day.ns;
  if (ticks_per_second_ > 0) {
    time_of_day_ns_ -= static_cast<uint64_t>(nanoseconds(day.tick - first_tick_));
  }
}

void TickClock::calibrate() noexcept {
  const uint64_t since = read(CLOCK_MONOTONIC) - first_ns_;
  if (since < kLongEnoughNs) {
    const timespec rest{0, static_cast<long>(kLongEnoughNs - since)};
    nanosleep(&rest, nullptr);
  }
  const Reading last = read_both(CLOCK_MONOTONIC);
  ticks_per_second_ =
      static_cast<double>(last.tick - first_tick_) * 1e9 / static_cast<double>(last.ns - first_ns_);
}

uint64_t TickClock::time_of_day(uint64_t tick) const noexcept {
  return time_of_day_ns_ + static_cast<uint64_t>(nanoseconds(tick - first_tick_));
}

}  // namespace culvert::replay
