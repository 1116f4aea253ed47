// Login, logout, limits and timeouts. Message texts are the ASA's.
#include "control/setup/sessions.hpp"

#include <chrono>
#include <limits>

#include <fmt/format.h>

#include "control/log/duration_text.hpp"
#include "dataplane/cstp/frame.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::control {

using dp::kSecond;

namespace {

// The client ends and does not come back by itself.
constexpr auto kCstpTerminate = static_cast<uint8_t>(cstp::PacketType::terminate);

}  // namespace

Sessions::Sessions(SetupEnv& env, const SetupLimits& limits, Outbox& outbox, DtlsServer& dtls)
    : env_(env), limits_(limits), outbox_(outbox), dtls_(dtls), pools_(*env.config, env.home_of) {
  dtls_.attach(*this);
}

Sessions::~Sessions() {
  (void)logoff_all(Cause::shutdown);
}

std::string Sessions::prefix(const SessionRecord& session) {
  return fmt::format("Group <{}> User <{}> IP <{}>", session.policy.name, session.user,
                     session.public_address.to_string());
}

Sessions::LoginResult Sessions::login(const Login& login) {
  LoginResult result;
  SessionRecord session;
  session.policy = resolve_policy(*env_.config, login.tunnel_group, login.user, login.attributes);
  const std::string who = fmt::format("Group <{}> User <{}> IP <{}>", session.policy.name,
                                      login.user, login.flow.remote.to_string());
  // The ASA counts a session as soon as its user is known, and logs the oldest off for the newest.
  if (session.policy.simultaneous_logins == 0) {
    env_.log(6, 113013,
             "AAA unable to complete the request Error : reason = Simultaneous logins "
             "exceeded for user : user = " +
                 login.user);
    result.refusal = "Login is not allowed for this user.";
    return result;
  }
  auto existing = registry_.of_user(login.user);
  for (size_t i = 0; existing.size() - i >= session.policy.simultaneous_logins; i++)
    end(*existing[i], Cause::port_preempted);

  SessionRecord* victim = nullptr;
  if (!make_room(victim)) {
    env_.log(4, 716023,
             fmt::format("{} Session could not be established: session limit of {} reached.", who,
                         env_.config->dataplane.max_sessions));
    result.refusal = "The session limit is reached. Please try again later.";
    return result;
  }
  if (victim != nullptr) {
    env_.log(6, 716060,
             prefix(*victim) +
                 " Terminated AnyConnect session in inactive state to "
                 "accept a new connection: License limit reached.");
    end(*victim, Cause::port_preempted);
  }

  result.cookie = make_cookie();
  session.cookie = hash_cookie(result.cookie);
  session.user = login.user;
  session.tunnel_group = login.tunnel_group;
  session.attributes = login.attributes;
  session.auth_mode = login.mode;
  session.public_address = login.flow.remote;
  session.public_port = login.flow.remote_port;
  session.headend = login.flow.local;
  session.user_agent = login.user_agent;
  session.device = login.device;
  session.login_time = env_.wall_time();
  session.login_us = session.state_since_us = env_.now_us();
  result.session = &registry_.add(std::move(session));
  env_.log(6, 113039, who + " AnyConnect parent session started.");
  return result;
}

// True if another session fits, perhaps at the price of `victim`: the one without a tunnel for
// longest.
bool Sessions::make_room(SessionRecord*& victim) {
  if (registry_.size() < env_.config->dataplane.max_sessions) return true;
  for (const auto& [index, session] : registry_.all()) {
    if (session->state != SessionState::waiting) continue;
    if (victim == nullptr || session->state_since_us < victim->state_since_us)
      victim = session.get();
  }
  return victim != nullptr;
}

bool Sessions::logout(std::string_view cookie) {
  SessionRecord* session = registry_.find_cookie(cookie);
  if (session == nullptr) return false;
  end(*session, Cause::user_requested);
  return true;
}

