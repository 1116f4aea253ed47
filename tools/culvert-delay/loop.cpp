#include "tools/culvert-delay/loop.hpp"

#include <algorithm>
#include <ctime>

#include <pthread.h>
#include <rte_cycles.h>
#include <rte_pause.h>
#include <sys/prctl.h>

namespace culvert::delay {

namespace {
constexpr Nanoseconds kLongestSleep = 10 * kMillisecond;  // until the next look at `stop`
constexpr Nanoseconds kBlindSleep = 50 * kMicrosecond;    // where no descriptor tells of packets
constexpr unsigned long kTimerSlack = 1;                  // ns; Linux' own is 50 µs
}  // namespace

Clock::Clock() noexcept
    : start_(rte_rdtsc()),
      per_tick_(static_cast<uint64_t>((static_cast<unsigned __int128>(kSecond) << 32) /
                                      rte_get_tsc_hz())) {}

Nanoseconds Clock::now() const noexcept {
  return static_cast<Nanoseconds>(
      (static_cast<unsigned __int128>(rte_rdtsc() - start_) * per_tick_) >> 32);
}

void Loop::add(Line& line) {
  lines_.push_back(&line);
  for (const Direction& direction : line.directions()) {
    const int fd = direction.from().wake_fd(0);
    pollable_ = pollable_ && fd >= 0;
    wakers_.push_back({fd, POLLIN, 0});
  }
}

void Loop::run() noexcept {
  (void)prctl(PR_SET_TIMERSLACK, kTimerSlack, 0, 0, 0);
  // Ahead of whatever else the machine does: late packets would be taken for the network's doing.
  // Where that is not allowed the counters tell how late they were.
  const sched_param ahead{.sched_priority = 2};
  (void)pthread_setschedparam(pthread_self(), SCHED_RR, &ahead);
  if (!pollable_) wakers_.clear();
  bool slept = false;
  while (!stop_.load(std::memory_order_relaxed)) {
    const bool came = turn();
    // A socket may be readable for ever (its interface went down).
    if (!came) rest(slept);
    slept = !came;
  }
}

bool Loop::turn() noexcept {
  unsigned came = 0;
  for (Line* line : lines_) {
    for (Direction& direction : line->directions()) {
      came += direction.receive(clock_.now());
      direction.send_due(clock_.now());
    }
  }
  return came != 0;
}

void Loop::rest(bool in_vain) noexcept {
  Nanoseconds due = kNever;
  for (const Line* line : lines_) {
    for (const Direction& direction : line->directions())
      due = std::min(due, direction.next_due());
  }
  const Nanoseconds now = clock_.now();
  if (due <= now + spin_) return rte_pause();
  const Nanoseconds length = std::min(due - now - spin_, kLongestSleep);
  if (wakers_.empty()) {
    const timespec pause{0, static_cast<long>(std::min(length, kBlindSleep))};
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
  } else {
    const timespec pause{0, static_cast<long>(length)};
    const int ready = ppoll(wakers_.data(), wakers_.size(), &pause, nullptr);
    if (ready > 0 && in_vain &&
        std::ranges::any_of(wakers_, [](const pollfd& w) { return (w.revents & ~POLLIN) != 0; })) {
      const timespec blind{0, static_cast<long>(std::min(length, kBlindSleep))};
      (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &blind, nullptr);
    }
  }
}

}  // namespace culvert::delay
