// Takes what arrives on one receive queue: counts it, reads its marks, passes it on to be written.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "dataplane/packet/counter.hpp"
#include "tools/replay/histogram.hpp"
#include "tools/replay/sequence.hpp"

namespace culvert::replay {

struct ReceiverConfig {
  uint16_t port = 0, queue = 0;
  bool marks = false;  // look for them
  // Of streams whose names begin with these 24 bits; others count as unmarked. None: of all streams.
  std::optional<uint32_t> prefix{};
  rte_ring* writer = nullptr;  // a CaptureWriter's, or none
};

struct ReceiverCounters {
  dp::Counter packets{0}, bytes{0};
  dp::Counter awaited{0};    // of them: with the marks that were expected; all, if none were
  dp::Counter unmarked{0};   // though marks were expected
  dp::Counter unwritten{0};  // the writer was too far behind
};

// What came of one sender's queue. The counters tell others of the sequence while the receiver is polled: `end` is
// written last, and 0 until there is something to tell.
struct Stream {
  std::atomic<uint32_t> name{0};
  Sequence sequence;
  dp::Counter distinct{0}, end{0};
};

class Receiver {
 public:
  explicit Receiver(const ReceiverConfig& config);

  // Takes one burst at most. How many packets there were.
  uint32_t poll() noexcept;

  [[nodiscard]] const ReceiverCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] bool looks_for_marks() const noexcept { return marks_; }
  // Ticks on the way. This and the streams' sequences: not while it is polled.
  [[nodiscard]] const Histogram& latency() const noexcept { return latency_; }
  // As many as there may be; the first ones have come.
  [[nodiscard]] const std::vector<std::unique_ptr<Stream>>& streams() const noexcept {
    return streams_;
  }
  // When the first and the last packet came; 0: none yet.
  [[nodiscard]] uint64_t first_tick() const noexcept { return first_tick_; }
  [[nodiscard]] uint64_t last_tick() const noexcept { return last_tick_; }

 private:
  uint32_t read_marks(rte_mbuf** packets, uint32_t n, uint64_t now) noexcept;
  [[nodiscard]] Stream* stream(uint32_t name) noexcept;
  void pass_on(rte_mbuf** packets, uint32_t n, uint64_t now) noexcept;

  uint16_t port_, queue_;
  bool marks_;
  std::optional<uint32_t> prefix_;
  rte_ring* writer_;
  uint64_t first_tick_ = 0, last_tick_ = 0;
  Histogram latency_;
  std::vector<std::unique_ptr<Stream>> streams_;  // made beforehand
  size_t used_ = 0;                               // of them
  alignas(64) ReceiverCounters counters_;
};

}  // namespace culvert::replay
