// Passwords from a file, from standard input, or from whoever sits at the terminal: never from the
// command line, which everybody on the machine can read.
#pragma once

#include <string>

#include "control/auth/secret_text.hpp"

namespace culvert::client {

// The first line of `path`, or of standard input if that is "-". Throws Failure.
[[nodiscard]] control::SecretText password_from(const std::string& path);
// Asks at the terminal, without echo. Throws Failure where there is none.
[[nodiscard]] control::SecretText ask_for_password(const std::string& user);

}  // namespace culvert::client
