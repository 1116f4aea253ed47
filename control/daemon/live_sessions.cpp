// Sessions and tunnels as the show commands see them.
#include <algorithm>
#include <tuple>

#include "control/daemon/clock.hpp"
#include "control/daemon/live_state.hpp"
#include "crypto/suite.hpp"

namespace culvert::control {

namespace {

void set_suite(TunnelView& view, const crypto::Suite* suite) {
  if (suite == nullptr) return;
  view.encryption = suite->asa_encryption;
  view.hashing = suite->asa_hashing;
  view.version = crypto::to_string(suite->version);
  view.suite = suite->name;
}

void set_flow(TunnelView& view, const dp::Flow& flow) {
  view.client = flow.remote;
  view.client_port = flow.remote_port;
  view.headend_port = flow.local_port;
}

TunnelView tunnel_view(const TunnelInfo& t) {
  TunnelView view;
  view.name = "SSL-Tunnel";
  view.mtu = t.tls_mtu;
  view.worker = t.conn.worker;
  if (t.counters != nullptr) {
    view.path_mtu = t.counters->path_mtu.load(kRelaxed);
    view.totals = read_totals(*t.counters);
  }
  set_flow(view, t.flow);
  set_suite(view, t.suite);
  return view;
}

TunnelView tunnel_view(const DtlsTunnel& t) {
  TunnelView view;
  view.name = "DTLS-Tunnel";
  view.mtu = t.mtu;
  view.path_mtu = t.path_mtu();
  view.worker = t.rx.worker;
  view.datagrams = true;
  view.totals = t.totals();
  set_flow(view, t.flow);
  set_suite(view, t.suite);
  return view;
}

// What is left of the time without data or, while there is no tunnel, of the time to come back.
void set_limits(SessionView& view, const SessionRecord& s, uint64_t now_us) {
  const bool waits = s.state == SessionState::waiting;
  const uint64_t since = waits ? s.state_since_us : s.data_us;
  const uint64_t limit = waits ? s.policy.disconnected_timeout_s : s.policy.idle_timeout_s;
  const uint64_t passed = now_us > since ? (now_us - since) / 1'000'000 : 0;
  view.idle_timeout_s = s.policy.idle_timeout_s;
  view.idle_left_s = static_cast<unsigned>(limit - std::min(limit, passed));
  view.session_timeout_s = s.policy.session_timeout_s;
}

}  // namespace

std::vector<SessionView> LiveState::sessions() const {
  std::vector<SessionView> views;
  if (setup_ == nullptr) return views;
  const Time wall = now();
  const uint64_t steady = steady_us();
  for (const auto& [index, s] : setup_->sessions().all()) {
    if (s->state == SessionState::authenticated) continue;  // logged in, no tunnel asked for yet
    SessionView view;
    view.username = s->user;
    view.index = index;
    view.public_address = s->public_address;
    view.public_port = s->public_port;
    view.group_policy = s->policy.name;
    view.tunnel_group = s->tunnel_group;
    view.login = std::chrono::system_clock::from_time_t(s->login_time);
    if (s->inner != nullptr) {
      view.assigned = s->inner->address();
      view.assigned6 = s->inner->address6();
      if (s->inner->session != nullptr) view.home = s->inner->session->home;
    }
    view.totals = s->totals();
    view.auth_mode = to_string(s->auth_mode);
    view.client_os = s->device;
    view.user_agent = s->user_agent;
    set_limits(view, *s, steady);
    if (s->tunnel) view.tunnels.push_back(tunnel_view(*s->tunnel));
    // A silent one is still the session's if there is no other: it has the whole DPD time.
    if (s->dtls && (s->dtls->state == DtlsTunnel::State::up ||
                    (s->dtls->state == DtlsTunnel::State::silent && !s->tunnel))) {
      view.tunnels.push_back(tunnel_view(*s->dtls));
    }
    view.headend = s->headend;
    if (view.tunnels.empty()) {
      view.inactive_since = wall - std::chrono::microseconds(steady - s->state_since_us);
    }
    views.push_back(std::move(view));
  }
  return views;
}

SessionSummary LiveState::session_summary() const {
  SessionSummary summary;
  summary.capacity = config_.dataplane.max_sessions;
  if (setup_ == nullptr) return summary;
  uint64_t active = 0, inactive = 0, dtls = 0, ssl = 0;
  for (const auto& [index, s] : setup_->sessions().all()) {
    if (s->state == SessionState::active) ++active;
    if (s->tunnel) ++ssl;
    if (s->dtls) ++dtls;
    if (s->state == SessionState::waiting) ++inactive;
  }
  const uint64_t cumulative = setup_->sessions().cumulative();
  const uint64_t peak = setup_->sessions().peak();
  summary.clients = {{"AnyConnect Client", active, cumulative, peak, inactive},
                     {"  SSL/TLS/DTLS", active, cumulative, peak, inactive}};
  summary.tunnels = {{"AnyConnect-Parent", active + inactive, cumulative, peak, {}},
                     {"SSL-Tunnel", ssl, setup_->stats().promoted, peak_tunnels_, {}},
                     {"DTLS-Tunnel", dtls, setup_->dtls().stats().up, peak_dtls_, {}}};
  summary.total_active = active + inactive;
  summary.total_cumulative = cumulative;
  return summary;
}

std::vector<CarriedTunnelView> LiveState::carried_tunnels() const {
  std::vector<CarriedTunnelView> views;
  if (setup_ == nullptr) return views;
  for (const auto& [index, session] : setup_->sessions().all()) {
    const auto& s = session;  // clang 14 cannot capture a structured binding
    if (s->inner == nullptr || s->inner->session == nullptr) continue;
    const auto carrier = s->inner->session->current_channel().kind();
    const auto add = [&](const char* protocol, dp::Channel::Kind kind, unsigned worker,
                         const dp::Totals& totals, std::pair<uint16_t, uint16_t> mtus) {
      CarriedTunnelView view;
      view.protocol = protocol;
      view.assigned = s->inner->name();
      view.carries = carrier == kind;
      view.worker = worker;
      view.home = s->inner->session->home;
      std::tie(view.mtu, view.path_mtu) = mtus;
      view.rx_records = totals.rx_records;
      view.tx_records = totals.tx_records;
      view.rx_packets = totals.rx_packets;
      view.tx_packets = totals.tx_packets;
      view.tx_dropped = totals.tx_dropped;
      views.push_back(view);
    };
    if (s->tunnel && s->tunnel->counters != nullptr) {
      add("SSL", dp::Channel::Kind::tls, s->tunnel->conn.worker, read_totals(*s->tunnel->counters),
          {s->tunnel->tls_mtu, s->tunnel->counters->path_mtu.load(kRelaxed)});
      views.back().tx_marked = s->tunnel->counters->tx_marked.load(kRelaxed);
      views.back().key_updates = s->tunnel->counters->key_updates.load(kRelaxed);
      views.back().openssl_bytes_after_connect = s->tunnel->openssl_bytes_after_connect;
    }
    if (const auto& d = s->dtls) {
      add("DTLS", dp::Channel::Kind::dtls, d->rx.worker, d->totals(), {d->mtu, d->path_mtu()});
    }
  }
  return views;
}

}  // namespace culvert::control
