// CSTP input: in: bytes of TCP streams; out: inner packets, not yet validated. Drops:
// tls_bad_record, tls_decrypt, svc_bad_framing, svc_bad_length, svc_unknown_type, svc_compressed,
// svc_deleting; key_update.cpp has those of handshake records. RFC 8446 §5, RFC 5246 §6.2.
//
// Three loops: gather records, open them in one burst, deal with the plaintext. A record that fills
// its buffer alone is opened where it lies and its buffer goes on as the inner packet; any other is
// opened out of place into a fresh buffer, which costs no extra copy; only one that straddles two
// buffers is copied first.
#include "dataplane/cstp/input.hpp"

#include <cassert>

#include <rte_mbuf.h>

#include "crypto/record/key_prefetch.hpp"
#include "dataplane/cstp/control_packet.hpp"
#include "dataplane/cstp/key_update.hpp"
#include "dataplane/cstp/record_header.hpp"
#include "dataplane/cstp/setup.hpp"

namespace culvert::cstp {

namespace {

// One client's backlog of tiny records must not hold the worker's other clients up.
constexpr uint32_t kRecordsReadPerTurn = 256;

using crypto::record::ContentType;
using crypto::record::OpenOp;
using crypto::record::OpenStatus;
using dp::DropReason;

void alert_record(Context& c, Tunnel& t, const uint8_t* data, uint32_t size) noexcept {
  // Two bytes. RFC 8446 §6: the level is ignored, and every alert but user_canceled (90) ends the
  // connection. TLS 1.2 knows warnings (RFC 5246 §7.2).
  constexpr uint8_t kCloseNotify = 0, kUserCanceled = 90, kFatal = 2;
  const bool ends =
      size != 2 || data[1] == kCloseNotify ||
      (t.version == crypto::Version::tls13 ? data[1] != kUserCanceled : data[0] == kFatal);
  if (!ends) return;
  // RFC 5246 §7.2.1: a close_notify is answered in kind; a fatal alert is not answered.
  if (size == 2 && data[1] == kCloseNotify) send_close_notify(c, t);
  c.tcp.shutdown(conn_of(c, t));
  end(c, t, EndReason::tls_alert, size == 2 ? data[1] : uint8_t{0});
}

// One plaintext record. Returns true if it is a data packet, which begins kHeaderSize into `data`.
bool packet_record(Context& c, Tunnel& t, const uint8_t* data, uint32_t size, Time now) noexcept {
  if (size == 0) return false;  // an empty record is legal in TLS and means nothing in CSTP
  Header h;
  switch (parse(data, size, h)) {
    case ParseResult::ok: break;
    case ParseResult::bad_framing:
      fail(c, t, DropReason::svc_bad_framing, kAlertUnexpectedMessage, EndReason::bad_framing);
      return false;
    case ParseResult::bad_length: refuse(c, t, DropReason::svc_bad_length); return false;
  }
  const uint8_t* payload = data + kHeaderSize;
  const uint32_t payload_size = size - kHeaderSize;
  switch (static_cast<PacketType>(h.type)) {
    case PacketType::data: return true;
    case PacketType::dpd_request:
      // The payload comes back whole: clients measure with it. What does not fit one buffer is not
      // measured.
      if (!send_packet(c, t, PacketType::dpd_response, {payload, payload_size})) {
        send_packet(c, t, PacketType::dpd_response, {});
      }
      t.last_tx = now;
      return false;
    case PacketType::dpd_response:
    case PacketType::keepalive: return false;  // last_rx is all they are for
    case PacketType::disconnect: {
      const uint8_t reason = payload_size > 0 ? payload[0] : kReasonUser;
      c.tcp.shutdown(conn_of(c, t));
      end(c, t, EndReason::client_disconnect, reason, payload_size > 1 ? payload + 1 : nullptr,
          payload_size > 1 ? payload_size - 1 : 0);
      return false;
    }
    case PacketType::compressed: refuse(c, t, DropReason::svc_compressed); return false;
    case PacketType::terminate: break;  // a server's word, not a client's
  }
  refuse(c, t, DropReason::svc_unknown_type);
  return false;
}

// What every opened record has in common. True if its plaintext is a data packet.
bool opened_record(Context& c, Tunnel& t, const OpenOp& op, Time now) noexcept {
  if (op.status == OpenStatus::bad_tag) {
    fail(c, t, DropReason::tls_decrypt, kAlertBadRecordMac, EndReason::bad_record);
    return false;
  }
  if (op.status != OpenStatus::ok) {
    fail(c, t, DropReason::tls_bad_record,
         op.status == OpenStatus::bad_length ? kAlertRecordOverflow : kAlertUnexpectedMessage,
         EndReason::bad_record);
    return false;
  }
  t.last_rx = now;
  c.tunnels.counters(c.tunnels.slot_of(t)).last_rx_us.store(now, std::memory_order_relaxed);
  dp::count(c.tunnels.counters(c.tunnels.slot_of(t)).rx_records);
  dp::count(c.tunnels.records_opened);
  switch (op.type) {
    case ContentType::application_data:
      return packet_record(c, t, op.payload, op.payload_size, now);
    case ContentType::alert: alert_record(c, t, op.payload, op.payload_size); return false;
    case ContentType::handshake:
      handshake_record(c, t, {op.payload, op.payload_size}, now);
      return false;
    default:
      fail(c, t, DropReason::tls_bad_record, kAlertUnexpectedMessage, EndReason::bad_record);
      return false;
  }
}

void count_up(Context& c, Tunnel& t, uint32_t bytes, Time now) noexcept {
  dp::TunnelCounters& n = c.tunnels.counters(c.tunnels.slot_of(t));
  n.last_data_us.store(now, std::memory_order_relaxed);
  dp::count(n.rx_packets);
  dp::count(n.rx_bytes, bytes);
}

}  // namespace

void OpenBurst::gather(Tunnel& t, const dp::BatchSink& up, Time now) noexcept {
  const ConnId conn = conn_of(c_, t);
  t.owed &= static_cast<uint8_t>(~owed::kRead);
  for (uint32_t records = 0; t.phase == Phase::tunnel; ++records) {
    if (t.awaits_receive_keys) return;  // install_keys() owes the reading anew
    if (records == kRecordsReadPerTurn) {
      c_.tunnels.owe(t, owed::kRead);
      break;
    }
    if (count_ == dp::kBurst) {
      finish(up, now);
      continue;
    }
    const uint32_t offset = t.gathered;
    const RecordHeader header = peek_record_header(c_.tcp, conn, offset);
    if (header.state == RecordHeader::State::incomplete ||
        (header.state == RecordHeader::State::ok && c_.tcp.readable(conn) - offset < header.size)) {
      break;
    }
    if (header.state == RecordHeader::State::malformed || header.size < t.overhead.shortest) {
      finish(up, now);  // what came before it is good
      if ((t.owed & owed::kRead) != 0) break;
      if (t.phase == Phase::tunnel && !t.awaits_receive_keys) {
        fail(c_, t, DropReason::tls_bad_record, kAlertUnexpectedMessage, EndReason::bad_record);
      }
      return;
    }
    if (header.size + RTE_PKTMBUF_HEADROOM > rte_pktmbuf_data_room_size(c_.pool)) {
      finish(up, now);
      // What was held is at the front of the stream again: it comes first.
      if ((t.owed & owed::kRead) != 0) break;
      if (t.phase == Phase::tunnel && !t.awaits_receive_keys) open_large(t, header.size, up, now);
      continue;
    }
    if (!add_record(t, offset, header.size)) {
      // No buffer: the record waits in the stream, for it cannot be dropped without losing the
      // connection.
      c_.tunnels.owe(t, owed::kRead);
      break;
    }
  }
  if (t.phase == Phase::tunnel && t.peer_closed && (t.owed & owed::kRead) == 0) {
    finish(up, now);
    if (t.awaits_receive_keys || (t.owed & owed::kRead) != 0) return;
    c_.tcp.shutdown(conn);
    end(c_, t, EndReason::peer_closed);
  }
}

bool OpenBurst::add_record(Tunnel& t, uint32_t offset, uint32_t size) noexcept {
  const ConnId conn = conn_of(c_, t);
  const uint32_t slot = c_.tunnels.slot_of(t);
  OpenOp& op = ops_[count_];
  Entry& entry = entries_[count_];
  op.keys = &c_.tunnels.keys(slot).rx;
  if (count_ == 0 || op.keys != ops_[count_ - 1].keys) {
    const bool vaes = c_.mb.isa() == crypto::Isa::avx512;
    crypto::record::prefetch_part(*op.keys, crypto::record::key_part(t.cipher, vaes, size));
  }
  op.record_size = size;
  entry.slot = slot;
  entry.held = false;

  rte_mbuf* m = offset == 0 ? c_.tcp.take_front(conn, size) : nullptr;
  if (m != nullptr) {
    entry.consume = 0;
    auto* record = rte_pktmbuf_mtod(m, uint8_t*);
    op.record = record;
    op.payload = record + t.overhead.prefix;
  } else {
    m = rte_pktmbuf_alloc(c_.pool);
    if (m == nullptr) return false;
    entry.consume = size;
    t.gathered += size;
    auto* room = reinterpret_cast<uint8_t*>(rte_pktmbuf_append(m, static_cast<uint16_t>(size)));
    assert(room != nullptr);  // the caller compared the size with the pool's data room
    op.payload = room + t.overhead.prefix;
    const uint8_t* in_stream = c_.tcp.contiguous(conn, offset, size);
    if (in_stream != nullptr) {
      op.record = in_stream;
    } else {
      c_.tcp.peek(conn, offset, room, size);
      op.record = room;
    }
  }
  entry.packet = m;
  ++count_;
  return true;
}

void OpenBurst::finish(const dp::BatchSink& up, Time now) noexcept {
  crypto::record::open(c_.mb, {ops_.data(), count_});
  bool held = false;
  for (uint32_t i = 0; i < count_; ++i) {
    Entry& entry = entries_[i];
    const OpenOp& op = ops_[i];
    Tunnel& t = c_.tunnels[entry.slot];
    rte_mbuf* m = entry.packet;
    if (op.status == OpenStatus::held && t.phase == Phase::tunnel) {
      hold(t, entry);
      held |= entry.packet != nullptr;
      continue;
    }
    if (entry.consume != 0) {
      c_.tcp.consume(conn_of(c_, t), entry.consume);
      t.gathered -= entry.consume;
    }
    if (t.phase != Phase::tunnel) {
      // An earlier record of this burst ended the tunnel.
      dp::drop(c_.drops, DropReason::svc_deleting, m);
      continue;
    }
    if (!opened_record(c_, t, op, now)) {
      rte_pktmbuf_free(m);
      continue;
    }
    const uint32_t head = t.overhead.prefix + kHeaderSize;
    const uint32_t inner = op.payload_size - kHeaderSize;
    rte_pktmbuf_adj(m, static_cast<uint16_t>(head));
    rte_pktmbuf_trim(m, static_cast<uint16_t>(m->data_len - inner));
    count_up(c_, t, inner, now);
    // What port and TCP knew of the outer packet is not true of the inner one, nor of a fresh
    // buffer.
    m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
    m->packet_type = 0;
    dp::PacketMeta& meta = dp::meta(m);
    meta = dp::PacketMeta{};
    meta.conn = conn_of(c_, t);
    meta.inner_source = &t.inner;
    entry.packet = nullptr;
    up.push(m);
  }
  if (held) [[unlikely]]
    put_back();
  count_ = 0;
}

// A handshake message came before this record, which needs the keys behind it.
void OpenBurst::hold(Tunnel& t, Entry& entry) noexcept {
  entry.held = true;
  if (entry.consume != 0) {  // never left the stream
    t.gathered -= entry.consume;
    rte_pktmbuf_free(entry.packet);
    entry.packet = nullptr;
  }
  if (!t.awaits_receive_keys) c_.tunnels.owe(t, owed::kRead);
}

// Buffers that were taken out of streams go back to where they were, the last one first.
void OpenBurst::put_back() noexcept {
  for (uint32_t i = count_; i-- > 0;) {
    const Entry& entry = entries_[i];
    if (!entry.held || entry.packet == nullptr) continue;
    if (!c_.tcp.put_front(conn_of(c_, c_.tunnels[entry.slot]), entry.packet)) {
      dp::drop(c_.drops, DropReason::svc_deleting, entry.packet);
    }
  }
}

void OpenBurst::open_large(Tunnel& t, uint32_t size, const dp::BatchSink&, Time now) noexcept {
  const ConnId conn = conn_of(c_, t);
  c_.tcp.peek(conn, 0, c_.large_record, size);
  c_.tcp.consume(conn, size);
  OpenOp op{};
  op.keys = &c_.tunnels.keys(c_.tunnels.slot_of(t)).rx;
  op.record = c_.large_record;
  op.record_size = size;
  op.payload = c_.large_record + t.overhead.prefix;
  crypto::record::open(c_.mb, {&op, 1});
  // No interface here takes a packet that outgrows the buffers.
  if (opened_record(c_, t, op, now)) refuse(c_, t, DropReason::svc_bad_length);
}

}  // namespace culvert::cstp
