// From a SYN to the tunnel. Records go to OpenSSL one by one, as in the headend's set-up: what comes behind CONNECT's
// answer stays in the stream, where the record stages find it.
#include "dataplane/cstp/record_header.hpp"
#include "dataplane/cstp/setup.hpp"
#include "tools/crowd/parts.hpp"

namespace culvert::crowd {

std::optional<dp::Flow> Crowd::Parts::next_flow() {
  return source_ports.next(config.headend, config.port, [&](const dp::Flow& flow) {
    return !stages.tcp.knows(flow) &&
           !(addresses.any_silent() &&
             addresses.silent(flow.local, flow.local_port, Transport::tcp));
  });
}

// By the cookie if `who` is null.
bool Crowd::Parts::begin(MemberId id, const Credentials* who) {
  Member& m = members[id];
  m.who = who != nullptr ? std::make_unique<Credentials>(*who) : nullptr;
  if (who != nullptr) {
    m.want_dtls = who->want_dtls;
    m.receive_buffer = who->receive_buffer;
  }
  m.began = now;
  m.deadline = now + config.setup_timeout;
  m.peer_closed = false;
  set_state(m, MemberState::setup);
  if (!wire.ready()) {
    m.waits = true;
    waiting_for_link.push_back(id);
  } else if (!connect(id)) {
    refuse(id, Why::no_flow);
  }
  return true;
}

bool Crowd::Parts::connect(MemberId id) {
  const std::optional<dp::Flow> flow = next_flow();
  if (!flow) return false;
  const dp::ConnId conn = stages.tcp.connect(*flow, now);
  if (conn.generation == 0) return false;
  members[id].conn = conn;
  owner[conn.slot] = id;
  limit_receiving(members[id]);
  return true;
}

void Crowd::Parts::limit_receiving(const Member& m) noexcept {
  if (m.receive_buffer != 0) stages.tcp.set_receive_buffer(m.conn, m.receive_buffer);
}

void Crowd::Parts::member_event(MemberId id, const tcp::Event& event) {
  Member& m = members[id];
  if ((event.bits & tcp::event::kClosed) != 0) {
    // What came before the end may say why it came.
    const Why why = why_of(stages.tcp.close_reason(event.conn));
    while (m.log_in != nullptr && take_record(id)) {
    }
    if (m.state == MemberState::setup) return refuse(id, why);
    // The tunnel began and ended in one breath.
    if (cstp::Tunnel* t = stages.tunnels.find(event.conn); t != nullptr)
      cstp::end(stages.cstp, *t, cstp::EndReason::peer_closed);
    return;
  }
  if ((event.bits & tcp::event::kPeerClosed) != 0) m.peer_closed = true;
  want_step(id);
}

void Crowd::Parts::want_step(MemberId id) {
  if (std::exchange(members[id].queued, true)) return;
  steps.push_back(id);
}

bool Crowd::Parts::run_steps() {
  uint32_t done = 0;
  for (size_t left = steps.size(); left > 0 && done < config.setup_steps; --left, ++done) {
    const MemberId id = steps.front();
    steps.pop_front();
    members[id].queued = false;
    if (members[id].state == MemberState::setup) step(id);
  }
  return done != 0;
}

void Crowd::Parts::begin_log_in(Member& m) {
  m.log_in = m.who != nullptr ? std::make_unique<LogIn>(context, *m.who)
                              : std::make_unique<LogIn>(context, m.cookie, m.grant.inner);
  if (!m.want_dtls) m.log_in->without_dtls();
}

void Crowd::Parts::step(MemberId id) {
  Member& m = members[id];
  if (m.conn.generation == 0) return;
  if (m.pairing != nullptr) return establish_pair(id);
  if (m.log_in == nullptr) {
    begin_log_in(m);
    (void)flush_log_in(id);
    return;
  }
  if (!flush_log_in(id)) return;
  if (take_record(id)) {
    if (m.state == MemberState::setup) want_step(id);
  } else if (m.state == MemberState::setup && m.peer_closed) {
    refuse(id, Why::closed_by_peer, m.log_in->http_status());
  }
}

// Gives OpenSSL the next record, if it is whole. False: it is not.
bool Crowd::Parts::take_record(MemberId id) {
  Member& m = members[id];
  const cstp::RecordHeader header = cstp::peek_record_header(stages.tcp, m.conn, 0);
  if (header.state == cstp::RecordHeader::State::malformed) {
    refuse(id, Why::tls_failed, 0, "what the peer sends is not TLS");
    return false;
  }
  if (header.state == cstp::RecordHeader::State::incomplete ||
      stages.tcp.readable(m.conn) < header.size) {
    return false;
  }
  const uint32_t size = stages.tcp.peek(m.conn, 0, record.data(), header.size);
  stages.tcp.consume(m.conn, size);
  m.log_in->receive({record.data(), size});
  (void)flush_log_in(id);
  return true;
}

// Hands TCP what OpenSSL wants sent, and looks what came of it. False: there is more than fits, or it is over.
bool Crowd::Parts::flush_log_in(MemberId id) {
  Member& m = members[id];
  for (auto bytes = m.log_in->output(); !bytes.empty(); bytes = m.log_in->output()) {
    const auto piece = bytes.first(std::min<size_t>(bytes.size(), stages.tcp.send_room(m.conn)));
    if (piece.empty() || !stages.tcp.send_copy(m.conn, piece)) {
      want_step(id);
      return false;
    }
    m.log_in->sent(piece.size());
  }
  switch (m.log_in->stage()) {
    case LogIn::Stage::failed: {
      const SetupFailure failure = m.log_in->failure();
      refuse(id, failure.why, failure.http_status, failure.text);
      return false;
    }
    case LogIn::Stage::established: establish(id); return false;
    default: return true;
  }
}

void Crowd::Parts::establish(MemberId id) {
  Member& m = members[id];
  m.grant = m.log_in->grant();
  m.tls_mtu = static_cast<uint16_t>(m.grant.tls_mtu);
  m.dtls_mtu = static_cast<uint16_t>(m.grant.dtls_mtu);
  m.cookie = m.log_in->cookie();
  if (!promote(id, m.log_in->keys())) return refuse(id, Why::no_common_suite);
  const bool again = m.log_in->by_cookie();
  m.log_in.reset();
  m.who.reset();
  set_state(m, MemberState::up);
  ++(again ? counters.reconnects : counters.log_ins);
  if (m.peer_closed) stages.tunnels.find(m.conn)->peer_closed = true;
  tell({.kind = EventKind::established, .member = id, .began = m.began});
  m.leaves_unread = false;
  m.dtls_tries = 0;
  if (config.want_dtls && m.grant.dtls) begin_dtls(id);
}

// From here on the record stages have the connection. False: they do not carry its suite.
bool Crowd::Parts::promote(MemberId id, const TunnelKeys& keys) {
  Member& m = members[id];
  dp::Message* word = stages.mailbox.allocate_for_worker();
  if (word == nullptr || keys.transmit.suite == nullptr) {
    if (word != nullptr) stages.mailbox.free(word);
    return false;
  }
  m.tls_suite = keys.transmit.suite->name;
  if (keys.transmit.suite->version == crypto::Version::tls13)
    m.secrets = {keys.transmit.suite, keys.receive_secret, keys.transmit_secret};
  cstp::opened(stages.cstp, m.conn, now);
  word->kind = dp::MessageKind::promote;
  word->conn = m.conn;
  word->promotion.inner = m.grant.inner;
  word->promotion.rx = keys.receive;
  word->promotion.tx = keys.transmit;
  word->promotion.dpd_interval_s = config.dpd_s;
  word->promotion.keepalive_s = config.keepalive_s != 0 ? config.keepalive_s : m.grant.keepalive_s;
  cstp::on_message(stages.cstp, *word, now);
  stages.mailbox.free(word);
  limit_receiving(m);  // a tunnel's connection has been given all the room there is
  return true;
}

void Crowd::Parts::refuse(MemberId id, Why why, uint16_t status, std::string text) {
  Member& m = members[id];
  const bool gone = m.conn.generation != 0 && stages.tcp.state(m.conn) == tcp::State::closed;
  let_go(m, gone ? LetGo::gone : LetGo::by_reset);
  m.who.reset();
  if (why == Why::cookie_refused) m.cookie.clear();
  set_state(m, m.cookie.empty() ? MemberState::idle : MemberState::parted);
  tell({.kind = EventKind::refused,
        .why = why,
        .member = id,
        .began = m.began,
        .http_status = status,
        .text = std::move(text)});
}

bool Crowd::log_in(MemberId member, const Credentials& who, Time now) {
  parts_->now = parts_->stages.now = now;
  return parts_->members[member].state == MemberState::idle && parts_->begin(member, &who);
}

bool Crowd::reconnect(MemberId member, Time now) {
  parts_->now = parts_->stages.now = now;
  return parts_->members[member].state == MemberState::parted && parts_->begin(member, nullptr);
}

}  // namespace culvert::crowd
