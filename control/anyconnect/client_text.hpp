// What clients say of themselves and operators read.
#pragma once

#include <string>
#include <string_view>

namespace culvert::control {

// `text`, UTF-8 as far as it is good, as it may be shown in a line of `show` or of a log: what would begin
// another line, or is an order to a terminal, is a '?'.
[[nodiscard]] std::string client_text(std::string_view text);

}  // namespace culvert::control
