// Log-ins, so many at a time, and the crowd's events.
#include "tools/replay/tunnel/session_set.hpp"

#include <fmt/format.h>

#include "tools/crowd/dtls_retry.hpp"
#include "tools/replay/failure.hpp"

namespace culvert::replay {

using crowd::Channel;
using crowd::EventKind;

SessionSet::SessionSet(const TunnelOptions& options, crowd::Crowd& crowd)
    : options_(options), crowd_(crowd), sessions_(options.sessions) {
  for (size_t i = 0; i < sessions_.size(); ++i) {
    const bool tls =
        options.channels == Channels::tls || (options.channels == Channels::both && i % 2 == 0);
    sessions_[i].channel = tls ? Channel::tls : Channel::dtls;
  }
}

crowd::Credentials SessionSet::credentials(uint32_t session) const {
  crowd::Credentials who{.user = options_.user, .password = options_.password};
  who.want_dtls = sessions_[session].channel == Channel::dtls;
  if (const size_t at = who.user.find("{}"); at != std::string::npos)
    who.user.replace(at, 2, std::to_string(session + 1));
  return who;
}

void SessionSet::set_up(dp::Time now) {
  watch();
  if (first_ == 0) first_ = now;
  while (begun_ < sessions_.size() && begun_ - ready_ < options_.at_once) {
    if (!crowd_.log_in(begun_, credentials(begun_), now))
      throw Failure(fmt::format("Session {} cannot begin to log in.", begun_ + 1));
    ++begun_;
  }
}

void SessionSet::watch() {
  while (const auto event = crowd_.next_event())
    note(*event);
}

void SessionSet::becomes_ready(const crowd::Event& event) {
  Session& session = sessions_[event.member];
  if (session.ready) return;
  session.ready = true;
  ++ready_;
  last_ = event.at;
}

void SessionSet::note(const crowd::Event& event) {
  const auto why = [&] {
    std::string said(to_string(event.why));
    if (event.http_status != 0 && event.http_status != 200)
      said += fmt::format(", HTTP status {}", event.http_status);
    if (!event.text.empty()) said += ": " + event.text;
    return said;
  };
  switch (event.kind) {
    case EventKind::established:
      if (sessions_[event.member].channel == Channel::tls) becomes_ready(event);
      return;
    case EventKind::dtls_up: becomes_ready(event); return;
    case EventKind::refused:
      throw Failure(fmt::format("Session {} was not set up: {}.", event.member + 1, why()));
    case EventKind::closed:
    case EventKind::dtls_closed:
      if (leaving_) return;
      if (!sessions_[event.member].ready) {
        if (event.kind == EventKind::dtls_closed && options_.dtls_again_s > 0 &&
            crowd::worth_a_try(event.why)) {
          ++dtls_failed_;
          dtls_failure_ = why();
          return;
        }
        throw Failure(fmt::format("Session {} has no {}: {}.", event.member + 1,
                                  event.kind == EventKind::closed ? "tunnel" : "DTLS", why()));
      }
      ++ended_[fmt::format("{}{}", event.kind == EventKind::closed ? "" : "DTLS ", why())];
      return;
    default: return;
  }
}

std::string SessionSet::without_dtls() const {
  return dtls_failed_ == 0 ? ""
                           : fmt::format(", and DTLS failed {} times, the last time: {}",
                                         dtls_failed_, dtls_failure_);
}

double SessionSet::set_up_seconds() const noexcept {
  return ready_ == 0 ? 0 : static_cast<double>(last_ - first_) / static_cast<double>(dp::kSecond);
}

std::string SessionSet::suite(uint32_t session) const {
  const crowd::Membership member = crowd_.membership(session);
  return std::string(channel(session) == Channel::tls ? member.tls_suite : member.dtls_suite);
}

std::vector<SessionEnds> SessionSet::ends() const {
  std::vector<SessionEnds> ends;
  ends.reserve(sessions_.size());
  for (uint32_t i = 0; i < size(); ++i) {
    const crowd::Membership member = crowd_.membership(i);
    ends.push_back({.v4 = member.inner.v4,
                    .v6 = member.inner.v6,
                    .mtu = channel(i) == Channel::tls ? member.tls_mtu : member.dtls_mtu});
  }
  return ends;
}

void SessionSet::leave(dp::Time now) {
  leaving_ = true;
  for (uint32_t i = 0; i < size(); ++i)
    (void)crowd_.leave(i, now);
}

bool SessionSet::gone() const noexcept {
  for (uint32_t i = 0; i < size(); ++i) {
    if (crowd_.state(i) != crowd::MemberState::idle) return false;
  }
  return crowd_.tcp_counters().connections.load(std::memory_order_relaxed) == 0;
}

}  // namespace culvert::replay
