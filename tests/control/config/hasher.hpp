// A quick stand-in for PBKDF2: the tests are about the grammar.
#pragma once

#include <string>
#include <string_view>

#include "control/config/parse.hpp"

namespace culvert::control {

inline constexpr std::string_view kStoredPassword =
    "$sha512$5000$c2FsdHNhbHQ=$aGFzaGhhc2hoYXNoaGFzaA==";

inline ParseResult parse(std::string_view text) {
  return parse_config(text, "lab.conf",
                      [](std::string_view) { return std::string(kStoredPassword); });
}

// What the user would read.
inline std::string errors_of(std::string_view text) {
  std::string out;
  for (const auto& e : parse(text).errors)
    out += e.to_string() + "\n";
  return out;
}

}  // namespace culvert::control
