#include "tools/session-crowd/member.hpp"

#include <array>

#include <poll.h>

#include "tools/culvert-client/cstp.hpp"
#include "tools/culvert-client/failure.hpp"
#include "tools/culvert-client/login.hpp"

namespace culvert::crowd {
namespace {

using client::Clock;
using client::Failure;
using client::Frame;

constexpr std::chrono::seconds kPatience{30};
// A datagram may be lost, or meet a worker that does not have the keys yet.
constexpr std::chrono::milliseconds kAgain{300};

[[nodiscard]] int poll_until(int fd, Clock::time_point when) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, client::milliseconds_until(when));
}

}  // namespace

Member::Member(const client::Options& options, client::Signals& signals) {
  client::Gateway gateway = client::Gateway::parse(options.url);
  gateway.keeps_device = false;
  client::LoggedIn in = client::log_in(gateway, options, signals);
  tls_ =
      in.tls ? std::move(in.tls) : std::make_unique<client::TlsStream>(gateway, options, signals);
  grant_ = client::connect_tunnel(*tls_, gateway, options, in.cookie.view(), {}, signals);
  if (!grant_.dtls) throw Failure("the headend offers no DTLS");
  dtls_ = std::make_unique<client::DtlsTunnel>(*grant_.dtls, tls_->fd(), tls_->peer());
  const auto deadline = Clock::now() + kPatience;
  while (dtls_->state() == client::DtlsTunnel::State::shaking_hands) {
    if (Clock::now() >= deadline) throw Failure("the DTLS handshake takes too long");
    (void)poll_until(dtls_->fd(), std::min(deadline, dtls_->timeout().value_or(deadline)));
    dtls_->advance();
  }
  if (dtls_->state() != client::DtlsTunnel::State::up) {
    throw Failure("the DTLS handshake failed: " + dtls_->problem());
  }
}

void Member::exchange(client::Signals& signals) {
  ask_by_tls(signals);
  ask_by_dtls(signals);
}

void Member::ask_by_tls(client::Signals& signals) {
  std::array<uint8_t, client::kCstpHeader> request{};
  client::write_cstp_header(request, Frame::dpd_request, 0);
  const auto deadline = Clock::now() + kPatience;
  tls_->write_all({reinterpret_cast<const char*>(request.data()), request.size()}, signals,
                  deadline);
  std::array<uint8_t, client::kLargestRecord> room{};
  while (true) {
    const size_t n = tls_->read_some(room, signals, deadline, "an answer by TLS");
    const auto packet = client::parse_cstp({room.data(), n});
    if (packet && packet->type == Frame::dpd_response) return;
  }
}

void Member::ask_by_dtls(client::Signals& signals) {
  const std::array<uint8_t, 1> request{static_cast<uint8_t>(Frame::dpd_request)};
  std::array<uint8_t, client::kLargestRecord> room{};
  const auto deadline = Clock::now() + kPatience;
  while (Clock::now() < deadline) {
    if (signals.take()) throw Failure("interrupted");
    dtls_->write(request);
    const auto again = Clock::now() + kAgain;
    while (poll_until(dtls_->fd(), again) > 0) {
      const size_t n = dtls_->read(room);
      if (n != 0 && room[0] == static_cast<uint8_t>(Frame::dpd_response)) return;
      if (dtls_->state() == client::DtlsTunnel::State::failed) {
        throw Failure("the DTLS tunnel ended: " + dtls_->problem());
      }
    }
  }
  throw Failure("no answer by DTLS");
}

}  // namespace culvert::crowd
