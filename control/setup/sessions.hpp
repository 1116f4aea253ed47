// Sessions from login to end: cookies, addresses, limits, replacement of tunnels, resuming,
// timeouts.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/anyconnect/connect_request.hpp"
#include "control/auth/authenticator.hpp"
#include "control/session/observer.hpp"
#include "control/session/registry.hpp"
#include "control/setup/environment.hpp"
#include "control/setup/outbox.hpp"

namespace culvert::control {

// A tunnel that CONNECT asked for, until its connection has ended.
struct TunnelClaim {
  uint32_t index = 0;  // of the session
  std::shared_ptr<PublishedSession> inner;
  TunnelInfo info;
};

class Sessions {
 public:
  Sessions(SetupEnv& env, const SetupLimits& limits, Outbox& outbox);
  ~Sessions();

  // --- login (sessions.cpp) ---
  struct Login {
    std::string user;
    std::string tunnel_group;
    std::string user_agent;
    std::string device;
    dp::Flow flow;
    AuthAttributes attributes;  // what the server said
    AuthMode mode = AuthMode::password;
  };
  struct LoginResult {
    SessionRecord* session = nullptr;  // nullptr: `refusal` says why
    std::string cookie;                // the caller wipes it
    std::string refusal;
  };
  // For a user whose password was right.
  [[nodiscard]] LoginResult login(const Login& login);
  // The client's own logout. False if there is no such session.
  bool logout(std::string_view cookie);
  // Ends sessions as an administrator does. How many.
  unsigned logoff_index(uint32_t index);
  unsigned logoff_user(std::string_view user);
  unsigned logoff_all();
  // Timeouts. Call it about once a second.
  void tick(uint64_t now_us);

  // --- tunnels (tunnels.cpp) ---
  struct ConnectResult {
    unsigned status = 200;      // 401, 503
    std::string reply;          // whole
    TunnelClaim claim;          // of status 200
    dp::Promotion promotion{};  // without keys
  };
  [[nodiscard]] ConnectResult connect(const ConnectRequest& request, const TunnelInfo& peer,
                                      unsigned max_plaintext);
  // The worker has taken the tunnel over: from now on packets go that way.
  void promoted(TunnelClaim& claim);
  // The connection of a promoted tunnel is gone.
  void tunnel_ended(const TunnelClaim& claim, const dp::Message& ended);

  // Outlives the sessions. nullptr: nobody.
  void set_observer(SessionObserver* observer) noexcept { observer_ = observer; }

  [[nodiscard]] const Registry& registry() const noexcept { return registry_; }
  [[nodiscard]] const AddressPools& pools() const noexcept { return pools_; }

 private:
  using Cause = EndCause;
  // Closes the tunnel if there is one, frees what the session holds, logs. Invalidates `session`.
  void end(SessionRecord& session, Cause cause);
  void log_end(const SessionRecord& session, Cause cause);
  [[nodiscard]] bool make_room(SessionRecord*& victim);
  [[nodiscard]] std::shared_ptr<PublishedSession> publish(const SessionRecord& session,
                                                          unsigned worker,
                                                          const std::vector<IpAddress>& wishes);
  [[nodiscard]] ConnectResult refuse(unsigned status, std::string_view reason);
  // "Group <gp> User <u> IP <ip>", which most messages begin with.
  [[nodiscard]] static std::string prefix(const SessionRecord& session);

  SetupEnv& env_;
  const SetupLimits& limits_;
  Outbox& outbox_;
  AddressPools pools_;
  Registry registry_;
  SessionObserver* observer_ = nullptr;
};

}  // namespace culvert::control
