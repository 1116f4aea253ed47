// One turn of the client: what has come, what signals want, and what the time asks for.
#include <algorithm>
#include <array>
#include <optional>

#include <nlohmann/json.hpp>
#include <poll.h>

#include "tools/culvert-client/client.hpp"
#include "tools/culvert-client/failure.hpp"

namespace culvert::client {

void Client::turn() {
  std::array<pollfd, 4> polled{};
  const auto poll_for = [](int fd, int events) {
    return pollfd{fd, static_cast<short>(events), 0};
  };
  polled[0] = poll_for(signals_.fd(), POLLIN);
  polled[1] = poll_for(tls_->fd(), outbox_.empty() ? POLLIN : POLLIN | POLLOUT);
  // While TLS has no room packets wait in the adapter, whose queue is as long as any adapter's.
  polled[2] = poll_for(outbox_.empty() ? adapter_->fd() : -1, POLLIN);
  polled[3] = poll_for(dtls_ ? dtls_->fd() : -1, POLLIN);
  const int timeout = tls_->pending() ? 0 : milliseconds_until(next_deadline());
  (void)poll(polled.data(), polled.size(), timeout);
  if (polled[0].revents != 0) {
    if (const auto wish = signals_.take()) hear(*wish);
  }
  std::optional<Reason> reason;
  try {
    if (polled[1].revents != 0 || tls_->pending()) {
      flush();
      read_tls();
    }
    if (polled[3].revents != 0 && dtls_) move_dtls();
    if (polled[2].revents != 0) read_adapter();
    reason = look_at_the_clock();
  } catch (const Failure& failure) {
    if (failure.status() != ExitStatus::failed) throw;
    journal_.event("lost", {{"why", failure.what()}});
    reason = Reason::lost;
  }
  if (reason) reconnect(*reason);
}

void Client::hear(Wish wish) {
  switch (wish) {
    case Wish::tell: journal_.event("statistics", report_.as_json()); return;
    case Wish::reconnect: reconnect(Reason::asked); return;
    case Wish::log_out:
    case Wish::detach: break;
  }
  throw wish;
}

Clock::time_point Client::next_deadline() const {
  auto when = std::min(Clock::now() + std::chrono::seconds(60), tls_alive_.next());
  if (minute_over_) when = std::min(when, *minute_over_);
  if (next_dtls_try_) when = std::min(when, *next_dtls_try_);
  if (next_greeting_) when = std::min(when, *next_greeting_);
  if (dtls_) {
    if (const auto timeout = dtls_->timeout()) when = std::min(when, *timeout);
    if (dtls_->state() == DtlsTunnel::State::up) when = std::min(when, dtls_alive_.next());
  }
  return when;
}

std::optional<Client::Reason> Client::look_at_the_clock() {
  const auto now = Clock::now();
  switch (tls_alive_.due(now)) {
    case Liveness::Due::nothing: break;
    case Liveness::Due::ask: send_tls(Frame::dpd_request, {}); break;
    case Liveness::Due::speak: send_tls(Frame::keepalive, {}); break;
    case Liveness::Due::dead: throw Failure("the headend is silent");
  }
  if (dtls_ && dtls_->state() == DtlsTunnel::State::up) {
    if (next_greeting_ && now >= *next_greeting_) greet_by_dtls();
    switch (dtls_alive_.due(now)) {
      case Liveness::Due::nothing: break;
      case Liveness::Due::ask: send_dtls(Frame::dpd_request, {}); break;
      case Liveness::Due::speak: send_dtls(Frame::keepalive, {}); break;
      case Liveness::Due::dead: give_up_dtls("the headend is silent by DTLS"); break;
    }
  } else if (dtls_) {
    if (const auto timeout = dtls_->timeout(); timeout && now >= *timeout) move_dtls();
  }
  if (minute_over_ && now >= *minute_over_) {
    minute_over_.reset();
    if (adapter_->mtu() != grant_.tls_mtu) {
      tls_mtu_applies_ = true;
      return Reason::new_mtu;
    }
  }
  if (next_dtls_try_ && now >= *next_dtls_try_) try_dtls();
  return std::nullopt;
}

// A new handshake; one that has come to nothing makes room for it.
void Client::try_dtls() {
  const bool again = dtls_ != nullptr;
  if (again) dtls_->close();
  dtls_.reset();
  next_dtls_try_ = Clock::now() + (tls_mtu_applies_ ? options_.minute : options_.minute / 2);
  journal_.event("dtls", {{"state", "trying"}, {"again", again}, {"port", grant_.dtls->port}});
  dtls_was_up_ = false;
  next_greeting_.reset();
  try {
    dtls_ = std::make_unique<DtlsTunnel>(*grant_.dtls, tls_->fd(), tls_->peer());
  } catch (const Failure& failure) {
    journal_.event("dtls", {{"state", "impossible"}, {"why", failure.what()}});
    return;
  }
  move_dtls();
}

// A handshake that failed leaves the time of the next one as it is; a tunnel that was up is missed at
// once, and the adapter's MTU is wrong from now on.
void Client::give_up_dtls(const std::string& why) {
  journal_.event("dtls", {{"state", dtls_was_up_ ? "lost" : "failed"}, {"why", why}});
  dtls_->close();
  dtls_.reset();
  next_greeting_.reset();
  if (!dtls_was_up_) return;
  next_dtls_try_ = Clock::now();
  if (as_anyconnect() && !tls_mtu_applies_) minute_over_ = Clock::now() + options_.minute;
}

void Client::greet_by_dtls() {
  constexpr std::chrono::milliseconds kAgain{300};
  send_dtls(Frame::dpd_request, {});
  next_greeting_ = Clock::now() + kAgain;
}

void Client::move_dtls() {
  dtls_->advance();
  // A near headend may have answered all of it while the first flight was sent.
  if (!dtls_was_up_ && dtls_->state() == DtlsTunnel::State::up) {
    dtls_was_up_ = true;
    minute_over_.reset();
    next_dtls_try_.reset();
    dtls_alive_ = Liveness(grant_.dtls->dpd_s, grant_.keepalive_s, Clock::now());
    report_.connections.back().dtls = dtls_->version() + " " + dtls_->suite();
    journal_.event("dtls", {{"state", "up"}, {"suite", report_.connections.back().dtls}});
    greet_by_dtls();
  }
  if (dtls_->state() == DtlsTunnel::State::up) read_dtls();
  if (dtls_->state() == DtlsTunnel::State::failed) give_up_dtls(dtls_->problem());
}

}  // namespace culvert::client
