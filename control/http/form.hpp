// application/x-www-form-urlencoded bodies, which clients send that do not speak XML.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace culvert::control::http {

// Calls `field(name, value)` for each pair, decoded. False for a body that is not such a form: a
// bad escape, more than 64 fields, or a name or value longer than 1024 bytes.
[[nodiscard]] bool parse_form(
    std::string_view body,
    const std::function<void(std::string_view name, std::string_view value)>& field);

}  // namespace culvert::control::http
