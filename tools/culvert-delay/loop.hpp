// One core's lines, served until somebody says stop.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include <poll.h>

#include "tools/culvert-delay/line.hpp"

namespace culvert::delay {

// The time-stamp counter as nanoseconds, the same on all cores.
class Clock {
 public:
  Clock() noexcept;
  [[nodiscard]] Nanoseconds now() const noexcept;

 private:
  uint64_t start_;
  uint64_t per_tick_;  // nanoseconds as a 32.32 fraction
};

// It spins only for the last moment before a packet is due, and sleeps otherwise: the machine may
// have no core to spare, and those at the ends of the line need one.
class Loop {
 public:
  Loop(const Clock& clock, Nanoseconds spin, const std::atomic<bool>& stop) noexcept
      : clock_(clock), spin_(spin), stop_(stop) {}

  void add(Line& line);
  void run() noexcept;

 private:
  // True if anything came.
  bool turn() noexcept;
  void rest(bool in_vain) noexcept;

  const Clock& clock_;
  const Nanoseconds spin_;
  const std::atomic<bool>& stop_;
  std::vector<Line*> lines_;
  std::vector<pollfd> wakers_;  // empty if a port has no descriptor that tells of packets
  bool pollable_ = true;
};

}  // namespace culvert::delay
