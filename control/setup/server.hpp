// Connection set-up as a whole: from the workers' messages to sessions with tunnels.
//
// Everything runs on the control thread; only handshake steps and password verifications run on the
// threads of its pool. The loop calls on_message() for each message of a worker, on_jobs() when
// job_fd() is readable, and tick() every 100 ms or so.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "control/radius/accounting.hpp"
#include "control/radius/client.hpp"
#include "control/setup/admission.hpp"
#include "control/setup/connection.hpp"
#include "control/setup/environment.hpp"
#include "control/setup/outbox.hpp"
#include "control/setup/sessions.hpp"
#include "control/setup/waiting_room.hpp"
#include "control/tls/handshake_pool.hpp"
#include "control/tls/server_context.hpp"

namespace culvert::control {

class Setup {
 public:
  // `env` outlives it. `threads` of the handshake pool. Throws std::runtime_error.
  Setup(SetupEnv& env, std::shared_ptr<const ServerContext> tls, unsigned threads = 2,
        SetupLimits limits = {}, DtlsLimits dtls_limits = {});
  // Ends all sessions. Posts what the workers need to know; retires what it published.
  ~Setup();
  Setup(const Setup&) = delete;
  Setup& operator=(const Setup&) = delete;

  // Takes the message over and frees it.
  void on_message(unsigned worker, dp::Message* message);
  [[nodiscard]] int job_fd() const noexcept { return pool_.event_fd(); }
  void on_jobs();
  [[nodiscard]] int radius_fd() const noexcept { return radius_.event_fd(); }
  void on_radius() { radius_.on_event(); }
  void tick();
  // Posts what found no free message or a full ring before. Once per pass of the loop.
  void flush();

  // `vpn-sessiondb logoff`, and the daemon's end: how many sessions were ended.
  unsigned logoff_index(uint32_t index) { return sessions_.logoff_index(index); }
  unsigned logoff_user(std::string_view user) { return sessions_.logoff_user(user); }
  unsigned logoff_all(EndCause cause = EndCause::administrator_reset) {
    return sessions_.logoff_all(cause);
  }

  // For connections from now on.
  void set_tls(std::shared_ptr<const ServerContext> tls) { tls_ = std::move(tls); }
  void set_profiles(ClientProfiles profiles) { profiles_ = std::move(profiles); }
  // After SetupEnv::config has changed: RADIUS server groups that are new can be asked.
  void config_changed();

  [[nodiscard]] const Registry& sessions() const noexcept { return sessions_.registry(); }
  [[nodiscard]] const AddressPools& pools() const noexcept { return sessions_.pools(); }
  [[nodiscard]] const DtlsServer& dtls() const noexcept { return dtls_; }
  [[nodiscard]] const SetupStats& stats() const noexcept { return stats_; }
  [[nodiscard]] const dp::DropCounters& flow_drops() const noexcept { return env_.flow_drops; }
  [[nodiscard]] size_t connections() const noexcept { return connections_.size(); }  // tunnels too
  [[nodiscard]] unsigned half_set_up() const noexcept { return admission_.total(); }
  [[nodiscard]] const WaitingRoom& waiting_room() const noexcept { return waiting_room_; }
  // Messages that wait for a ring, and jobs that are not done.
  [[nodiscard]] size_t pending() const {
    return outbox_.waiting() + pool_.pending() + radius_.pending();
  }

 private:
  void on_opened(const dp::Message& opened);
  void on_record(const dp::Message& record);
  void on_ended(const dp::Message& ended);
  void turn_away(dp::ConnId conn);
  // Gives those who have said hello the places that there are.
  void serve();
  void begin(WaitingRoom::Guest guest);
  void show_out(uint64_t now_us);

  SetupEnv& env_;
  SetupLimits limits_;
  SetupStats stats_;
  std::shared_ptr<const ServerContext> tls_;
  Outbox outbox_;
  Admission admission_;
  WaitingRoom waiting_room_;
  radius::Client radius_;
  DtlsServer dtls_;
  Sessions sessions_;
  radius::Accounting accounting_;
  Authenticators authenticators_;
  ClientProfiles profiles_;
  SetupParts parts_;
  std::unordered_map<dp::ConnId, std::shared_ptr<Connection>, HashConn> connections_;
  uint64_t next_scan_us_ = 0;
  HandshakePool pool_;  // last: its threads stop before anything they use goes
};

}  // namespace culvert::control
