// DTLS output: in: inner packets that passed the MTU check, and answers of receive sides; out: IP
// packets. RFC 6347 §4.1. One CDTP packet a record, one record a datagram: what a client measures
// with its DPD requests is then what a packet may have.
//
// Four loops: prefetch, headers, seal, headers of UDP and IP.
#include "dataplane/dtls/output.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <rte_mbuf.h>

#include "crypto/record/key_prefetch.hpp"
#include "crypto/record/sealing_limit.hpp"

namespace culvert::dtls {

namespace {

using crypto::record::Overhead;
using crypto::record::SealOp;
using dp::DropReason;

struct Entry {
  rte_mbuf* packet;
  TransmitSide* side;
};

// A Channel carries the low 16 bits of the generation.
TransmitSide* find_open(Context& c, const ConnId& conn) noexcept {
  if (conn.slot >= c.transmit.slots()) return nullptr;
  TransmitSide& s = c.transmit[conn.slot];
  const bool same = static_cast<uint16_t>(s.generation) == static_cast<uint16_t>(conn.generation);
  return same && s.phase == Phase::open ? &s : nullptr;
}

// RFC 6347 §4.1: an epoch's sequence numbers are used up.
void exhausted(Context& c, TransmitSide& s) noexcept {
  s.phase = Phase::ended;
  s.end_reason = EndReason::timed_out;
  c.transmit.owe(s, owed::kEnded);
}

// Control is told once that the key has sealed as much as it may, and the side goes on until control
// takes it down: no packet is lost, and what is sealed meanwhile is far less than the limit has to
// spare.
void note_sealed(Context& c, TransmitSide& s, uint32_t record_size) noexcept {
  s.sealed_blocks += crypto::record::blocks_of(record_size);
  if (s.sealed_blocks < std::min(s.sealing_limit, c.sealing_limit) ||
      s.end_reason != EndReason::none) [[likely]] {
    return;
  }
  s.end_reason = EndReason::key_worn_out;
  c.transmit.owe(s, owed::kEnded);
}

// Of each client apart: a count of all would tell each of them how much the others are sent (RFC 6274 §3.5.2). Nobody
// may cut these datagrams, so that any number will do (RFC 6864 §4.1).
uint16_t identification(const dp::TunnelCounters& n) noexcept {
  return static_cast<uint16_t>(n.tx_records.load(std::memory_order_relaxed));
}

void refuse(Context& c, TransmitSide& s, DropReason reason, rte_mbuf* m) noexcept {
  dp::count(c.transmit.counters(c.transmit.slot_of(s)).tx_dropped);
  dp::drop(c.drops, reason, m);
}

// Makes room for record header and tag (and the type byte), and fills in the op.
bool prepare(Context& c, TransmitSide& s, rte_mbuf* m, Framing framing, SealOp& op) noexcept {
  crypto::record::Keys& keys = c.transmit.keys(c.transmit.slot_of(s));
  const Overhead& overhead = s.overhead;
  const uint32_t type_size = framing == Framing::inner_packet ? 1 : 0;
  const uint32_t head = overhead.prefix + type_size;
  if (m->nb_segs != 1 || rte_pktmbuf_headroom(m) < head + s.path.header_size() ||
      rte_pktmbuf_tailroom(m) < overhead.suffix) {
    return false;
  }
  const uint32_t payload = m->pkt_len + type_size;
  const bool vaes = c.mb.isa() == crypto::Isa::avx512;
  crypto::record::prefetch_part(keys, crypto::record::key_part(s.cipher, vaes, payload));
  auto* record = reinterpret_cast<uint8_t*>(rte_pktmbuf_prepend(m, static_cast<uint16_t>(head)));
  (void)rte_pktmbuf_append(m, overhead.suffix);
  if (type_size != 0) record[overhead.prefix] = static_cast<uint8_t>(cstp::PacketType::data);
  op = {&keys, record, payload, crypto::record::ContentType::application_data, 0};
  return true;
}

// Gives back the room that padding did not need.
void trim(rte_mbuf* m, const SealOp& op) noexcept {
  (void)rte_pktmbuf_trim(m, static_cast<uint16_t>(m->pkt_len - op.record_size));
}

void count_data(dp::TunnelCounters& n, uint32_t bytes, Time now) noexcept {
  n.last_data_us.store(now, std::memory_order_relaxed);
  dp::count(n.tx_packets);
  dp::count(n.tx_bytes, bytes);
}

}  // namespace

void output(Context& c, std::span<rte_mbuf*> packets, Framing framing, Time now) noexcept {
  std::array<SealOp, dp::kBurst> ops;
  std::array<Entry, dp::kBurst> entries;
  uint32_t count = 0;

  for (rte_mbuf* m : packets) {
    const uint32_t slot = dp::meta(m).conn.slot;
    if (slot < c.transmit.slots()) c.transmit.prefetch(slot);
  }
  for (rte_mbuf* m : packets) {
    TransmitSide* s = find_open(c, dp::meta(m).conn);
    if (s == nullptr) {
      dp::drop(c.drops, DropReason::svc_no_channel, m);
    } else if (!prepare(c, *s, m, framing, ops[count])) {
      refuse(c, *s, DropReason::svc_no_prepend, m);
    } else {
      entries[count++] = {m, s};
    }
  }

  crypto::record::seal(c.mb, {ops.data(), count});

  for (uint32_t i = 0; i < count; ++i) {
    auto [m, s] = entries[i];
    if (ops[i].record_size == 0) {
      refuse(c, *s, DropReason::svc_no_channel, m);
      if (s->phase == Phase::open) exhausted(c, *s);
      continue;
    }
    trim(m, ops[i]);
    dp::TunnelCounters& n = c.transmit.counters(c.transmit.slot_of(*s));
    if (framing == Framing::inner_packet) count_data(n, ops[i].payload_size - 1, now);
    dp::count(n.tx_records);
    s->last_tx = now;
    note_sealed(c, *s, ops[i].record_size);
    s->path.prepend(m, identification(n));
    c.edges.out.push(m);
  }
  dp::count(c.counters.records_sealed, count);
}

void reply(Context& c, const ConnId& transmit, rte_mbuf* packet) noexcept {
  dp::PacketMeta& meta = dp::meta(packet);
  meta = {};
  meta.conn = transmit;
  if (transmit.worker == c.worker) {
    c.edges.replies.push(packet);
  } else {
    meta.handoff = dp::Handoff::dtls_reply;
    c.edges.handoff.push(packet);
  }
}

bool reply_empty(Context& c, const ConnId& transmit, cstp::PacketType type) noexcept {
  rte_mbuf* m = rte_pktmbuf_alloc(c.pool);
  if (m == nullptr) return false;
  *reinterpret_cast<uint8_t*>(rte_pktmbuf_append(m, 1)) = static_cast<uint8_t>(type);
  reply(c, transmit, m);
  return true;
}

void send_close_notify(Context& c, TransmitSide& s) noexcept {
  constexpr std::array<uint8_t, 2> kCloseNotify{1, 0};  // warning, close_notify
  rte_mbuf* m = rte_pktmbuf_alloc(c.pool);
  if (m == nullptr) return;
  std::memcpy(rte_pktmbuf_append(m, kCloseNotify.size()), kCloseNotify.data(), kCloseNotify.size());
  SealOp op{};
  bool sealed = prepare(c, s, m, Framing::cdtp_packet, op);
  if (sealed) {
    op.type = crypto::record::ContentType::alert;
    crypto::record::seal(c.mb, {&op, 1});
    sealed = op.record_size != 0;
  }
  if (!sealed) {
    rte_pktmbuf_free(m);
    return;
  }
  trim(m, op);
  dp::TunnelCounters& n = c.transmit.counters(c.transmit.slot_of(s));
  dp::count(n.tx_records);
  dp::count(c.counters.records_sealed);
  s.path.prepend(m, identification(n));
  c.edges.out.push(m);
}

void send_datagram(Context& c, const dp::Flow& flow, std::span<const uint8_t> payload) noexcept {
  rte_mbuf* m = rte_pktmbuf_alloc(c.pool);
  char* to = m == nullptr || payload.size() > UINT16_MAX
                 ? nullptr
                 : rte_pktmbuf_append(m, static_cast<uint16_t>(payload.size()));
  if (to == nullptr) {
    rte_pktmbuf_free(m);  // of nullptr: nothing
    c.drops.add(DropReason::no_buffer);
    return;
  }
  std::memcpy(to, payload.data(), payload.size());
  UdpPath path;
  path.set(flow);
  path.prepend(m, 0);
  c.edges.out.push(m);
}

}  // namespace culvert::dtls
