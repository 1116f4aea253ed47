// Distributes the workers' messages, and keeps the limits on connections without a tunnel.
#include "control/setup/server.hpp"

#include <algorithm>

#include "control/auth/local.hpp"
#include "control/radius/authenticator.hpp"

namespace culvert::control {
namespace {

constexpr uint64_t kScanInterval = 500'000;  // us
constexpr size_t kMaxJobs = 4096;
constexpr unsigned kMostHalfSetUp = 1000;

// A worker has TCP slots for all sessions, as many again and 256 (dataplane/worker/worker.cpp): those beyond the
// sessions are for who is in set-up and who waits.
SetupLimits fitted(SetupLimits limits, const Config& config) {
  if (limits.slots == 0) limits.slots = config.dataplane.max_sessions + 256;
  if (limits.half_set_up == 0) limits.half_set_up = std::min(kMostHalfSetUp, limits.slots / 2);
  return limits;
}

}  // namespace

Setup::Setup(SetupEnv& env, std::shared_ptr<const ServerContext> tls, unsigned threads,
             SetupLimits limits, DtlsLimits dtls_limits)
    : env_(env),
      limits_(fitted(limits, *env.config)),
      tls_(std::move(tls)),
      outbox_(env),
      admission_(limits_),
      waiting_room_(limits_),
      radius_(env_),
      dtls_(env, outbox_, pool_, dtls_limits),
      sessions_(env, limits_, outbox_, dtls_),
      accounting_(env_, radius_, sessions_.registry()),
      profiles_(read_profiles(env.config->webvpn.profiles)),
      parts_{env_, limits_, stats_, outbox_, pool_, sessions_, authenticators_, profiles_},
      pool_(threads, kMaxJobs) {
  authenticators_[std::string(kLocalServerGroup)] =
      std::make_unique<LocalAuthenticator>(env_.config, pool_);
  config_changed();
  sessions_.set_observer(&accounting_);
}

void Setup::config_changed() {
  // Those that are gone stay: somebody may still wait for their answer, and nobody will ask them.
  Authenticator& local = *authenticators_.at(std::string(kLocalServerGroup));
  for (const auto& [name, group] : env_.config->aaa_servers) {
    auto& authenticator = authenticators_[name];
    if (authenticator == nullptr)
      authenticator = std::make_unique<radius::RadiusAuthenticator>(name, env_, radius_, local);
  }
}

Setup::~Setup() {
  // The sessions say goodbye first; the claims of the tunnels keep the addresses until here.
  (void)sessions_.logoff_all(EndCause::shutdown);
  sessions_.set_observer(nullptr);
  radius_.send_and_forget();
  outbox_.flush();
  connections_.clear();
  dtls_.abandon();
}

void Setup::on_message(unsigned worker, dp::Message* message) {
  const auto found = connections_.find(message->conn);
  switch (message->kind) {
    case dp::MessageKind::opened: on_opened(*message); break;
    case dp::MessageKind::record: on_record(*message); break;
    case dp::MessageKind::promoted:
      if (found != connections_.end()) found->second->on_promoted(*message);
      break;
    case dp::MessageKind::key_update:
      if (found != connections_.end()) found->second->on_key_update(message->code);
      break;
    case dp::MessageKind::ended: on_ended(*message); break;
    case dp::MessageKind::oversized: sessions_.oversized(message->oversized); break;
    default: dtls_.on_message(worker, *message); break;
  }
  env_.free_message(worker, message);
  serve();
}

// A connection takes a place only when its client has said hello: who connects and is silent keeps nobody
// else waiting.
void Setup::on_opened(const dp::Message& opened) {
  stats_.opened++;
  const Arrival arrival{opened.conn, opened.flow, opened.peer_mss, opened.timestamps};
  const unsigned left = limits_.slots - std::min(limits_.slots - 1, admission_.total());
  const auto yields = waiting_room_.enter(arrival, std::min(limits_.waiting, left), env_.now_us());
  if (yields) turn_away(*yields);
  if (yields != opened.conn) outbox_.want_record(opened.conn);
}

void Setup::on_record(const dp::Message& record) {
  const std::span<const uint8_t> bytes{record.data, record.size};
  const auto found = connections_.find(record.conn);
  if (found != connections_.end()) return found->second->on_record(bytes);
  if (!waiting_room_.holds(record.conn)) return;
  if (!waiting_room_.speak(record.conn, bytes, env_.now_us())) return turn_away(record.conn);
  serve();
  if (waiting_room_.holds(record.conn)) stats_.waited++;
}

void Setup::turn_away(dp::ConnId conn) {
  stats_.turned_away++;
  env_.flow_drops.add(dp::DropReason::setup_full);
  outbox_.abort(conn);
}

void Setup::serve() {
  while (waiting_room_.ready() != 0 && !admission_.full() &&
         pool_.waiting(HandshakePool::Kind::hello) < limits_.hellos_at_once) {
    auto guest =
        waiting_room_.next([this](const IpAddress& source) { return admission_.takes(source); });
    if (!guest) return;
    begin(std::move(*guest));
  }
}

void Setup::begin(WaitingRoom::Guest guest) {
  const Arrival& arrival = guest.arrival;
  std::shared_ptr<Connection> connection;
  try {
    connection = std::make_shared<Connection>(parts_, *tls_, arrival,
                                              admission_.enter(source_of(arrival.flow.remote)));
  } catch (const std::runtime_error& e) {
    env_.log(3, 725014, std::string("SSL lib error. Function: new Reason: ") + e.what());
    outbox_.abort(arrival.conn);
    return;
  }
  connections_[arrival.conn] = connection;
  connection->on_record(guest.hello);
}

void Setup::show_out(uint64_t now_us) {
  for (const WaitingRoom::Guest& guest : waiting_room_.expire(now_us)) {
    outbox_.abort(guest.arrival.conn);
    if (!guest.hello.empty()) {
      stats_.wait_timeouts++;
      env_.flow_drops.add(dp::DropReason::setup_wait);
      continue;
    }
    stats_.handshake_timeouts++;
    tell_failed_handshake(env_, guest.arrival.flow);
  }
}

void Setup::on_ended(const dp::Message& ended) {
  const auto found = connections_.find(ended.conn);
  if (found != connections_.end()) {
    const std::shared_ptr<Connection> connection = found->second;
    connections_.erase(found);
    connection->on_ended(ended);
  } else if (waiting_room_.leave(ended.conn)) {
    stats_.ended_early++;
    if (ended.reason == dp::EndReason::bad_record) stats_.not_tls++;
  }
  outbox_.forget(ended.conn);
}

void Setup::on_jobs() {
  (void)pool_.collect();
  serve();
}

void Setup::flush() {
  outbox_.flush();
}

void Setup::tick() {
  outbox_.flush();
  radius_.tick();
  const uint64_t now = env_.now_us();
  dtls_.tick(now);
  if (now < next_scan_us_) return;
  next_scan_us_ = now + kScanInterval;
  show_out(now);
  size_t wanted = admission_.full() ? waiting_room_.ready() : 0;
  for (const auto& [id, connection] : connections_) {
    connection->tick(now);
    if (wanted != 0 && connection->make_way(now)) wanted--;
  }
  serve();
  sessions_.tick(now);
  accounting_.tick(now);
}

}  // namespace culvert::control