unsigned Sessions::logoff_index(uint32_t index) {
  SessionRecord* session = registry_.find(index);
  if (session == nullptr) return 0;
  end(*session, Cause::administrator_reset);
  return 1;
}

unsigned Sessions::logoff_user(std::string_view user) {
  const auto sessions = registry_.of_user(user);
  for (SessionRecord* session : sessions)
    end(*session, Cause::administrator_reset);
  return static_cast<unsigned>(sessions.size());
}

unsigned Sessions::logoff_all(Cause cause) {
  unsigned count = 0;
  for (; !registry_.all().empty(); count++)
    end(*registry_.all().begin()->second, cause);
  return count;
}

void Sessions::tick(uint64_t now_us) {
  const auto passed = [now_us](uint64_t since, uint64_t seconds) {
    return now_us >= since && now_us - since >= seconds * kSecond;
  };
  for (auto it = registry_.all().begin(); it != registry_.all().end();) {
    SessionRecord& session = *it->second;
    ++it;  // end() takes the session out
    const Policy& policy = session.policy;
    give_up_dtls(session, now_us);
    if (policy.session_timeout_s != 0 && passed(session.login_us, policy.session_timeout_s)) {
      end(session, Cause::max_time);
    } else if (idle_too_long(session, now_us)) {
      end(session, Cause::idle_timeout);
    } else if (session.state == SessionState::waiting &&
               passed(session.state_since_us, policy.disconnected_timeout_s)) {
      end(session, Cause::idle_timeout);
    } else if (session.state == SessionState::authenticated &&
               passed(session.state_since_us, limits_.first_connect_s)) {
      end(session, Cause::lost_carrier);
    }
  }
}

// Data on either channel keeps a session alive. Workers count it by clocks of their own, so what
// counts is when control saw it change.
bool Sessions::idle_too_long(SessionRecord& session, uint64_t now_us) {
  if (session.state != SessionState::active) return false;
  const uint64_t last = session.last_data();
  if (last != session.data_mark) {
    session.data_mark = last;
    session.data_us = now_us;
  }
  const uint64_t limit = session.policy.idle_timeout_s * kSecond;
  return limit != 0 && now_us >= session.data_us + limit;
}

void Sessions::end(SessionRecord& session, Cause cause) {
  if (session.inner) env_.set_channel(session.inner->session, dp::Channel{});
  log_end(session, cause);
  if (observer_ != nullptr) observer_->ended(session, cause);
  if (session.tunnel) outbox_.close(session.tunnel->conn, kCstpTerminate, to_string(cause));
  // Erased first: remove_older() says dtls_ended() of each tunnel, which must find no session to end once
  // more (DtlsTunnels::end() has the whole of it). The address is free once the last tunnel has let go of
  // it, too.
  const uint32_t index = session.index;
  registry_.erase(index);
  dtls_.tunnels().remove_older(index, std::numeric_limits<uint64_t>::max());
}

void Sessions::log_end(const SessionRecord& session, Cause cause) {
  const dp::Totals totals = session.totals();
  if (session.tunnel) {
    env_.log(6, 722023, prefix(session) + " TCP SVC connection terminated without compression");
  }
  if (session.dtls && session.dtls->state == DtlsTunnel::State::up) {
    env_.log(6, 722023, prefix(session) + " UDP SVC connection terminated without compression");
  }
  env_.log(
      6, 716002,
      fmt::format("{} WebVPN session terminated: {}.", prefix(session), termination_text(cause)));
  env_.log(
      4, 113019,
      fmt::format("Group = {}, Username = {}, IP = {}, Session disconnected. Session Type: "
                  "{}, Duration: {}, Bytes xmt: {}, Bytes rcv: {}, Reason: {}",
                  session.tunnel_group, session.user, session.public_address.to_string(),
                  session.tunnel ? "SSL" : "AnyConnect-Parent",
                  duration_text(std::chrono::seconds((env_.now_us() - session.login_us) / kSecond)),
                  totals.tx_bytes, totals.rx_bytes, to_string(cause)));
}

}  // namespace culvert::control
