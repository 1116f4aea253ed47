// Checks that no single line can make: names that must exist, addresses that must not meet.
#pragma once

#include <string>
#include <vector>

#include "control/config/config.hpp"

namespace culvert::control {

struct Problem {
  std::string subject;  // key of Draft::origins: which line is responsible
  std::string sentence;
  bool warning = false;  // the configuration can be used all the same
};

[[nodiscard]] std::vector<Problem> validate(const Config& config);

// Its part about IPv6: appends to `out`.
void validate_ipv6(const Config& config, std::vector<Problem>& out);

}  // namespace culvert::control
