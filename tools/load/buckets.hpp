// Times sorted into powers of two: a histogram of few bars, whatever the times are.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/replay/histogram.hpp"

namespace culvert::load {

// Of the times from half of `below` on, the first bucket's from zero on.
struct Bucket {
  double below = 0;  // microseconds
  uint64_t count = 0;
};
// From the first to the last in which something is; none if there is nothing.
[[nodiscard]] std::vector<Bucket> buckets_of(const replay::Histogram& of);

}  // namespace culvert::load
