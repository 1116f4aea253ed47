// What is on its way through tunnels, and what became of it: one entry for each packet from the moment it is sent
// until it comes out, and sums.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "tools/replay/histogram.hpp"
#include "tools/replay/tunnel/likeness.hpp"

namespace culvert::replay {

// Bytes of IP packets, each class up to and with this size.
inline constexpr std::array<uint32_t, 6> kSizeClasses{64, 128, 256, 512, 1024, 65535};
[[nodiscard]] constexpr uint32_t size_class(uint32_t bytes) noexcept {
  uint32_t index = 0;
  while (bytes > kSizeClasses[index])
    ++index;
  return index;
}

// Of packets of one direction, one channel, one suite, one size class.
struct Tally {
  uint64_t sent = 0, sent_bytes = 0;  // bytes of IP packets
  uint64_t intact = 0, intact_bytes = 0;
  uint64_t clamped = 0;  // a SYN's segment size was lowered, the rest is intact
  uint64_t changed = 0;
  uint64_t reordered = 0;      // came behind one of its session and direction that was sent later
  uint64_t other_channel = 0;  // down: came over the session's other channel than expected
  Histogram latency;           // ticks of the time stamp counter

  [[nodiscard]] uint64_t arrived() const noexcept { return intact + clamped + changed; }
  [[nodiscard]] uint64_t lost() const noexcept { return sent - arrived(); }
  void add(const Tally& other) noexcept;
};

// A packet on its way.
struct Passage {
  uint64_t number = 0;  // of its lane, from 0
  uint64_t tick = 0;    // when it was handed over
  uint32_t packet = 0;  // which one it is of those that are played
  uint16_t tally = 0;
  bool open = false;  // has not come out yet
};

// A lane is one direction of one session.
class Ledger {
 public:
  // `window`: packets of a lane that may be on their way at once; what is further behind counts as lost. A power of
  // two, at most 32768, so that 16 bits tell which packet it is.
  Ledger(uint32_t lanes, uint32_t window);
  [[nodiscard]] static uint32_t window_for(uint32_t lanes) noexcept;

  // A tally with this index is there from now on.
  Tally& tally(uint16_t index);
  [[nodiscard]] const std::vector<std::unique_ptr<Tally>>& tallies() const noexcept {
    return tallies_;
  }
  [[nodiscard]] Tally total() const;  // of all tallies

  // The number of the lane's next packet, whose low 16 bits are to be written into it; the same until sent() was
  // called.
  [[nodiscard]] uint64_t next_number(uint32_t lane) const noexcept { return lanes_[lane].next; }
  void sent(uint32_t lane, uint32_t packet, uint32_t bytes, uint16_t tally, uint64_t tick) noexcept;
  // It was not, after all: the number stays unused.
  void take_back(uint32_t lane, uint64_t number, uint32_t bytes) noexcept;
  // The packet that has this number, if it is on its way. Null: it never left, has come before (counted), or is
  // further behind than the window (counted as what it may be, a stranger).
  [[nodiscard]] Passage* find(uint32_t lane, uint16_t number) noexcept;
  // It has come out.
  void arrived(uint32_t lane, Passage& passage, Likeness likeness, uint32_t bytes,
               uint64_t tick) noexcept;

  [[nodiscard]] uint64_t sent() const noexcept { return sent_; }
  [[nodiscard]] uint64_t arrived() const noexcept { return arrived_; }
  [[nodiscard]] uint64_t copies() const noexcept { return copies_; }
  [[nodiscard]] uint64_t strangers() const noexcept { return strangers_; }

 private:
  struct Lane {
    uint64_t next = 0;     // number of the packet to be sent
    uint64_t highest = 0;  // number that came out, and one
  };
  [[nodiscard]] Passage& place(uint32_t lane, uint64_t number) noexcept {
    return passages_[size_t{lane} * window_ + number % window_];
  }

  uint32_t window_;
  std::vector<Lane> lanes_;
  std::vector<Passage> passages_;
  std::vector<std::unique_ptr<Tally>> tallies_;
  uint64_t sent_ = 0, arrived_ = 0, copies_ = 0, strangers_ = 0;
};

}  // namespace culvert::replay
