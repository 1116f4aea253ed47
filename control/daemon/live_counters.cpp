// What connection set-up counts, in the order in which connections go through it.
#include "control/daemon/live_state.hpp"

namespace culvert::control {

std::vector<CounterView> LiveState::setup_counters() const {
  if (setup_ == nullptr) return {};
  const SetupStats& s = setup_->stats();
  const DtlsStats& d = setup_->dtls().stats();
  const WaitingRoom& room = setup_->waiting_room();
  return {
      {"silent", "Connections that have not said hello, at this moment", room.silent()},
      {"waiting", "Connections that wait for a place, at this moment", room.ready()},
      {"in_setup", "Connections in set-up, at this moment", setup_->half_set_up()},
      {"opened", "Connections opened", s.opened},
      {"not_tls", "Connections that did not begin with TLS", s.not_tls},
      {"waited", "Connections that had to wait for a place", s.waited},
      {"turned_away", "Connections reset for want of room to wait", s.turned_away},
      {"wait_timeouts", "Connections reset that waited for too long", s.wait_timeouts},
      {"made_way", "Silent clients shown out because others waited", s.made_way},
      {"handshakes", "TLS handshakes", s.handshakes},
      {"handshakes_failed", "TLS handshakes that failed", s.handshakes_failed},
      {"handshake_timeouts", "Hellos and TLS handshakes that did not come in time",
       s.handshake_timeouts},
      {"login_timeouts", "Requests that did not come in time", s.login_timeouts},
      {"ended_early", "Clients that left before they had a tunnel", s.ended_early},
      {"requests", "Requests", s.requests},
      {"requests_refused", "Requests refused", s.requests_refused},
      {"logins", "Log-ins", s.logins},
      {"logins_failed", "Log-ins that failed", s.logins_failed},
      {"connects", "CONNECTs granted", s.connects},
      {"connects_refused", "CONNECTs refused", s.connects_refused},
      {"tls_tunnels", "TLS tunnels begun", s.promoted},
      {"dtls_under_way", "DTLS handshakes under way, at this moment", setup_->dtls().under_way()},
      {"dtls_datagrams", "DTLS handshake datagrams", d.datagrams},
      {"dtls_unknown_id", "DTLS hellos of no session", d.unknown_id},
      {"dtls_verify_requests", "DTLS hellos that were sent a cookie", d.verify_requests},
      {"dtls_limited", "DTLS datagrams over a limit", d.limited},
      {"dtls_begun", "DTLS handshakes begun", d.begun},
      {"dtls_done", "DTLS handshakes done", d.done},
      {"dtls_failed", "DTLS handshakes that failed", d.failed},
      {"dtls_timeouts", "DTLS handshakes that did not end in time", d.timeouts},
      {"dtls_tunnels", "DTLS tunnels that carried data", d.up},
  };
}

}  // namespace culvert::control
