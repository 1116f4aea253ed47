// Sends a part of a recording on one transmit queue. A worker polls it; it never waits by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <rte_mbuf.h>

#include "dataplane/packet/counter.hpp"
#include "tools/replay/histogram.hpp"

namespace culvert::replay {

inline constexpr uint32_t kMostPerBurst = 256;

struct SenderConfig {
  uint16_t port = 0, queue = 0;
  std::vector<rte_mbuf*> packets;  // a PacketStore's
  std::vector<uint64_t> due;       // a Timetable's, one for each; empty: none waits
  uint64_t period = 0;             // ticks, of one round
  uint64_t rounds = 1;             // 0: until somebody stops it
  uint64_t limit = 0;              // packets in all, instead of `rounds`; 0: none
  uint64_t deadline = 0;           // ticks since begin() after which nothing more is sent; 0: none
  uint32_t burst = 64;             // 1..kMostPerBurst, packets handed to the driver at once
  // Frames get a Mark of this stream at their end. The packets must have room for it. Copies are made,
  // from `copies`, only of what a driver still holds.
  std::optional<uint32_t> stream;
  rte_mempool* copies = nullptr;
};

struct SenderCounters {
  dp::Counter packets{0}, bytes{0};  // that the port took; bytes as in a capture
  dp::Counter refusals{0};           // bursts of which it took only a part, or nothing
};

class Sender {
 public:
  explicit Sender(SenderConfig config);

  // From a tick of the clock on, which is when the first round begins. Before the first poll().
  void begin(uint64_t tick) noexcept {
    round_began_ = tick;
    if (deadline_ != UINT64_MAX) deadline_ += tick;
  }
  // Hands to the port what is due at `now`, one burst at most. False when there is nothing more to do.
  bool poll(uint64_t now) noexcept;

  [[nodiscard]] const SenderCounters& counters() const noexcept { return counters_; }
  // In all rounds; 0 if it never ends.
  [[nodiscard]] uint64_t total() const noexcept { return total_; }
  // Ticks that packets left after they were due; of those that were to wait. Not while it is polled.
  [[nodiscard]] const Histogram& lateness() const noexcept { return lateness_; }
  // When the port took the first and the last packet; 0: none yet.
  [[nodiscard]] uint64_t first_tick() const noexcept { return first_tick_; }
  [[nodiscard]] uint64_t last_tick() const noexcept { return last_tick_; }

 private:
  [[nodiscard]] uint32_t ready(uint64_t now) const noexcept;
  uint32_t send_as_they_are(uint32_t n, uint64_t& bytes) noexcept;
  uint32_t send_marked(uint32_t n, uint64_t& bytes) noexcept;
  void advance(uint32_t sent, uint64_t tick) noexcept;

  uint16_t port_, queue_;
  uint32_t burst_;
  std::vector<rte_mbuf*> packets_;  // several rounds in a row, if one is short
  std::vector<uint64_t> due_;
  uint64_t period_;
  uint64_t left_;      // packets
  size_t next_ = 0;    // in packets_
  uint32_t held_ = 0;  // packets from next_ on that have the reference which a driver takes off
  uint64_t round_began_ = 0;
  uint64_t deadline_;  // tick
  uint64_t total_;
  uint64_t first_tick_ = 0, last_tick_ = 0;
  std::optional<uint32_t> stream_;
  uint64_t sequence_ = 0;
  rte_mempool* copies_;
  Histogram lateness_;
  alignas(64) SenderCounters counters_;
};

}  // namespace culvert::replay
