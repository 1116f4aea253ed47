// DTLS records opened: replay test (cheap, before), open, window (only by what is authentic, after).
// RFC 6347 §4.1.2.6, §4.1.2.7: what is not authentic is dropped, and the tunnel lives on.
#include "dataplane/dtls/open_burst.hpp"

#include <algorithm>
#include <utility>

#include "crypto/record/key_prefetch.hpp"
#include "dataplane/cstp/frame.hpp"
#include "dataplane/dtls/output.hpp"
#include "dataplane/dtls/path_mtu.hpp"
#include "dataplane/dtls/punt.hpp"

namespace culvert::dtls {

namespace {

using crypto::record::OpenOp;
using crypto::record::OpenStatus;
using cstp::PacketType;
using dp::DropReason;

// `packet`: the datagram, from its IP header on, if it is still whole.
void refuse(Context& c, ReceiveSide& s, DropReason reason,
            const rte_mbuf* packet = nullptr) noexcept {
  c.drops.add_packet(reason, packet);
  dp::count(c.receive.counters(c.receive.slot_of(s)).rx_dropped);
}

void end(Context& c, ReceiveSide& s, EndReason reason, uint8_t code,
         std::span<const uint8_t> text = {}) noexcept {
  s.phase = Phase::ended;
  s.end_reason = reason;
  s.end_code = code;
  s.end_text_size = static_cast<uint8_t>(std::min(text.size(), s.end_text.size()));
  std::copy_n(text.begin(), s.end_text_size, s.end_text.begin());
  c.receive.owe(s, owed::kEnded);
}

// RFC 5246 §7.2: a fatal alert or a close_notify ends the tunnel.
void alert_record(Context& c, ReceiveSide& s, const uint8_t* data, uint32_t size) noexcept {
  constexpr uint8_t kFatal = 2, kCloseNotify = 0;
  if (size == 2 && data[0] != kFatal && data[1] != kCloseNotify) return;
  end(c, s, EndReason::tls_alert, size == 2 ? data[1] : uint8_t{0});
}

// Leaves of the buffer what lies in `size` bytes at `offset`, as a packet of its own.
void keep(rte_mbuf* m, uint32_t offset, uint32_t size) noexcept {
  rte_pktmbuf_adj(m, static_cast<uint16_t>(offset));
  rte_pktmbuf_trim(m, static_cast<uint16_t>(m->data_len - size));
  // What the port knew of the datagram is not true of what was in it.
  m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
  m->packet_type = 0;
}

}  // namespace

bool OpenBurst::wanted(ReceiveSide& s, const Record& record, const rte_mbuf* packet) noexcept {
  if (record.epoch() != s.epoch) {
    refuse(c_, s, DropReason::dtls_epoch, packet);
  } else if (s.phase != Phase::open) {
    refuse(c_, s, DropReason::svc_deleting, packet);
  } else if (!s.window.accepts(record.number())) {
    refuse(c_, s, DropReason::dtls_replay, packet);
  } else {
    return true;
  }
  return false;
}

void OpenBurst::add(const Datagram& d, ReceiveSide& s, Time now) noexcept {
  const uint32_t slot = c_.receive.slot_of(s);
  RecordWalk walk(d.data(), d.size);
  Record record;
  PuntRange handshake;
  bool taken = false;  // the packet is in an entry
  bool read = false;   // an entry's record lies in it
  for (;;) {
    const WalkResult result = walk.next(record);
    if (result == WalkResult::end) break;
    if (result != WalkResult::record) {
      refuse(c_, s,
             result == WalkResult::malformed ? DropReason::dtls_malformed : DropReason::dtls_short,
             d.packet);
      break;
    }
    if (!record.of_tunnel()) {
      // A client that lost our last flight, or begins anew.
      if (!record.of_handshake() || !handshake.add(record)) {
        refuse(c_, s, DropReason::dtls_unknown, d.packet);
      }
      continue;
    }
    if (!wanted(s, record, d.packet)) continue;
    if (count_ == dp::kBurst) finish(now);
    // What fills the rest of the datagram is opened where it lies, any other in a buffer of its own.
    taken = record.offset + record.size == d.size;
    read = true;
    gather(d, slot, record, taken);
  }
  if (!handshake.empty()) punt(c_, d, handshake, now);
  if (taken) return;
  // Behind a good record came one that was refused: the good one is opened while its ciphertext is there.
  if (read) [[unlikely]]
    finish(now);
  rte_pktmbuf_free(d.packet);
}

void OpenBurst::gather(const Datagram& d, uint32_t slot, const Record& record, bool last) noexcept {
  const ReceiveSide& s = c_.receive[slot];
  const uint32_t prefix = s.overhead.prefix;
  OpenOp& op = ops_[count_];
  op.keys = &c_.receive.keys(slot);
  crypto::record::prefetch_part(*op.keys, crypto::record::key_part(s.cipher, vaes_, record.size));
  op.record = d.data() + record.offset;
  op.record_size = record.size;
  rte_mbuf* m = d.packet;
  uint32_t at = d.offset + record.offset + prefix;
  if (!last) {
    at = 0;
    m = rte_pktmbuf_alloc(c_.pool);
    if (m == nullptr || rte_pktmbuf_append(m, static_cast<uint16_t>(record.size)) == nullptr) {
      rte_pktmbuf_free(m);
      c_.drops.add(DropReason::no_buffer);
      return;
    }
    dp::meta(m) = {};
  }
  op.payload = rte_pktmbuf_mtod_offset(m, uint8_t*, at);
  entries_[count_] = {m, at, slot, record.number()};
  ++count_;
}

void OpenBurst::finish(Time now) noexcept {
  crypto::record::open(c_.mb, {ops_.data(), count_});
  const uint32_t count = std::exchange(count_, 0);
  for (uint32_t i = 0; i < count; ++i)
    opened(entries_[i], ops_[i], now);
}

void OpenBurst::opened(const Entry& entry, const OpenOp& op, Time now) noexcept {
  ReceiveSide& s = c_.receive[entry.slot];
  rte_mbuf* m = entry.packet;
  DropReason reason = DropReason::count_;
  if (s.phase != Phase::open) {
    reason = DropReason::svc_deleting;  // an earlier record of this burst ended it
  } else if (op.status == OpenStatus::bad_tag) {
    reason = DropReason::dtls_bad_tag;
  } else if (op.status != OpenStatus::ok) {
    reason = DropReason::dtls_malformed;
  } else if (!s.window.mark(entry.number)) {
    reason = DropReason::dtls_replay;  // both copies were in this burst
  }
  if (reason != DropReason::count_) [[unlikely]] {
    // A record that was opened in a buffer of its own has no headers before it.
    refuse(c_, s, reason, entry.offset != 0 ? m : nullptr);
    rte_pktmbuf_free(m);
    return;
  }
  dp::TunnelCounters& n = c_.receive.counters(entry.slot);
  s.last_rx = now;
  n.last_rx_us.store(now, std::memory_order_relaxed);
  dp::count(n.rx_records);
  dp::count(c_.counters.records_opened);
  if (op.type == ContentType::alert) {
    alert_record(c_, s, op.payload, op.payload_size);
    rte_pktmbuf_free(m);
    return;
  }
  if (!s.heard) [[unlikely]] {
    s.heard = s.proven = true;
    c_.receive.owe(s, owed::kHeard);
  }
  cdtp_packet(s, entry, op.payload_size, now);
}

// Takes the buffer. The packet is a type byte and what belongs to it.
void OpenBurst::cdtp_packet(ReceiveSide& s, const Entry& entry, uint32_t size, Time now) noexcept {
  rte_mbuf* m = entry.packet;
  if (size == 0) {  // legal in DTLS, and means nothing here
    rte_pktmbuf_free(m);
    return;
  }
  auto* type = rte_pktmbuf_mtod_offset(m, uint8_t*, entry.offset);
  switch (static_cast<PacketType>(*type)) {
    case PacketType::data: {
      if (s.probing) [[unlikely]]
        finish_probing(c_, s);
      keep(m, entry.offset + 1, size - 1);
      dp::TunnelCounters& n = c_.receive.counters(entry.slot);
      n.last_data_us.store(now, std::memory_order_relaxed);
      dp::count(n.rx_packets);
      dp::count(n.rx_bytes, size - 1);
      dp::PacketMeta& meta = dp::meta(m);
      meta = {};
      meta.conn = conn_of(c_, s);
      meta.inner_source = &s.inner;
      c_.edges.up.push(m);
      return;
    }
    case PacketType::dpd_request:
      // The payload comes back whole: clients measure the path's MTU with it.
      note_probe(c_, s, size - 1, now);
      *type = static_cast<uint8_t>(PacketType::dpd_response);
      keep(m, entry.offset, size);
      reply(c_, s.transmit, m);
      return;
    case PacketType::dpd_response:
      // At least a microsecond: 0 is for what nobody knows.
      s.round_trip = std::max(now - s.last_dpd + 1, s.round_trip - s.round_trip / 8);
      break;
    case PacketType::keepalive: break;  // last_rx is all that it is for
    case PacketType::disconnect:
      end(c_, s, EndReason::client_disconnect, size > 1 ? type[1] : cstp::kReasonUser,
          {type + std::min(size, 2u), type + size});
      break;
    case PacketType::compressed: refuse(c_, s, DropReason::svc_compressed); break;
    case PacketType::terminate:  // a server's word, not a client's
    default: refuse(c_, s, DropReason::svc_unknown_type);
  }
  rte_pktmbuf_free(m);
}

}  // namespace culvert::dtls
