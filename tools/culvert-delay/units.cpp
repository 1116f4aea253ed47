#include "tools/culvert-delay/units.hpp"

#include <array>
#include <charconv>
#include <stdexcept>
#include <string>
#include <utility>

namespace culvert::delay {

namespace {

struct Unit {
  std::string_view name;
  double size;
};
constexpr std::array kDurations{Unit{"ns", 1}, Unit{"us", 1e3}, Unit{"ms", 1e6}, Unit{"s", 1e9}};
constexpr std::array kRates{Unit{"kbit", 1e3}, Unit{"mbit", 1e6}, Unit{"gbit", 1e9}};
constexpr std::array kSizes{Unit{"b", 1}, Unit{"kb", 1e3}, Unit{"mb", 1e6}};
constexpr double kLongest = 3600e9;  // ns
constexpr double kFastest = 400e9;   // bit/s
constexpr double kLargest = 1e9;     // bytes

// The number, and what follows it. Negative numbers are none.
bool split(std::string_view text, double& number, std::string_view& unit) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  unit = text.substr(static_cast<size_t>(end - text.data()));
  return error == std::errc{} && number >= 0;
}

// Negative if the text is no such quantity.
template <size_t N>
double measure(std::string_view text, const std::array<Unit, N>& units, double most) {
  double number = 0;
  std::string_view unit;
  if (!split(text, number, unit)) return -1;
  for (const Unit& each : units) {
    if (unit == each.name) return number * each.size <= most ? number * each.size : -1;
  }
  return -1;
}

[[noreturn]] void refuse(std::string_view text, const char* like) {
  throw std::invalid_argument("'" + std::string(text) + "' is not " + like);
}

}  // namespace

Nanoseconds parse_duration(std::string_view text) {
  const double found = measure(text, kDurations, kLongest);
  if (found < 0) refuse(text, "a time like 25ms, 250us or 1.5s, of an hour at most");
  return static_cast<Nanoseconds>(found);
}

uint64_t parse_rate(std::string_view text) {
  const double found = measure(text, kRates, kFastest);
  if (found < 1) refuse(text, "a rate like 50mbit, 640kbit or 1gbit");
  return static_cast<uint64_t>(found);
}

double parse_share(std::string_view text) {
  double number = 0;
  std::string_view unit;
  const bool good = split(text, number, unit) && (unit.empty() || unit == "%");
  const double share = unit == "%" ? number / 100 : number;
  if (!good || share >= 1) refuse(text, "a share like 2% or 0.02, less than all");
  return share;
}

uint64_t parse_queue(std::string_view text, uint64_t rate) {
  const double bytes = measure(text, kSizes, kLargest);
  if (bytes >= 0) return static_cast<uint64_t>(bytes);
  const double time = measure(text, kDurations, kLongest);
  if (time < 0) refuse(text, "a queue like 64kb, 1mb or 100ms");
  if (rate == 0) refuse(text, "a queue without --rate: how many bytes that is depends on it");
  return static_cast<uint64_t>(time * static_cast<double>(rate) / 8e9);
}

}  // namespace culvert::delay
