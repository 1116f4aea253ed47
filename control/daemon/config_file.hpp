// The configuration file of the daemon.
#pragma once

#include <string>

#include "control/config/parse.hpp"

namespace culvert::control {

// How passwords in clear are stored from now on. Takes a tenth of a second of CPU time each.
[[nodiscard]] PasswordHasher password_hasher();

// Reads the file; `hasher` meets its passwords in clear. Throws std::runtime_error with a sentence if
// it cannot be read at all; what is wrong in it is in the result.
[[nodiscard]] ParseResult read_config_file(const std::string& path,
                                           const PasswordHasher& hasher = password_hasher());

}  // namespace culvert::control
