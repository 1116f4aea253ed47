// One TCP connection from its place in set-up to `ended`: TLS handshake, HTTP requests, hand-over.
//
// In lock-step with its worker: one record is asked for, worked off, and answered before the next
// is asked for. So OpenSSL never holds a byte that belongs to the tunnel, and a client can make us
// keep no more than one record and one request. While a password is verified the next record is asked
// for already: only so does a client that leaves meanwhile end the question.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/anyconnect/client_files.hpp"
#include "control/anyconnect/xml_reply.hpp"
#include "control/anyconnect/xml_request.hpp"
#include "control/auth/authenticator.hpp"
#include "control/http/request_parser.hpp"
#include "control/session/group_choice.hpp"
#include "control/setup/admission.hpp"
#include "control/setup/arrival.hpp"
#include "control/setup/environment.hpp"
#include "control/setup/outbox.hpp"
#include "control/setup/sessions.hpp"
#include "control/tls/client_certificate.hpp"
#include "control/tls/connection.hpp"
#include "control/tls/handshake_pool.hpp"
#include "control/tls/key_update.hpp"

namespace culvert::control {

// What the connections share.
struct SetupParts {
  SetupEnv& env;
  const SetupLimits& limits;
  SetupStats& stats;
  Outbox& outbox;
  HandshakePool& pool;
  Sessions& sessions;
  Authenticators& authenticators;
  const ClientProfiles& profiles;
};

// Of a client whose TLS handshake came to nothing: by the drop's name, and in the log (725006).
void tell_failed_handshake(SetupEnv& env, const dp::Flow& flow);

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  enum class State : uint8_t {
    handshake,
    login,      // HTTP requests
    verifying,  // a password is being looked at
    promoting,  // CONNECT was answered; the worker has not said `promoted` yet
    tunnel,
    closing,  // waits for `ended`
    gone,     // `ended` came; a job may still be running
  };

  Connection(SetupParts& parts, const ServerContext& tls, const Arrival& arrival,
             Admission::Token place);

  void on_record(std::span<const uint8_t> record);
  void on_promoted(const dp::Message& promoted);
  void on_key_update(uint8_t wanted);  // dp::wanted_keys
  void on_ended(const dp::Message& ended);
  void tick(uint64_t now_us);
  // Others wait for its place: true if its client has been silent for long enough, and it gives it up.
  [[nodiscard]] bool make_way(uint64_t now_us);

  [[nodiscard]] State state() const noexcept { return state_; }

 private:
  // --- connection.cpp ---
  void shake_hands(std::span<const uint8_t> record);
  void on_handshake_step(TlsStep step);
  void read_plaintext(std::span<const uint8_t> record);
  void on_plaintext();
  void want_record();
  void send_output();
  void reply(const http::Reply& reply);
  void close();
  void abort();
  void fail_handshake(const std::string& reason);
  void give_up_handshake();
  void leave_place();
  void enter(State state);
  void log_certificate();
  void log_ssl(int level, unsigned number, std::string_view format);

  // --- dialogue.cpp ---
  void on_request(const http::Request& request);
  void on_connect(const http::Request& request);
  void on_logout(std::string_view cookie, bool document);
  void refuse_request(unsigned status);

  // --- login.cpp ---
  // What a step of the login is about, and so the form that may follow it.
  struct LoginStep {
    GroupChoice group;
    std::string action = "/";  // path that the form is to be sent to
  };
  void on_document(const http::Request& request);
  void on_init(const LoginStep& step, const AuthRequest& request, std::string user_agent);
  void on_auth_reply(const LoginStep& step, AuthRequest request, std::string user_agent);
  struct PendingLogin;
  // What a server asked of whom; the next password is the answer to it.
  struct Challenge {
    std::string user, tunnel_group, state;
  };
  void verify(const LoginStep& step, AuthRequest request, std::string user_agent);
  void on_verified(const PendingLogin& pending);
  void pass_challenge_on(const PendingLogin& pending);
  void log_in_by_certificate(const LoginStep& step, const std::string& device,
                             std::string user_agent);
  void finish_login(const LoginStep& step, const Sessions::Login& login);
  // That of the tunnel group, LOCAL if there is no such server group.
  [[nodiscard]] Authenticator& authenticator(const TunnelGroupConfig& group);
  [[nodiscard]] const TunnelGroupConfig& group_of(const LoginStep& step) const;
  [[nodiscard]] LoginForm form_for(const LoginStep& step) const;
  void send_form(const LoginStep& step, const std::string& error);
  void refuse_login(const LoginStep& step, const std::string& error);
  void refuse_certificate(const LoginStep& step, std::string error = "");

  SetupParts& parts_;
  dp::ConnId conn_;
  dp::Flow flow_;
  uint16_t peer_mss_;                      // MSS option of the SYN
  bool timestamps_;                        // TCP's, in use
  std::optional<Admission::Token> place_;  // until it has a tunnel, or is closed
  State state_ = State::handshake;
  uint64_t since_us_ = 0;          // of the state, or of the last step of the login
  uint64_t request_since_us_ = 0;  // first byte of the present request
  uint64_t asked_us_ = 0;          // for the next record
  bool record_wanted_ = false;     // asked for, and not come yet
  bool job_running_ = false;
  std::weak_ptr<AuthAttempt> attempt_;  // a password that is being verified
  bool saw_record_ = false;
  bool established_ = false;  // 725002 was logged
  unsigned requests_ = 0;
  bool last_request_ = false;  // its client said that no other follows
  unsigned tries_ = 0;
  std::unique_ptr<TlsConnection> tls_;
  ClientCertificate certificate_;
  std::optional<Challenge> challenge_;
  std::optional<KeySchedule> keys_;  // TLS 1.3: while the tunnel lives
  uint64_t openssl_bytes_ = 0;       // that OpenSSL had read when CONNECT was answered
  http::RequestParser parser_;
  TunnelClaim claim_;
};

}  // namespace culvert::control
