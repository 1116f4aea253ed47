// Verification of local users.
#include "control/auth/local.hpp"

#include <stdexcept>

#include <fmt/format.h>

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

bool LocalAuthenticator::ask(std::shared_ptr<AuthAttempt> attempt, std::function<void()> done) {
  const auto check = std::make_shared<LocalCheck>(prepare_local_check(*config_, attempt->user));
  const auto right = std::make_shared<bool>(false);
  return pool_.submit(
      HandshakePool::Kind::password,
      [attempt, check, right] {
        // When nobody waits any more, the hash is not worth its milliseconds.
        *right = !attempt->cancelled && check->verify(attempt->password.view());
        attempt->password.clear();
      },
      [attempt, check, right, done = std::move(done)](const std::string& error) {
        AuthAnswer& answer = attempt->answer;
        if (*right && error.empty()) {
          answer.verdict = AuthVerdict::accepted;
          answer.attributes.verified_by = VerifiedBy::local;
          answer.log.push_back(
              {6, 113012,
               "AAA user authentication Successful : local database : user = " + attempt->user});
        } else {
          // The name is not logged: people type passwords into the wrong field.
          answer.log.push_back(
              {6, 113015,
               fmt::format("AAA user authentication Rejected : reason = {} : local "
                           "database : user = ***** : user IP = {}",
                           rejection_reason(*check), attempt->client.to_string())});
        }
        done();
      });
}

}  // namespace culvert::control
