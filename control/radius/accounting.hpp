// RADIUS accounting (RFC 2866): Start with a session's first tunnel, Interim-Update with each
// further one and from time to time, Stop at its end.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "control/radius/client.hpp"
#include "control/session/observer.hpp"
#include "control/session/registry.hpp"
#include "control/setup/environment.hpp"

namespace culvert::control::radius {

class Accounting final : public SessionObserver {
 public:
  // All three outlive it.
  Accounting(SetupEnv& env, Client& client, const Registry& sessions)
      : env_(env), client_(client), sessions_(sessions) {}

  void tunnel_added(const SessionRecord& session) override;
  void ended(const SessionRecord& session, EndCause cause) override;
  void tick(uint64_t now_us);

 private:
  enum class Status : uint32_t { start = 1, stop = 2, interim = 3 };  // RFC 2866 §5.1
  struct Account {
    AaaServerConfig servers;  // as last configured: they are told of the end even if that is gone
    std::string id;           // Acct-Session-Id: no two sessions of this box have the same, ever
    bool with_tunnels = false;
    uint64_t period_us = 0;  // 0 = none
    uint64_t next_us = 0;
  };

  void begin(const SessionRecord& session);
  void send(const SessionRecord& session, Account& account, Status status,
            std::optional<EndCause> cause = {});

  SetupEnv& env_;
  Client& client_;
  const Registry& sessions_;
  std::map<uint32_t, Account> open_;  // by index of the session
};

}  // namespace culvert::control::radius
