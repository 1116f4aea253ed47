// Distributes the workers' messages, and keeps the limits on connections without a tunnel.
#include "control/setup/server.hpp"

#include "control/auth/local.hpp"
#include "control/radius/authenticator.hpp"

namespace culvert::control {
namespace {

constexpr uint64_t kScanInterval = 500'000;  // us
constexpr size_t kMaxJobs = 4096;

}  // namespace

Setup::Setup(SetupEnv& env, std::shared_ptr<const ServerContext> tls, unsigned threads,
             SetupLimits limits, DtlsLimits dtls_limits)
    : env_(env),
      limits_(limits),
      tls_(std::move(tls)),
      outbox_(env),
      admission_(limits_, stats_),
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
  (void)sessions_.logoff_all();
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
    case dp::MessageKind::record:
      if (found != connections_.end()) found->second->on_record({message->data, message->size});
      break;
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
}

void Setup::on_opened(const dp::Message& opened) {
  stats_.opened++;
  auto place = admission_.enter(opened.flow.remote);
  if (!place) {
    outbox_.abort(opened.conn);
    return;
  }
  std::shared_ptr<Connection> connection;
  try {
    connection = std::make_shared<Connection>(parts_, *tls_, opened, std::move(*place));
  } catch (const std::runtime_error& e) {
    env_.log(3, 725014, std::string("SSL lib error. Function: new Reason: ") + e.what());
    outbox_.abort(opened.conn);
    return;
  }
  connections_[opened.conn] = connection;
  connection->start();
}

void Setup::on_ended(const dp::Message& ended) {
  const auto found = connections_.find(ended.conn);
  if (found != connections_.end()) {
    const std::shared_ptr<Connection> connection = found->second;
    connections_.erase(found);
    connection->on_ended(ended);
  }
  outbox_.forget(ended.conn);
}

void Setup::on_jobs() {
  (void)pool_.collect();
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
  for (const auto& [id, connection] : connections_)
    connection->tick(now);
  sessions_.tick(now);
  accounting_.tick(now);
}

}  // namespace culvert::control
