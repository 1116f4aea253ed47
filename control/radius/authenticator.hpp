// Passwords that the RADIUS servers of one `aaa-server` group verify.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "control/auth/authenticator.hpp"
#include "control/radius/client.hpp"

namespace culvert::control::radius {

class RadiusAuthenticator final : public Authenticator {
 public:
  // `local` answers for tunnel groups that say so when no server does. All three outlive it.
  RadiusAuthenticator(std::string group, SetupEnv& env, Client& client, Authenticator& local)
      : group_(std::move(group)), env_(env), client_(client), local_(local) {}

  [[nodiscard]] bool ask(std::shared_ptr<AuthAttempt> attempt, std::function<void()> done) override;

 private:
  void on_result(const std::shared_ptr<AuthAttempt>& attempt, Result result,
                 const std::function<void()>& done, bool has_fallback);

  std::string group_;
  SetupEnv& env_;
  Client& client_;
  Authenticator& local_;
};

}  // namespace culvert::control::radius
