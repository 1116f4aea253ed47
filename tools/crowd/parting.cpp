// The ways in which a member's tunnel ends.
#include <array>

#include "dataplane/cstp/frame.hpp"
#include "dataplane/cstp/setup.hpp"
#include "dataplane/dtls/messages.hpp"
#include "tools/crowd/parts.hpp"

namespace culvert::crowd {

Why why_of(tcp::CloseReason reason) noexcept {
  switch (reason) {
    case tcp::CloseReason::peer_reset: return Why::reset_by_peer;
    case tcp::CloseReason::refused: return Why::refused_by_tcp;
    case tcp::CloseReason::timed_out: return Why::timed_out;
    case tcp::CloseReason::local_abort: return Why::by_request;
    default: return Why::closed_by_peer;
  }
}

// A word to the stages about a member's connection, as control would say it.
void Crowd::Parts::say(const dp::ConnId& conn, dp::MessageKind kind, uint8_t code,
                       std::span<const uint8_t> data) {
  dp::Message* word = stages.mailbox.allocate_for_worker();
  if (word == nullptr) return;  // cannot be: each is given back at once
  word->kind = kind;
  word->conn = conn;
  word->code = code;
  word->size = static_cast<uint32_t>(data.size());
  std::copy(data.begin(), data.end(), word->data);
  cstp::on_message(stages.cstp, *word, now);
  stages.mailbox.free(word);
}

// From now on nobody waits for the member's connection, which comes to its end by itself.
void Crowd::Parts::let_go(Member& m, LetGo how) {
  const dp::ConnId conn = std::exchange(m.conn, {});
  m.log_in.reset();
  m.pairing.reset();
  m.waits = false;
  if (conn.generation == 0) return;
  owner[conn.slot] = kNobody;
  if (how == LetGo::silently) {
    const dp::Flow& flow = stages.tcp.flow(conn);
    addresses.silence(flow.local, flow.local_port, Transport::tcp);
  }
  if (const cstp::Tunnel* t = stages.tunnels.find(conn); t != nullptr) {
    add(m.before[static_cast<size_t>(Channel::tls)], stages.tunnels.counters(conn.slot));
    if (how == LetGo::with_goodbye) {
      constexpr std::array<uint8_t, 1> kBye{cstp::kReasonUser};
      say(conn, dp::MessageKind::close, static_cast<uint8_t>(cstp::PacketType::disconnect), kBye);
    } else {
      say(conn, dp::MessageKind::abort);
    }
    return;  // `ended` follows
  }
  if (how != LetGo::gone && how != LetGo::with_goodbye) stages.tcp.abort(conn, now);
  if (how == LetGo::with_goodbye) stages.tcp.shutdown(conn);
  stages.tcp.release(conn);
}

// After its connection is gone.
void Crowd::Parts::part(MemberId id, bool keep_cookie, Why why, std::string text) {
  Member& m = members[id];
  set_state(m, keep_cookie && !m.cookie.empty() ? MemberState::parted : MemberState::idle);
  m.secrets = {};
  if (m.state == MemberState::idle) m.cookie.clear();
  tell({.kind = EventKind::closed, .why = why, .member = id, .text = std::move(text)});
}

void Crowd::Parts::set_state(Member& m, MemberState state) {
  if (m.state == MemberState::setup) --counters.in_setup;
  if (m.state == MemberState::up) --counters.up;
  m.state = state;
  if (m.state == MemberState::setup) ++counters.in_setup;
  if (m.state == MemberState::up) ++counters.up;
}

void Crowd::Parts::end_dtls(MemberId id, Farewell farewell) {
  Member& m = members[id];
  m.dtls_again = dp::kNever;
  if (m.handshake != nullptr) {
    handshakes.erase({m.datagrams.local, m.datagrams.local_port});
    m.handshake.reset();
  }
  if (m.dtls_up) --counters.dtls_up;
  m.dtls_up = false;
  if (!m.dtls_installed) return;
  m.dtls_installed = false;
  Traffic& before = m.before[static_cast<size_t>(Channel::dtls)];
  add(before, stages.dtls_receive.counters(id));
  add(before, stages.dtls_transmit.counters(id));
  if (farewell == Farewell::silent) {
    addresses.silence(m.datagrams.local, m.datagrams.local_port, Transport::udp);
    // A side that has ended says no goodbye.
    stages.dtls_transmit[id].phase = dtls::Phase::ended;
  }
  for (const dp::DtlsSide side : {dp::DtlsSide::receive, dp::DtlsSide::transmit}) {
    dp::Message* word = stages.mailbox.allocate_for_worker();
    if (word == nullptr) return;
    word->kind = dp::MessageKind::remove_dtls;
    word->conn = {0, id, m.dtls_generation};
    word->side = side;
    dtls::on_message(stages.dtls, *word, now);
    stages.mailbox.free(word);
  }
}

bool Crowd::Parts::end(MemberId id, LetGo how, bool keep_cookie) {
  Member& m = members[id];
  if (m.state == MemberState::idle) return false;
  end_dtls(id, how == LetGo::with_goodbye ? Farewell::close_notify : Farewell::silent);
  let_go(m, how);
  part(id, keep_cookie, Why::by_request);
  return true;
}

bool Crowd::Parts::roam(MemberId id, Roam what) {
  Member& m = members[id];
  if (m.state != MemberState::up) return false;
  if (what == Roam::address) {
    (void)end(id, LetGo::silently, true);
    // The one that closed it is told as any other; the next event is of the new connection.
    return begin(id, nullptr);
  }
  if (!m.dtls_up) return false;
  const std::optional<dp::Flow> flow = datagram_flow(m.datagrams.local, m.datagrams.remote_port);
  if (!flow) return false;
  stages.dtls_receive.map(stages.dtls_receive[id], *flow);
  stages.dtls_transmit[id].path.set(*flow);
  m.datagrams = *flow;
  ask_dtls(m, id);  // so that the headend learns of it
  return true;
}

bool Crowd::leave(MemberId member, Time now) {
  parts_->now = parts_->stages.now = now;
  const MemberState state = parts_->members[member].state;
  if (state != MemberState::up && state != MemberState::parted) return false;
  return parts_->end(member, Parts::LetGo::with_goodbye, false);
}

bool Crowd::cut(MemberId member, Time now) {
  parts_->now = parts_->stages.now = now;
  const MemberState state = parts_->members[member].state;
  if (state != MemberState::up && state != MemberState::setup) return false;
  return parts_->end(member, Parts::LetGo::by_reset, true);
}

bool Crowd::vanish(MemberId member, Time now) {
  parts_->now = parts_->stages.now = now;
  return parts_->end(member, Parts::LetGo::silently, false);
}

bool Crowd::part_silently(MemberId member, Time now) {
  parts_->now = parts_->stages.now = now;
  if (parts_->members[member].state != MemberState::up) return false;
  return parts_->end(member, Parts::LetGo::silently, true);
}

bool Crowd::roam(MemberId member, Roam what, Time now) {
  parts_->now = parts_->stages.now = now;
  return parts_->roam(member, what);
}

}  // namespace culvert::crowd
