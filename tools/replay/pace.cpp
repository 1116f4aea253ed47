// Rates in words.
#include "tools/replay/pace.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>

namespace culvert::replay {

double parse_rate(std::string_view text) {
  constexpr std::string_view kPrefixes = "kMGT";
  double scale = 1;
  std::string_view digits = text;
  if (!digits.empty()) {
    const size_t prefix = kPrefixes.find(digits.back());
    if (prefix != std::string_view::npos) {
      scale = std::pow(1000.0, static_cast<double>(prefix + 1));
      digits.remove_suffix(1);
    }
  }
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value) ||
      value <= 0) {
    throw std::invalid_argument("'" + std::string(text) + "' is no rate such as 1000, 2.5M or 10G");
  }
  return value * scale;
}

std::string with_prefix(double value) {
  constexpr std::array<const char*, 5> kPrefixes{"", "k", "M", "G", "T"};
  size_t prefix = 0;
  while (value >= 999.5 && prefix + 1 < kPrefixes.size()) {
    value /= 1000;
    ++prefix;
  }
  const int digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", value, digits, kPrefixes.at(prefix));
}

std::string describe(const Pace& pace) {
  switch (pace.kind) {
    case PaceKind::recorded:
      return pace.value == 1 ? "recorded timing"
                             : fmt::format("recorded timing x {:g}", pace.value);
    case PaceKind::packets_per_second: return with_prefix(pace.value) + "packets/s";
    case PaceKind::layer1_bits: return with_prefix(pace.value) + "bit/s on layer 1";
    case PaceKind::layer2_bits: return with_prefix(pace.value) + "bit/s on layer 2";
    case PaceKind::unlimited: break;
  }
  return "as fast as the port goes";
}

}  // namespace culvert::replay
