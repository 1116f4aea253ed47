// The certificate that the headend makes for itself when none is configured.
#pragma once

#include <string>

namespace culvert::control {

// Path of a PEM file in `state_dir` with an ECDSA P-256 key and a certificate for it. Made when it
// does not exist: mode 0600, complete or not there at all. Throws std::runtime_error with what to
// do.
[[nodiscard]] std::string ensure_self_signed(const std::string& state_dir,
                                             const std::string& hostname);

}  // namespace culvert::control
