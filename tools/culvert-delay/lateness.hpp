// How exact a line is: by how much packets left later than they should have, as percentiles.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "dataplane/packet/counter.hpp"
#include "tools/culvert-delay/time.hpp"

namespace culvert::delay {

// One thread writes, any may read. No packet ever leaves too early.
class Lateness {
 public:
  static constexpr size_t kBuckets = 4096;  // of a microsecond; the last one holds all beyond

  void add(Nanoseconds late) noexcept {
    dp::count(buckets_[std::min<Nanoseconds>(late / kMicrosecond, kBuckets - 1)]);
    if (late > most_.load(std::memory_order_relaxed)) most_.store(late, std::memory_order_relaxed);
  }
  // Microseconds that `share` (0..1) of the packets did not exceed; 0 if there were none.
  [[nodiscard]] uint64_t percentile(double share) const noexcept {
    uint64_t all = 0;
    for (const auto& bucket : buckets_)
      all += bucket.load(std::memory_order_relaxed);
    if (all == 0) return 0;
    uint64_t seen = 0;
    for (size_t i = 0; i < kBuckets; ++i) {
      seen += buckets_[i].load(std::memory_order_relaxed);
      if (static_cast<double>(seen) >= share * static_cast<double>(all)) return i + 1;
    }
    return kBuckets;
  }
  [[nodiscard]] Nanoseconds most() const noexcept { return most_.load(std::memory_order_relaxed); }

 private:
  std::array<dp::Counter, kBuckets> buckets_{};
  dp::Counter most_{0};
};

}  // namespace culvert::delay
