// Members whose tunnel works: what the stages say of it, new keys, and packets for it.
#include <rte_mbuf.h>

#include "crypto/kdf.hpp"
#include "dataplane/cstp/seal_burst.hpp"
#include "dataplane/cstp/setup.hpp"
#include "dataplane/dtls/output.hpp"
#include "tools/crowd/parts.hpp"

namespace culvert::crowd {

namespace {

Why why_of(dp::EndReason reason) noexcept {
  using dp::EndReason;
  switch (reason) {
    case EndReason::peer_reset: return Why::reset_by_peer;
    case EndReason::timed_out: return Why::timed_out;
    case EndReason::bad_record:
    case EndReason::bad_framing:
    case EndReason::key_update_flood: return Why::bad_record;
    case EndReason::dpd_failure: return Why::dead_peer;
    case EndReason::key_worn_out: return Why::key_worn_out;
    case EndReason::closed_here: return Why::by_request;
    default: return Why::closed_by_peer;
  }
}

}  // namespace

void add(Traffic& traffic, const dp::TunnelCounters& n) noexcept {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  traffic.sent_packets += n.tx_packets.load(kRelaxed);
  traffic.sent_bytes += n.tx_bytes.load(kRelaxed);
  traffic.received_packets += n.rx_packets.load(kRelaxed);
  traffic.received_bytes += n.rx_bytes.load(kRelaxed);
}

void Crowd::Parts::take_messages() {
  while (dp::Message* message = stages.mailbox.from_worker()) {
    take_message(*message);
    stages.mailbox.free(message);
  }
}

void Crowd::Parts::take_message(const dp::Message& message) {
  using dp::MessageKind;
  const MemberId id = message.conn.slot;  // of DTLS's messages but `datagram`
  switch (message.kind) {
    case MessageKind::key_update: new_keys(message); break;
    case MessageKind::ended: tunnel_ended(message); break;
    case MessageKind::datagram: {
      // Handshake records on a flow that has a tunnel: the headend has missed our last flight.
      const dp::Flow& flow = message.flow;
      const dtls::Target target =
          stages.dtls_receive.find_flow(stages.dtls_receive.hash(flow), flow);
      if (target.side != nullptr)
        to_handshake(stages.dtls_receive.slot_of(*target.side), {message.data, message.size});
      break;
    }
    case MessageKind::dtls_up: dtls_heard(id, message.conn.generation); break;
    case MessageKind::dtls_silent:
    case MessageKind::dtls_ended:
      if (members[id].dtls_installed && members[id].dtls_generation == message.conn.generation) {
        const bool silent = message.kind == MessageKind::dtls_silent;
        dtls_failed(id, silent ? Why::dead_peer : why_of(message.reason));
      }
      break;
    default: break;  // `opened`, `promoted`, and others that tell nothing new
  }
}

void Crowd::Parts::new_keys(const dp::Message& message) {
  const uint32_t whose = owner[message.conn.slot];
  cstp::Tunnel* t = stages.tunnels.find(message.conn);
  if (t == nullptr || whose >= members.size()) return;
  Member& m = members[whose];
  dp::Message* keys = stages.mailbox.allocate_for_worker();
  if (m.secrets.suite == nullptr || keys == nullptr) return;
  keys->kind = dp::MessageKind::rekey;
  keys->conn = message.conn;
  const auto next = [&](crypto::Secret<48>& secret) {
    secret = crypto::tls13_next_secret(*m.secrets.suite, secret.view());
    return crypto::tls13_keys(*m.secrets.suite, secret.view());
  };
  if ((message.code & dp::wanted_keys::kReceive) != 0) keys->promotion.rx = next(m.secrets.rx);
  if ((message.code & dp::wanted_keys::kTransmit) != 0) {
    keys->promotion.tx = next(m.secrets.tx);
  } else if ((message.code & dp::wanted_keys::kTransmitAgain) != 0) {
    keys->promotion.tx = crypto::tls13_keys(*m.secrets.suite, m.secrets.tx.view());
  }
  cstp::on_message(stages.cstp, *keys, now);
  stages.mailbox.free(keys);
  ++counters.key_updates;
}

void Crowd::Parts::tunnel_ended(const dp::Message& message) {
  const uint32_t whose = std::exchange(owner[message.conn.slot], kNobody);
  say(message.conn, dp::MessageKind::forget);
  if (whose >= members.size()) return;
  Member& m = members[whose];
  Traffic& before = m.before[static_cast<size_t>(Channel::tls)];
  before.sent_packets += message.totals.tx_packets;
  before.sent_bytes += message.totals.tx_bytes;
  before.received_packets += message.totals.rx_packets;
  before.received_bytes += message.totals.rx_bytes;
  m.conn = {};
  end_dtls(whose, Farewell::silent);
  part(whose, true, why_of(message.reason),
       {reinterpret_cast<const char*>(message.data), message.size});
}

uint32_t Crowd::Parts::seal_tls(std::span<Outgoing> packets) {
  for (const Outgoing& o : packets)
    __builtin_prefetch(&members[o.member]);
  for (const Outgoing& o : packets) {
    const dp::ConnId conn = members[o.member].conn;
    stages.tunnels.prefetch(conn.slot);
    stages.tcp.prefetch(conn);
  }
  uint32_t taken = 0;
  cstp::SealBurst burst(stages.cstp, now);
  for (Outgoing& o : packets) {
    const Member& m = members[o.member];
    cstp::Tunnel* t = m.state == MemberState::up ? stages.tunnels.find(m.conn) : nullptr;
    if (t == nullptr || t->phase != cstp::Phase::tunnel || t->close_notify_sent) {
      o.result = Sent::closed;
      continue;
    }
    const uint32_t size = o.packet->pkt_len;
    if (!cstp::record_fits(*t, o.packet) || rte_mbuf_refcnt_read(o.packet) != 1 ||
        (m.tls_mtu != 0 && size > m.tls_mtu)) {
      o.result = Sent::unfit;
    } else if (!burst.wants(*t, size + cstp::kHeaderSize + t->overhead.total())) {
      o.result = Sent::later;
    } else {
      o.result = Sent::taken;
      o.packet->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
      burst.add(*t, o.packet);
      ++taken;
    }
  }
  burst.finish();
  return taken;
}

uint32_t Crowd::Parts::seal_dtls(std::span<Outgoing> packets) {
  for (const Outgoing& o : packets) {
    __builtin_prefetch(&members[o.member]);
    stages.dtls_transmit.prefetch(o.member);
  }
  std::array<rte_mbuf*, dp::kBurst> ready;
  uint32_t taken = 0;
  for (Outgoing& o : packets) {
    const dtls::TransmitSide& side = stages.dtls_transmit[o.member];
    const Member& m = members[o.member];
    if (!m.dtls_installed || side.phase != dtls::Phase::open) {
      o.result = Sent::closed;
      continue;
    }
    const uint32_t head =
        side.overhead.prefix + 1 + side.path.header_size() + uint32_t{sizeof(dp::EthernetHeader)};
    rte_mbuf* packet = o.packet;
    if (packet->nb_segs != 1 || rte_pktmbuf_headroom(packet) < head ||
        rte_pktmbuf_tailroom(packet) < side.overhead.suffix || rte_mbuf_refcnt_read(packet) != 1 ||
        (m.dtls_mtu != 0 && packet->pkt_len > m.dtls_mtu)) {
      o.result = Sent::unfit;
      continue;
    }
    o.result = Sent::taken;
    dp::meta(packet).conn = {0, o.member, side.generation};
    ready[taken++] = packet;
  }
  dtls::output(stages.dtls, {ready.data(), taken}, dtls::Framing::inner_packet, now);
  return taken;
}

uint32_t Crowd::send(Channel channel, std::span<Outgoing> packets, Time now) noexcept {
  parts_->now = parts_->stages.now = now;
  uint32_t taken = 0;
  for (size_t at = 0; at < packets.size(); at += dp::kBurst) {
    const auto burst = packets.subspan(at, std::min<size_t>(packets.size() - at, dp::kBurst));
    taken += channel == Channel::tls ? parts_->seal_tls(burst) : parts_->seal_dtls(burst);
  }
  return taken;
}

bool Crowd::stop_reading(MemberId member) {
  Member& m = parts_->members[member];
  if (m.state != MemberState::up) return false;
  m.leaves_unread = parts_->any_leaves_unread = true;
  return true;
}

bool Crowd::read_once(MemberId member) {
  const Member& m = parts_->members[member];
  cstp::Tunnel* t = parts_->stages.tunnels.find(m.conn);
  if (m.state != MemberState::up || !m.leaves_unread || t == nullptr) return false;
  parts_->stages.tunnels.owe(*t, cstp::owed::kRead);
  return true;
}

bool Crowd::update_keys(MemberId member) {
  Member& m = parts_->members[member];
  cstp::Tunnel* t = parts_->stages.tunnels.find(m.conn);
  if (m.state != MemberState::up || t == nullptr || m.secrets.suite == nullptr ||
      t->awaits_transmit_keys) {
    return false;
  }
  t->awaits_transmit_keys = true;
  t->wanted_keys |= dp::wanted_keys::kTransmit;
  parts_->stages.tunnels.owe(*t, cstp::owed::kKeyUpdate);
  return true;
}

Traffic Crowd::traffic(MemberId member, Channel channel) const noexcept {
  const Member& m = parts_->members[member];
  Traffic out = m.before[static_cast<size_t>(channel)];
  Stages& stages = parts_->stages;
  if (channel == Channel::tls) {
    if (stages.tunnels.find(m.conn) != nullptr) add(out, stages.tunnels.counters(m.conn.slot));
  } else if (m.dtls_installed) {
    add(out, stages.dtls_receive.counters(member));
    add(out, stages.dtls_transmit.counters(member));
  }
  return out;
}

}  // namespace culvert::crowd
