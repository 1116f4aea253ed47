#include "control/radius/accounting.hpp"

#include <fmt/format.h>

#include "control/radius/attributes.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::control::radius {

using dp::kSecond;

namespace {

constexpr uint32_t kPpp = 1;  // Framed-Protocol, as an ASA says for tunnels
constexpr uint32_t kAuthenticRadius = 1;
constexpr uint32_t kAuthenticLocal = 2;

// Acct-Terminate-Cause, RFC 2866 §5.10.
uint32_t number_of(EndCause cause) noexcept {
  switch (cause) {
    case EndCause::user_requested: return 1;
    case EndCause::lost_carrier: return 2;
    case EndCause::idle_timeout: return 4;
    case EndCause::max_time: return 5;
    case EndCause::administrator_reset: return 6;
    case EndCause::shutdown: return 7;
    case EndCause::port_preempted: return 13;
  }
  return 9;  // NAS error
}

// Octets have 64 bits in two attributes (RFC 2869 §5.1).
void add_octets(Attributes& a, Type low, Type high, uint64_t octets) {
  a.integer(low, static_cast<uint32_t>(octets));
  if (octets >> 32 != 0) a.integer(high, static_cast<uint32_t>(octets >> 32));
}

// "Input" is what came from the user (RFC 2866 §5.3).
void add_counts(Attributes& a, const SessionRecord& session, uint64_t now_us) {
  const dp::Totals totals = session.totals();
  a.integer(Type::acct_session_time, static_cast<uint32_t>((now_us - session.login_us) / kSecond));
  add_octets(a, Type::acct_input_octets, Type::acct_input_gigawords, totals.rx_bytes);
  add_octets(a, Type::acct_output_octets, Type::acct_output_gigawords, totals.tx_bytes);
  a.integer(Type::acct_input_packets, static_cast<uint32_t>(totals.rx_packets));
  a.integer(Type::acct_output_packets, static_cast<uint32_t>(totals.tx_packets));
}

}  // namespace

void Accounting::begin(const SessionRecord& session) {
  const auto tunnel_group = env_.config->tunnel_groups.find(session.tunnel_group);
  if (tunnel_group == env_.config->tunnel_groups.end()) return;
  const auto group = env_.config->aaa_servers.find(tunnel_group->second.accounting_server_group);
  if (group == env_.config->aaa_servers.end()) return;
  Account account;
  account.servers = group->second;
  // The index may come again after a restart, the time does not.
  account.id =
      fmt::format("{:08X}{:08X}", static_cast<uint64_t>(session.login_time), session.index);
  account.with_tunnels = group->second.interim_update;
  account.period_us = session.attributes.interim_interval_s
                          ? *session.attributes.interim_interval_s * kSecond
                          : group->second.interim_hours * 3600 * kSecond;
  account.next_us = env_.now_us() + account.period_us;
  send(session, open_[session.index] = std::move(account), Status::start);
}

void Accounting::tunnel_added(const SessionRecord& session) {
  const auto found = open_.find(session.index);
  if (found == open_.end()) {
    if (session.tunnels + session.dtls_tunnels == 1) begin(session);
  } else if (found->second.with_tunnels) {
    send(session, found->second, Status::interim);
  }
}

void Accounting::ended(const SessionRecord& session, EndCause cause) {
  const auto found = open_.find(session.index);
  if (found == open_.end()) return;
  send(session, found->second, Status::stop, cause);
  open_.erase(found);
}

void Accounting::tick(uint64_t now_us) {
  for (auto& [index, account] : open_) {
    if (account.period_us == 0 || now_us < account.next_us) continue;
    account.next_us = now_us + account.period_us;
    const auto found = sessions_.all().find(index);
    if (found != sessions_.all().end()) send(*found->second, account, Status::interim);
  }
}

void Accounting::send(const SessionRecord& session, Account& account, Status status,
                      std::optional<EndCause> cause) {
  const IpAddress headend = session.tunnel ? session.tunnel->flow.local : session.headend;
  Question question;
  Attributes& a = question.attributes;
  a = describe(*env_.config, {session.user, session.tunnel_group, session.public_address, headend});
  a.integer(Type::acct_status_type, static_cast<uint32_t>(status));
  a.text(Type::acct_session_id, account.id);
  // Not Acct-Delay-Time, which would make every repetition another request (RFC 5080 §2.2.1).
  a.integer(Type::event_timestamp, static_cast<uint32_t>(env_.wall_time()));
  a.integer(Type::nas_port, session.index);
  a.integer(Type::framed_protocol, kPpp);
  a.integer(Type::acct_authentic, session.attributes.verified_by == VerifiedBy::server
                                      ? kAuthenticRadius
                                      : kAuthenticLocal);
  if (session.inner && session.inner->lease)
    a.address(Type::framed_ip_address, session.inner->address());
  if (session.inner && session.inner->lease6)
    a.address(Type::framed_ipv6_address, session.inner->address6());
  for (const std::string& klass : session.attributes.classes)
    a.text(Type::klass, klass);
  if (status != Status::start) add_counts(a, session, env_.now_us());
  if (cause) a.integer(Type::acct_terminate_cause, number_of(*cause));
  const auto& configured = env_.config->aaa_servers;
  if (const auto now = configured.find(account.servers.name); now != configured.end())
    account.servers = now->second;
  const bool accepted =
      client_.ask(account.servers, std::move(question), [this](const Result& result) {
        for (const AuthLogLine& line : result.log)
          env_.log(line.level, line.number, line.text);
      });
  if (!accepted) {
    env_.log(4, 0,
             fmt::format("RADIUS: too many accounting requests wait: session {} of {} is "
                         "not accounted for",
                         account.id, session.user));
  }
}

}  // namespace culvert::control::radius
