// The ASA's output filters: `show ... | include RE`.
#pragma once

#include <string>
#include <string_view>

namespace culvert::control {

struct Piped {
  std::string_view command;
  std::string_view filter;  // what follows the bar; empty without one
  bool has_filter = false;
};
// At the first bar that has a blank before it: those in an expression have none.
[[nodiscard]] Piped split_pipe(std::string_view line) noexcept;

// include RE | exclude RE | grep [-v] RE | begin RE | count RE. Throws std::runtime_error with a
// sentence. The expressions are POSIX extended ones, at most 128 bytes, in which braces stand for
// themselves.
[[nodiscard]] std::string apply_filter(std::string_view filter, const std::string& text);

}  // namespace culvert::control
