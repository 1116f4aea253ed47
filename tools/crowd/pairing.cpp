// From two SYNs that cross to tunnels at both ends, without a word of HTTP and with keys that were made for it.
#include "tools/crowd/parts.hpp"

namespace culvert::crowd {

bool Crowd::Parts::pair(MemberId id, const Pairing& as) {
  Member& m = members[id];
  const dp::ConnId conn = stages.tcp.connect(as.tls, now);
  if (conn.generation == 0) return false;
  m.began = now;
  m.deadline = now + config.setup_timeout;
  m.peer_closed = false;
  m.conn = conn;
  owner[conn.slot] = id;
  m.pairing = std::make_unique<Pairing>(as);
  set_state(m, MemberState::setup);
  return true;
}

void Crowd::Parts::establish_pair(MemberId id) {
  Member& m = members[id];
  const std::unique_ptr<Pairing> as = std::move(m.pairing);
  m.leaves_unread = false;
  m.grant = {};
  m.grant.inner = as->inner;
  m.tls_mtu = as->tls_mtu;
  m.dtls_mtu = as->dtls_mtu;
  if (!promote(id, as->tls_keys)) return refuse(id, Why::no_common_suite);
  set_state(m, MemberState::up);
  tell({.kind = EventKind::established, .member = id, .began = m.began});
  if (as->dtls_transmit.suite == nullptr) return;
  m.dtls_began = now;
  m.datagrams = as->dtls;
  install_dtls(id, {.rx = as->dtls_receive, .tx = as->dtls_transmit});
}

bool Crowd::pair(MemberId member, const Pairing& as, Time now) {
  parts_->now = parts_->stages.now = now;
  return parts_->members[member].state == MemberState::idle && parts_->pair(member, as);
}

}  // namespace culvert::crowd
