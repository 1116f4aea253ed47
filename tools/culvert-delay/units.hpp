// Quantities as people write them on a command line.
#pragma once

#include <cstdint>
#include <string_view>

#include "tools/culvert-delay/time.hpp"

namespace culvert::delay {

// Each throws std::invalid_argument with a sentence for what it does not understand.

// "25ms", "250us", "1.5s". Whole nanoseconds, at most an hour.
[[nodiscard]] Nanoseconds parse_duration(std::string_view text);
// "50mbit", "1gbit", "640kbit": bit/s, a thousand at a time.
[[nodiscard]] uint64_t parse_rate(std::string_view text);
// "2%" or "0.02": 0 <= share < 1.
[[nodiscard]] double parse_share(std::string_view text);
// "64kb", "1mb", "1500b" (a thousand at a time), or how long the bottleneck takes to send them: "100ms".
[[nodiscard]] uint64_t parse_queue(std::string_view text, uint64_t rate);

}  // namespace culvert::delay
