// The finer buckets of a histogram end where these do.
#include "tools/load/buckets.hpp"

#include <cmath>

namespace culvert::load {

std::vector<Bucket> buckets_of(const replay::Histogram& of) {
  constexpr int kPowers = 64;
  std::vector<Bucket> buckets;
  uint64_t before = 0;
  for (int i = 1; i <= kPowers && before < of.count(); ++i) {
    const uint64_t up_to = of.count_to(i == kPowers ? ~uint64_t{0} : (uint64_t{1} << i) - 1);
    if (up_to != 0) buckets.push_back({std::ldexp(1.0, i), up_to - before});
    before = up_to;
  }
  return buckets;
}

}  // namespace culvert::load
