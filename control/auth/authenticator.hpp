// Whether a user name and a password belong together, and what the answer brings with it: asked on
// the control thread, found out somewhere else, answered on the control thread.
//
// One Authenticator per server group of the configuration: LOCAL, or an `aaa-server`. A tunnel
// group names its own with `authentication-server-group`.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/auth/secret_text.hpp"
#include "control/config/config.hpp"

namespace culvert::control {

// Who found the user to be who he says: his certificate alone, LOCAL, or a server.
enum class VerifiedBy : uint8_t { certificate, local, server };

// What a server says about a session. Whatever is set goes before the group policy.
struct AuthAttributes {
  std::optional<IpAddress> framed_address;
  std::optional<uint32_t> framed_netmask;  // host order
  std::optional<IpAddress> framed_address6;
  std::optional<std::string> group_policy;    // Class "OU=NAME;" (RFC 2865 §5.25)
  std::optional<unsigned> session_timeout_s;  // 0 = none
  std::optional<unsigned> idle_timeout_s;     // 0 = none
  // For the accounting of this session, if there is any.
  std::optional<unsigned> interim_interval_s;  // Acct-Interim-Interval
  std::vector<std::string> classes;            // Class, as it came (RFC 2865 §5.25)
  VerifiedBy verified_by = VerifiedBy::certificate;
};

enum class AuthVerdict : uint8_t {
  rejected,     // also: nobody answered yet
  accepted,     //
  unavailable,  // no server could be asked
  challenged,   // the server has a question of its own: `message`; its answer is the next password
};

struct AuthLogLine {
  int level = 6;
  unsigned number = 0;
  std::string text;
};

struct AuthAnswer {
  AuthVerdict verdict = AuthVerdict::rejected;
  AuthAttributes attributes;     // of `accepted`
  std::string message;           // for the user, "" = the usual one
  std::string state;             // of `challenged`: the server's, goes back with the answer
  std::vector<AuthLogLine> log;  // what the ASA would log about it; no secrets
};

// One question from its asking to its answer. Between the two it belongs to the authenticator, but
// for `cancelled`.
struct AuthAttempt {
  std::string user;
  SecretText password;
  std::string tunnel_group;
  IpAddress client;   // the user's address outside
  IpAddress headend;  // and ours that it came to
  std::string state;  // of the challenge that `password` answers, "" = of none
  // Set by the asker when nobody waits for the answer any more.
  std::atomic<bool> cancelled{false};

  AuthAnswer answer;
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // Control thread. `done` is called once, later, on the control thread, when `attempt->answer` is
  // there and the password is wiped; cancelled attempts too. False: there is no room for another
  // question now, and `done` is not called.
  [[nodiscard]] virtual bool ask(std::shared_ptr<AuthAttempt> attempt,
                                 std::function<void()> done) = 0;
};

// By name of the server group. "LOCAL" is always there.
using Authenticators = std::map<std::string, std::unique_ptr<Authenticator>>;

inline constexpr std::string_view kLocalServerGroup = "LOCAL";

}  // namespace culvert::control
