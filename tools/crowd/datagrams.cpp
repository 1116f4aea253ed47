// DTLS: its handshake, its records on their way in, and the flow that a member has for them.
#include "dataplane/cstp/frame.hpp"
#include "dataplane/dtls/messages.hpp"
#include "dataplane/dtls/open_burst.hpp"
#include "dataplane/dtls/output.hpp"
#include "dataplane/packet/checksum.hpp"
#include "tools/crowd/parts.hpp"

namespace culvert::crowd {

namespace {

constexpr uint32_t kPortTries = 4096;
constexpr Time kAskDtlsAgain = dp::kSecond;

}  // namespace

void Crowd::Parts::take_datagrams() {
  std::array<dtls::Datagram, dp::kBurst> datagrams;
  std::array<uint32_t, dp::kBurst> hashes;
  uint32_t count = 0;
  for (rte_mbuf* m : wire.udp) {
    dtls::Datagram& d = datagrams[count];
    if (!dtls::read_datagram(m, d)) {
      dp::drop(drops, dp::DropReason::dtls_short, m);
      continue;
    }
    hashes[count] = stages.dtls_receive.hash(d.flow);
    stages.dtls_receive.prefetch(hashes[count]);
    ++count;
  }
  wire.udp.clear();
  for (uint32_t i = 0; i < count; ++i) {
    if (datagrams[i].size < crypto::record::kDtlsHeaderSize) continue;
    const uint64_t number = crypto::record::dtls_sequence(datagrams[i].data());
    stages.dtls_receive.prefetch_side(hashes[i], number & crypto::record::kDtlsSequenceMask);
  }
  dtls::OpenBurst burst(stages.dtls);
  for (uint32_t i = 0; i < count; ++i) {
    const dtls::Datagram& d = datagrams[i];
    if (const dtls::Target target = stages.dtls_receive.find_flow(hashes[i], d.flow);
        target.side != nullptr) {
      burst.add(d, *target.side, now);
      continue;
    }
    const auto member = handshakes.find({d.flow.local, d.flow.local_port});
    if (member == handshakes.end()) {
      dp::drop(drops, dp::DropReason::dtls_unknown, d.packet);
    } else if (!dp::transport_checksum_ok(d.packet, dp::meta(d.packet).l3_size)) {
      // No tag protects a handshake (RFC 1122 §4.1.3.4).
      dp::drop(drops, dp::DropReason::dtls_malformed, d.packet);
    } else {
      burst.finish(now);
      to_handshake(member->second, {d.data(), d.size});
      rte_pktmbuf_free(d.packet);
    }
  }
  burst.finish(now);
}

std::optional<dp::Flow> Crowd::Parts::datagram_flow(const dp::IpAddress& local,
                                                    uint16_t remote_port) {
  for (uint32_t tries = 0; tries < kPortTries; ++tries) {
    const uint16_t port = next_udp_port++;
    if (port < tcp::SourcePorts::kFirst) continue;
    const dp::Flow flow{local, config.headend, port, remote_port};
    if (handshakes.contains({local, port}) || addresses.silent(local, port, Transport::udp) ||
        stages.dtls_receive.find_flow(stages.dtls_receive.hash(flow), flow).side != nullptr) {
      continue;
    }
    return flow;
  }
  return std::nullopt;
}

void Crowd::Parts::begin_dtls(MemberId id) {
  Member& m = members[id];
  const dp::IpAddress local = stages.tcp.flow(m.conn).local;
  const std::optional<dp::Flow> flow = datagram_flow(local, m.grant.dtls->port);
  m.dtls_began = now;
  m.dtls_deadline = now + config.dtls_timeout;
  m.dtls_again = dp::kNever;
  ++m.dtls_tries;
  if (!flow) return dtls_failed(id, Why::no_flow);
  m.datagrams = *flow;
  m.handshake = std::make_unique<DtlsHandshake>(context, *m.grant.dtls);
  handshakes[{flow->local, flow->local_port}] = id;
  run_handshake(id);
}

void Crowd::Parts::to_handshake(MemberId id, std::span<const uint8_t> records) {
  Member& m = members[id];
  if (m.handshake == nullptr) return;
  m.handshake->receive(records);
  run_handshake(id);
}

void Crowd::Parts::run_handshake(MemberId id) {
  Member& m = members[id];
  for (const control::Datagram& datagram : m.handshake->take_datagrams())
    dtls::send_datagram(stages.dtls, m.datagrams, datagram);
  if (m.dtls_installed) return;  // an answer to a flight that came again
  switch (m.handshake->stage()) {
    case DtlsHandshake::Stage::failed:
      return dtls_failed(id, Why::dtls_failed, m.handshake->reason());
    case DtlsHandshake::Stage::done: return install_dtls(id, m.handshake->keys());
    default: break;
  }
}

void Crowd::Parts::dtls_failed(MemberId id, Why why, std::string text) {
  Member& m = members[id];
  end_dtls(id, Farewell::silent);
  if (worth_a_try(why)) m.dtls_again = dtls_retry.next(m.dtls_began, now);
  tell({.kind = EventKind::dtls_closed,
        .why = why,
        .member = id,
        .began = m.dtls_began,
        .count = m.dtls_tries,
        .text = std::move(text)});
}

void Crowd::Parts::install_dtls(MemberId id, const control::DtlsKeys& keys) {
  Member& m = members[id];
  if (keys.tx.suite == nullptr) return dtls_failed(id, Why::no_common_suite);
  const dp::ConnId conn{0, id, ++m.dtls_generation};
  for (const bool transmit : {true, false}) {
    dp::Message* word = stages.mailbox.allocate_for_worker();
    if (word == nullptr) return;  // cannot be: each is given back at once
    word->kind = transmit ? dp::MessageKind::install_dtls_tx : dp::MessageKind::install_dtls_rx;
    word->conn = conn;
    word->flow = m.datagrams;
    word->dtls.inner = m.grant.inner;
    word->dtls.keys = transmit ? keys.tx : keys.rx;
    word->dtls.transmit = conn;
    word->dtls.dpd_interval_s = config.dpd_s;
    word->dtls.keepalive_s = config.keepalive_s;
    dtls::on_message(stages.dtls, *word, now);
    stages.mailbox.free(word);
  }
  // From here on the flow leads to the receive side; the handshake stays until the headend is heard, in case that our
  // last flight was lost.
  handshakes.erase({m.datagrams.local, m.datagrams.local_port});
  m.dtls_installed = true;
  m.dtls_suite = keys.tx.suite->name;
  ask_dtls(m, id);
}

// A headend uses DTLS from the first record on that it has from there; the answer shows that it works both ways.
void Crowd::Parts::ask_dtls(Member& m, MemberId id) {
  (void)dtls::reply_empty(stages.dtls, {0, id, m.dtls_generation}, cstp::PacketType::dpd_request);
  m.dtls_asked = now;
}

void Crowd::Parts::dtls_heard(MemberId id, uint32_t generation) {
  Member& m = members[id];
  if (!m.dtls_installed || m.dtls_generation != generation || m.dtls_up) return;
  m.dtls_up = true;
  m.handshake.reset();
  ++counters.dtls_up;
  tell({.kind = EventKind::dtls_up, .member = id, .began = m.dtls_began, .count = m.dtls_tries});
}

void Crowd::Parts::sweep_dtls(MemberId id) {
  Member& m = members[id];
  if (now >= m.dtls_again) return begin_dtls(id);
  if (m.handshake == nullptr) return;
  if (now >= m.dtls_deadline) return dtls_failed(id, Why::timed_out);
  if (m.dtls_installed) {
    if (now - m.dtls_asked >= kAskDtlsAgain) ask_dtls(m, id);
  } else {
    m.handshake->look_at_timer();
    run_handshake(id);
  }
}

}  // namespace culvert::crowd
