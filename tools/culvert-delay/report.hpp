// Counters as one line of JSON.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/culvert-delay/line.hpp"

namespace culvert::delay {

// {"event": EVENT, "lines": [{"there": {...}, "back": {...}}, ...]}; times in microseconds.
[[nodiscard]] std::string report(const char* event,
                                 const std::vector<std::unique_ptr<Line>>& lines);

}  // namespace culvert::delay
