// Verification of local users.
#include "control/auth/local.hpp"

#include <stdexcept>

namespace culvert::control {

LocalCheck prepare_local_check(const Config& config, const std::string& user) {
  LocalCheck check;
  const auto parse = [](const UserConfig& u) -> std::optional<crypto::PasswordHash> {
    try {
      return crypto::parse_password_hash(u.password_hash);
    } catch (const std::runtime_error&) {
      return std::nullopt;
    }
  };
  const auto found = config.users.find(user);
  if (found != config.users.end()) {
    check.stored = parse(found->second);
  } else if (!config.users.empty()) {
    if (const auto other = parse(config.users.begin()->second))
      check.iterations = other->iterations;
  }
  return check;
}

bool LocalCheck::verify(std::string_view password) const {
  if (stored) return crypto::verify_password(*stored, password);
  crypto::PasswordHash nobody;
  nobody.iterations = iterations;
  nobody.salt.assign(16, 0);
  nobody.hash.assign(16, 0);
  (void)crypto::verify_password(nobody, password);
  return false;
}

std::string_view rejection_reason(const LocalCheck& check) noexcept {
  return check.stored ? "Invalid password" : "User was not found";
}

}  // namespace culvert::control
