// A worker's neighbours as control may read them: written by the worker once a second, read at any
// time.
#pragma once

#include <array>
#include <atomic>
#include <vector>

#include "dataplane/neighbour/cache.hpp"

namespace culvert::dp {

// A sequence lock: the writer never waits, a reader that was overtaken reads again.
class NeighbourSnapshot {
 public:
  // Worker.
  void write(const NeighbourCache& cache, Time now) noexcept {
    const uint32_t sequence = sequence_.load(std::memory_order_relaxed);
    sequence_.store(sequence + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    size_ = cache.snapshot(rows_, now);
    sequence_.store(sequence + 2, std::memory_order_release);
  }

  // Control.
  [[nodiscard]] std::vector<NeighbourRow> read() const {
    for (;;) {
      const uint32_t before = sequence_.load(std::memory_order_acquire);
      if (before % 2 != 0) continue;
      std::vector<NeighbourRow> copy(
          rows_.begin(), rows_.begin() + static_cast<ptrdiff_t>(std::min(size_, rows_.size())));
      std::atomic_thread_fence(std::memory_order_acquire);
      if (sequence_.load(std::memory_order_relaxed) == before) return copy;
    }
  }

 private:
  std::atomic<uint32_t> sequence_{0};
  size_t size_ = 0;
  std::array<NeighbourRow, 256> rows_;
};

}  // namespace culvert::dp
