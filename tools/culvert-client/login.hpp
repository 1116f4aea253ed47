// The dialogue that ends with a session's cookie: XML, or forms as of old.
#pragma once

#include <memory>

#include "control/auth/secret_text.hpp"
#include "tools/culvert-client/gateway.hpp"
#include "tools/culvert-client/options.hpp"
#include "tools/culvert-client/tls.hpp"

namespace culvert::client {

struct LoggedIn {
  control::SecretText cookie{};
  std::string banner{};
  std::unique_ptr<TlsStream> tls{};  // on which CONNECT may follow; null if the headend closed it
};

// Throws Failure; with ExitStatus::refused when name or password are wrong.
[[nodiscard]] LoggedIn log_in(const Gateway& gateway, const Options& options, Signals& signals);

}  // namespace culvert::client
