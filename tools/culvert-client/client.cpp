#include "tools/culvert-client/client.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>

#include "tools/culvert-client/failure.hpp"
#include "tools/culvert-client/login.hpp"

namespace culvert::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{250};  // between tries to come back
constexpr milliseconds kLongestPause{10'000};

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Client::Client(Options& options, Signals& signals, Journal& journal, Report& report)
    : options_(options),
      signals_(signals),
      journal_(journal),
      report_(report),
      gateway_(Gateway::parse(options.url)) {
  try {
    for (const std::string& each : options.routes)
      routes_.push_back(Route::parse(each));
  } catch (const Failure& failure) {
    throw Failure(std::string("--route: ") + failure.what(), ExitStatus::command_line);
  }
  report_.server = gateway_.authority();
  report_.behaviour = as_anyconnect() ? "anyconnect" : "openconnect";
}

std::string_view Client::name(Reason reason) noexcept {
  switch (reason) {
    case Reason::first: return "first";
    case Reason::new_mtu: return "new-mtu";
    case Reason::lost: return "lost";
    case Reason::asked: break;
  }
  return "asked";
}

void Client::run() {
  try {
    log_in();
    open_tunnel(Reason::first, Clock::now());
    while (true)
      turn();
  } catch (Wish wish) {
    leave(wish);
  }
}

void Client::log_in() {
  using enum Journal::Type;
  using enum Journal::Source;
  journal_.entry(information, window,
                 "Message type information sent to the user:\nContacting " + gateway_.host + ".");
  LoggedIn done = client::log_in(gateway_, options_, signals_);
  options_.password.clear();
  cookie_ = std::move(done.cookie);
  tls_ = std::move(done.tls);
  journal_.event("logged-in", {{"user", options_.user}});
}

// The adapter is there, or has the right MTU, only after the headend's reply.
void Client::open_tunnel(Reason reason, Clock::time_point lost_at) {
  if (!tls_) tls_ = std::make_unique<TlsStream>(gateway_, options_, signals_);
  gateway_.way = tls_->way();
  Grant grant =
      connect_tunnel(*tls_, gateway_, options_, cookie_.view(), grant_.addresses, signals_);
  // The same session has the same addresses; only IPv6 may be withheld, where the MTU is too small.
  const Addresses& before = grant_.addresses;
  const bool moved = !before.v4.empty() && grant.addresses.v4 != before.v4;
  const bool moved6 =
      !before.v6.empty() && !grant.addresses.v6.empty() && grant.addresses.v6 != before.v6;
  if (moved || moved6) {
    throw Failure(fmt::format("after the reconnect the headend gives {} {} instead of {} {}",
                              grant.addresses.v4, grant.addresses.v6, before.v4, before.v6),
                  ExitStatus::refused);
  }
  grant_ = std::move(grant);
  outbox_.clear();
  const auto now = Clock::now();
  if (reason == Reason::first) start_ = now;
  tls_alive_ = Liveness(grant_.dpd_s, grant_.keepalive_s, now);
  put_up_adapter();

  Connection connection;
  connection.reason = name(reason);
  connection.tls = tls_->version() + " " + tls_->suite();
  connection.at_s = seconds_between(start_, now);
  connection.without_s = reason == Reason::first ? 0 : seconds_between(lost_at, now);
  connection.tls_mtu = grant_.tls_mtu;
  connection.dtls_mtu = grant_.dtls ? grant_.dtls_mtu : 0;
  connection.adapter_mtu = adapter_->mtu();
  report_.connections.push_back(connection);
  report_.address = grant_.addresses.v4;
  report_.address6 = grant_.addresses.v6;
  journal_.event("connected", {{"reason", name(reason)},
                               {"address", grant_.addresses.v4},
                               {"address6", grant_.addresses.v6},
                               {"tls", connection.tls},
                               {"tls_mtu", connection.tls_mtu},
                               {"dtls_mtu", connection.dtls_mtu},
                               {"adapter_mtu", connection.adapter_mtu},
                               {"interface", adapter_->name()},
                               {"without_tunnel_s", connection.without_s}});
  if (reason == Reason::first) {
    journal_.entry(
        Journal::Type::information, Journal::Source::window,
        "Message type information sent to the user:\nConnected to " + gateway_.host + ".");
  }
  minute_over_.reset();
  next_dtls_try_.reset();
  if (!grant_.dtls) return;
  if (as_anyconnect() && !tls_mtu_applies_) minute_over_ = now + options_.minute;
  try_dtls();
}

std::vector<Route> Client::routes() const {
  if (!routes_.empty()) return routes_;
  std::vector<Route> out;
  for (const std::string& each : grant_.routes)
    out.push_back(Route::parse(each));
  // Two halves win over a default route without taking its place.
  for (const auto& halves :
       {std::array{"0.0.0.0/1", "128.0.0.0/1"}, std::array{"::/1", "8000::/1"}}) {
    const bool six = halves[0][0] == ':';
    const bool some =
        std::any_of(out.begin(), out.end(), [six](const Route& r) { return r.six == six; });
    if (some) continue;
    for (const char* half : halves)
      out.push_back(Route::parse(half));
  }
  return out;
}

void Client::put_up_adapter() {
  const unsigned mtu = !as_anyconnect()   ? grant_.larger_mtu()
                       : tls_mtu_applies_ ? grant_.tls_mtu
                                          : grant_.first_mtu();
  if (adapter_ && adapter_->mtu() == mtu) return;
  const unsigned before = adapter_ ? adapter_->mtu() : 0;
  std::string device = options_.interface;
  if (adapter_) {
    if (as_anyconnect()) {
      journal_.entry(
          Journal::Type::warning, Journal::Source::agent,
          "A new MTU needs to be applied to the VPN network interface. Disabling and "
          "re-enabling the Virtual Adapter. Applications utilizing the private network may "
          "need to be restarted.");
    }
    device = adapter_->name();
    drain_adapter();
    adapter_.reset();
  }
  adapter_ = std::make_unique<Adapter>(device, grant_.addresses, mtu, routes());
  dropped_for_size_ = false;
  journal_.event("adapter", {{"interface", adapter_->name()}, {"mtu", mtu}, {"before", before}});
}

// What waits in an adapter that is taken away is lost.
void Client::drain_adapter() {
  while (adapter_->read(room_) != 0)
    report_.without_tunnel++;
}

void Client::reconnect(Reason reason) {
  using enum Journal::Type;
  using enum Journal::Source;
  const auto lost_at = Clock::now();
  if (as_anyconnect()) {
    if (reason == Reason::new_mtu) {
      journal_.entry(warning, agent, "Reconfigure reason code 16:\nNew MTU configuration.");
    }
    journal_.entry(information, agent, "The entire VPN connection is being reconfigured.");
    journal_.entry(
        information, window,
        "Message type information sent to the user:\nReconnecting to " + gateway_.host + "...");
  }
  journal_.event("reconnecting", {{"reason", name(reason)}});
  if (dtls_) dtls_->close();
  dtls_.reset();
  next_greeting_.reset();
  if (reason != Reason::lost && tls_) {
    constexpr std::string_view kWords = "Reconnecting the VPN tunnel.";
    std::vector<uint8_t> goodbye{kReconnecting};
    goodbye.insert(goodbye.end(), kWords.begin(), kWords.end());
    try {
      send_tls(Frame::disconnect, goodbye);
    } catch (const Failure&) {
      journal_.event("goodbye-lost", nlohmann::json::object());  // it was over already
    }
  }
  tls_.reset();
  keep_trying(reason, lost_at);
}

void Client::keep_trying(Reason reason, Clock::time_point lost_at) {
  for (milliseconds pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    try {
      return open_tunnel(reason, lost_at);
    } catch (const Failure& failure) {
      tls_.reset();
      const bool in_vain = Clock::now() + pause > lost_at + options_.reconnect_timeout;
      if (failure.status() != ExitStatus::failed || in_vain) throw;
      journal_.event("try-failed", {{"why", failure.what()}});
    }
    std::array<pollfd, 1> polled{pollfd{signals_.fd(), POLLIN, 0}};
    (void)poll(polled.data(), polled.size(), static_cast<int>(pause.count()));
    const auto wish = signals_.take();
    if (wish == Wish::log_out || wish == Wish::detach) throw *wish;
  }
}

void Client::leave(Wish wish) {
  report_.end = wish == Wish::detach ? "detached; the session stays" : "logged out";
  if (dtls_) dtls_->close();
  if (wish == Wish::log_out && tls_ && adapter_) {
    constexpr std::string_view kWords = "Session terminated by user.";
    std::vector<uint8_t> goodbye{kUserDisconnect};
    goodbye.insert(goodbye.end(), kWords.begin(), kWords.end());
    try {
      send_tls(Frame::disconnect, goodbye);
      flush();
    } catch (const Failure& failure) {
      report_.end = std::string("logged out, and the headend may not know: ") + failure.what();
    }
  }
  journal_.event("end", {{"why", report_.end}});
}

}  // namespace culvert::client
