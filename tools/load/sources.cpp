// Counting up from the first.
#include "tools/load/sources.hpp"

namespace culvert::load {

std::vector<dp::IpAddress> sources_between(const dp::IpAddress& first, const dp::IpAddress& last) {
  if (first.is_v4() != last.is_v4() || last < first) return {};
  std::vector<dp::IpAddress> sources{first};
  while (sources.back() != last) {
    if (sources.size() == kMostSources) return {};
    const auto n = static_cast<uint32_t>(sources.size());
    sources.push_back(first.is_v4() ? dp::IpAddress::v4(first.v4_value() + n)
                                    : dp::plus6(first, n));
  }
  return sources;
}

}  // namespace culvert::load
