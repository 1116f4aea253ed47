// Users of the configuration: the ASA's LOCAL database.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "control/auth/authenticator.hpp"
#include "control/config/config.hpp"
#include "control/tls/handshake_pool.hpp"
#include "crypto/password.hpp"

namespace culvert::control {

// What a verification needs, copied on the control thread, so that the thread which verifies looks
// into no configuration.
struct LocalCheck {
  std::optional<crypto::PasswordHash> stored;  // nothing: the user is unknown, or has a broken hash
  uint32_t iterations = crypto::kDefaultIterations;  // as much work for nothing

  // Slow. Takes as long for an unknown user as for a known one, so that time tells nobody which
  // names exist. Throws std::runtime_error when OpenSSL refuses.
  [[nodiscard]] bool verify(std::string_view password) const;
};

[[nodiscard]] LocalCheck prepare_local_check(const Config& config, const std::string& user);

// 113015's reason for a rejection: "User was not found" or "Invalid password".
[[nodiscard]] std::string_view rejection_reason(const LocalCheck& check) noexcept;

// Verifies on the threads of `pool`.
class LocalAuthenticator final : public Authenticator {
 public:
  // `config` points at the daemon's pointer to the present configuration.
  LocalAuthenticator(const Config* const& config, HandshakePool& pool)
      : config_(config), pool_(pool) {}

  [[nodiscard]] bool ask(std::shared_ptr<AuthAttempt> attempt, std::function<void()> done) override;

 private:
  const Config* const& config_;
  HandshakePool& pool_;
};

}  // namespace culvert::control
