// Counts of values over their whole range, exact to one part in 64: enough for percentiles out to the
// rarest, in a fixed table that takes no memory while it counts.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace culvert::replay {

// Log-linear: up to 128 each value has a bucket of its own; above, each power of two has 64.
class Histogram {
 public:
  void add(uint64_t value, uint64_t times = 1) noexcept {
    buckets_[bucket_of(value)] += times;
    count_ += times;
    sum_ += static_cast<double>(value) * static_cast<double>(times);
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
  }
  void add(const Histogram& other) noexcept;

  [[nodiscard]] uint64_t count() const noexcept { return count_; }
  // 0 where nothing was counted.
  [[nodiscard]] uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
  [[nodiscard]] uint64_t max() const noexcept { return max_; }
  [[nodiscard]] double mean() const noexcept;
  // The smallest value that `percent` (0..100) of the values do not exceed: the upper end of its bucket,
  // but never more than max(). 0 where nothing was counted.
  [[nodiscard]] uint64_t percentile(double percent) const noexcept;
  // How many values were `value` or less; those of its bucket that are greater are among them.
  [[nodiscard]] uint64_t count_to(uint64_t value) const noexcept;

 private:
  static constexpr unsigned kBits = 6;  // 64 buckets a power of two
  static constexpr size_t kBuckets = (64 - kBits + 1) << kBits;

  [[nodiscard]] static size_t bucket_of(uint64_t value) noexcept {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= kBits + 1) return value;
    const unsigned shift = width - kBits - 1;
    return (size_t{shift} << kBits) + (value >> shift);
  }
  [[nodiscard]] static uint64_t last_of(size_t bucket) noexcept;

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  double sum_ = 0;
  uint64_t min_ = std::numeric_limits<uint64_t>::max();
  uint64_t max_ = 0;
};

}  // namespace culvert::replay
