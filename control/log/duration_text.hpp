// How messages and tables write a duration.
#pragma once

#include <chrono>
#include <string>

namespace culvert::control {

// "2h:21m:21s", from one day on "2d 4h:21m:44s"; negative as zero.
[[nodiscard]] std::string duration_text(std::chrono::seconds duration);

}  // namespace culvert::control
