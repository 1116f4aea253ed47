// Reading a histogram.
#include "tools/replay/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace culvert::replay {

void Histogram::add(const Histogram& other) noexcept {
  for (size_t i = 0; i < kBuckets; ++i)
    buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

double Histogram::mean() const noexcept {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

uint64_t Histogram::last_of(size_t bucket) noexcept {
  if (bucket < (size_t{2} << kBits)) return bucket;
  const size_t shift = (bucket >> kBits) - 1;
  const uint64_t first = (bucket - (shift << kBits)) << shift;
  return first + ((uint64_t{1} << shift) - 1);
}

uint64_t Histogram::percentile(double percent) const noexcept {
  if (count_ == 0) return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count_);
  const auto wanted = std::max<uint64_t>(static_cast<uint64_t>(std::ceil(share)), 1);
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min(last_of(i), max_);
  }
  return max_;
}

uint64_t Histogram::count_to(uint64_t value) const noexcept {
  const size_t last = bucket_of(value);
  uint64_t seen = 0;
  for (size_t i = 0; i <= last; ++i)
    seen += buckets_[i];
  return seen;
}

}  // namespace culvert::replay
