#include "control/log/duration_text.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace culvert::control {

std::string duration_text(std::chrono::seconds duration) {
  const auto s = std::max<int64_t>(duration.count(), 0);
  const std::string days = s >= 86400 ? fmt::format("{}d ", s / 86400) : "";
  return fmt::format("{}{}h:{:02}m:{:02}s", days, s / 3600 % 24, s / 60 % 60, s % 60);
}

}  // namespace culvert::control
