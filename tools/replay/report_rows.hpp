// Rows of the summaries for people, and what is put into them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace culvert::replay {

// Nothing if there is no value.
[[nodiscard]] inline std::string row(std::string_view name, const std::string& value) {
  return value.empty() ? value : fmt::format("  {:<14}{}\n", name, value);
}

// "3 not IP, 2 larger than the tunnel": those that are not 0.
class Counts {
 public:
  Counts& add(uint64_t n, std::string_view what) {
    if (n != 0) said_ += fmt::format("{}{} {}", said_.empty() ? "" : ", ", n, what);
    return *this;
  }
  [[nodiscard]] const std::string& text() const noexcept { return said_; }

 private:
  std::string said_;
};

// "a.pcap, b.pcap"
[[nodiscard]] inline std::string listed(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace culvert::replay
