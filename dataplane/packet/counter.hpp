// A counter that one thread writes and any other may read.
#pragma once

#include <atomic>
#include <cstdint>

namespace culvert::dp {

using Counter = std::atomic<uint64_t>;

// Only the owning worker writes, so a load and a store do; a locked addition would cost twenty
// times as much. Adding ~0 takes one away.
inline void count(Counter& counter, uint64_t n = 1) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

}  // namespace culvert::dp
