// Set-up and end of a connection, as messages. See mailbox.hpp for the dialogue.
//
// Nothing is lost while all messages to control are under way: the debt stands in Tunnel::owed,
// the bytes stay in the TCP stream (its window closes), and settle() tries again on the next loop.
#include "dataplane/cstp/setup.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "crypto/record/sealing_limit.hpp"
#include "dataplane/cstp/control_packet.hpp"
#include "dataplane/cstp/key_update.hpp"
#include "dataplane/cstp/record_header.hpp"
#include "dataplane/cstp/seal_burst.hpp"

namespace culvert::cstp {

namespace {

// Since control last asked for a record. Only a safety net: control's own limits (SetupLimits) are half as long or
// less, so that it is control that ends a silent set-up. What this ends is a password that servers ponder for longer.
constexpr Time kSetupTimeout = 600'000'000;
// Bytes that may wait for a client during set-up: it has shown nothing yet for which more is due.
constexpr uint32_t kSetupUnsent = 512 * 1024;

bool post(Context& c, Tunnel& t, dp::MessageKind kind, auto&& fill) noexcept {
  dp::Message* m = c.mailbox.allocate_for_control();
  if (m == nullptr) return false;
  m->kind = kind;
  m->conn = conn_of(c, t);
  fill(*m);
  c.mailbox.to_control(m);
  return true;
}

bool post_opened(Context& c, Tunnel& t) noexcept {
  const ConnId conn = conn_of(c, t);
  return post(c, t, dp::MessageKind::opened, [&](dp::Message& m) {
    m.flow = c.tcp.flow(conn);
    m.peer_mss = c.tcp.peer_mss(conn);
    m.timestamps = c.tcp.timestamps(conn);
  });
}

bool post_promoted(Context& c, Tunnel& t) noexcept {
  return post(c, t, dp::MessageKind::promoted, [&](dp::Message& m) {
    m.counters = &c.tunnels.counters(c.tunnels.slot_of(t));
    m.setup_bytes = t.setup_bytes;
  });
}

bool post_key_update(Context& c, Tunnel& t) noexcept {
  if (end_of_key(c, t)) return true;
  if (!post(c, t, dp::MessageKind::key_update, [&](dp::Message& m) { m.code = t.wanted_keys; })) {
    return false;
  }
  t.wanted_keys = 0;
  return true;
}

bool post_ended(Context& c, Tunnel& t) noexcept {
  return post(c, t, dp::MessageKind::ended, [&](dp::Message& m) {
    m.reason = t.end_reason;
    m.code = t.end_code;
    m.totals = read_totals(c.tunnels.counters(c.tunnels.slot_of(t)));
    m.size = t.end_text_size;
    std::memcpy(m.data, t.end_text.data(), t.end_text_size);
  });
}

// Clients say hello in less than kFirstRoom, but TLS has room for more. As much as any record in set-up has, for with
// room for the record alone its last bytes would not come: the window's edge moves by whole segments and is rounded
// down to a unit of its scale.
void make_room_for_hello(Context& c, Tunnel& t, uint32_t size) noexcept {
  if (t.setup_bytes != 0 || size <= kFirstRoom || t.large_hello) return;
  if (c.tunnels.large_hellos >= kMostLargeHellos) return;
  t.large_hello = true;
  ++c.tunnels.large_hellos;
  c.tcp.set_receive_buffer(conn_of(c, t), kSetupRoom);
}

void forget_large_hello(Context& c, Tunnel& t) noexcept {
  if (!t.large_hello) return;
  t.large_hello = false;
  --c.tunnels.large_hellos;
}

// Passes the record at the front of the stream on if it is whole. If it is not, the next readable
// event comes back here; if there is no message for it, settle() does.
void pass_record(Context& c, Tunnel& t) noexcept {
  const ConnId conn = conn_of(c, t);
  const RecordHeader header = peek_record_header(c.tcp, conn, 0);
  if (header.state == RecordHeader::State::malformed) {
    // Plain HTTP on the TLS port, a scanner, or noise. OpenSSL need not see it.
    c.drops.add(dp::DropReason::tls_first_record);
    end(c, t, EndReason::bad_record);
    c.tcp.shutdown(conn);
    return;
  }
  if (header.state == RecordHeader::State::incomplete || c.tcp.readable(conn) < header.size) {
    if (t.peer_closed) {
      end(c, t, EndReason::peer_closed);
      c.tcp.shutdown(conn);
    } else if (header.state == RecordHeader::State::ok) {
      make_room_for_hello(c, t, header.size);
    }
    return;
  }
  const bool posted = post(c, t, dp::MessageKind::record, [&](dp::Message& m) {
    m.size = c.tcp.peek(conn, 0, m.data, header.size);
  });
  if (!posted) {
    c.tunnels.owe(t, owed::kRecord);
    return;
  }
  c.tcp.consume(conn, header.size);
  t.setup_bytes += header.size;
  t.wants_record = false;
  t.owed &= static_cast<uint8_t>(~owed::kRecord);
}

void promote(Context& c, Tunnel& t, dp::Message& m, Time now) noexcept {
  const uint32_t slot = c.tunnels.slot_of(t);
  const dp::Promotion& p = m.promotion;
  auto& keys = c.tunnels.keys(slot);
  if (!keys.rx.install(c.mb, p.rx) || !keys.tx.install(c.mb, p.tx)) {
    end(c, t, EndReason::bad_record);
    c.tcp.abort(conn_of(c, t), now);
    return;
  }
  t.phase = Phase::tunnel;
  t.wants_record = false;
  forget_large_hello(c, t);
  c.tcp.set_receive_buffer(conn_of(c, t), std::numeric_limits<uint32_t>::max());
  t.owed &= static_cast<uint8_t>(~owed::kRecord);
  t.version = p.tx.suite->version;
  t.overhead = crypto::record::overhead(p.tx);
  t.cipher = p.tx.suite->cipher;
  t.sealing_limit = crypto::record::sealing_limit(p.tx.suite->cipher);
  t.inner = p.inner;
  t.last_rx = t.last_tx = now;
  t.dpd_interval = Time{p.dpd_interval_s} * 1'000'000;
  t.keepalive_interval = Time{p.keepalive_s} * 1'000'000;
  // Records that came behind the CONNECT wait in the stream.
  c.tunnels.owe(t, owed::kPromoted | owed::kRead);
}

void close_tunnel(Context& c, Tunnel& t, const dp::Message& m) noexcept {
  if (t.phase == Phase::tunnel) {
    if (m.code != 0) {
      send_packet(c, t, static_cast<PacketType>(m.code), {m.data, m.size});
    }
    send_close_notify(c, t);
  }
  c.tcp.shutdown(conn_of(c, t));
  end(c, t, EndReason::closed_here);
}

}  // namespace

void opened(Context& c, const ConnId& conn, Time now) noexcept {
  Tunnel& t = c.tunnels.open(conn);
  dp::TunnelCounters& n = c.tunnels.counters(conn.slot);
  for (auto* counter : {&n.rx_packets, &n.rx_bytes, &n.tx_packets, &n.tx_bytes, &n.rx_dropped,
                        &n.tx_dropped, &n.rx_records, &n.tx_records, &n.tx_marked, &n.key_updates,
                        &n.last_rx_us, &n.last_data_us}) {
    counter->store(0, std::memory_order_relaxed);
  }
  t.setup_deadline = now + kSetupTimeout;
  c.tunnels.owe(t, owed::kOpened);
}

void setup_readable(Context& c, Tunnel& t) noexcept {
  // While `opened` is still owed control cannot have asked for anything.
  if (t.wants_record) pass_record(c, t);
}

void end(Context& c, Tunnel& t, EndReason reason, uint8_t code, const uint8_t* text,
         uint32_t text_size) noexcept {
  if (t.phase == Phase::ended || t.phase == Phase::unused) return;
  t.phase = Phase::ended;
  t.wants_record = false;
  forget_large_hello(c, t);
  t.end_reason = reason;
  t.end_code = code;
  t.end_text_size = static_cast<uint8_t>(std::min<size_t>(text_size, t.end_text.size()));
  if (text != nullptr) std::memcpy(t.end_text.data(), text, t.end_text_size);
  while (rte_mbuf* m = c.tunnels.take_waiting(t))
    refuse_down(c, t, dp::DropReason::svc_deleting, m);
  // An `opened` or `promoted` that control has not got yet still comes before `ended`.
  t.owed &= static_cast<uint8_t>(~(owed::kRecord | owed::kRead | owed::kKeyUpdate));
  c.tunnels.owe(t, owed::kEnded);
}

void on_message(Context& c, dp::Message& m, Time now) noexcept {
  using dp::MessageKind;
  if (m.kind == MessageKind::listen) {
    (void)c.tcp.listen(m.flow.local, m.flow.local_port);
    return;
  }
  if (m.kind == MessageKind::unlisten) {
    c.tcp.unlisten(m.flow.local, m.flow.local_port);
    return;
  }
  Tunnel* t = c.tunnels.find(m.conn);
  if (t == nullptr) return;
  if (m.kind == MessageKind::forget) {
    c.tcp.release(m.conn);
    c.tunnels.close(*t);
    return;
  }
  if (t->phase == Phase::ended) return;  // crossed our `ended` on the way
  switch (m.kind) {
    case MessageKind::want_record:
      t->setup_deadline = now + kSetupTimeout;
      // Control asks everybody for the first one, and for the next when it has the time.
      if (t->phase == Phase::setup && t->setup_bytes != 0) {
        forget_large_hello(c, *t);
        c.tcp.set_receive_buffer(m.conn, kSetupRoom);
      }
      t->wants_record = t->phase == Phase::setup;
      setup_readable(c, *t);
      break;
    case MessageKind::send:
      if (c.tcp.unsent(m.conn) + m.size > kSetupUnsent ||
          !c.tcp.send_copy(m.conn, {m.data, m.size})) {
        // A client that makes us send half a megabyte during set-up without reading it, or an empty
        // pool.
        end(c, *t, EndReason::timed_out);
        c.tcp.abort(m.conn, now);
      }
      break;
    case MessageKind::promote: promote(c, *t, m, now); break;
    case MessageKind::rekey: install_keys(c, *t, m.promotion, now); break;
    case MessageKind::close: close_tunnel(c, *t, m); break;
    case MessageKind::abort:
      end(c, *t, EndReason::closed_here);
      c.tcp.abort(m.conn, now);
      break;
    default: break;
  }
}

void settle(Context& c) noexcept {
  auto& owing = c.tunnels.owing;
  size_t kept = 0;
  const size_t count = owing.size();
  for (size_t i = 0; i < count; ++i) {
    const uint32_t slot = owing[i];
    Tunnel& t = c.tunnels[slot];
    const auto pay = [&](uint8_t bit, auto&& post_it) {
      if ((t.owed & bit) != 0 && post_it(c, t)) t.owed &= static_cast<uint8_t>(~bit);
    };
    pay(owed::kOpened, post_opened);
    pay(owed::kPromoted, post_promoted);
    if ((t.owed & owed::kRecord) != 0) pass_record(c, t);
    if ((t.owed & (owed::kOpened | owed::kPromoted)) == 0) {
      pay(owed::kKeyUpdate, post_key_update);
      pay(owed::kEnded, post_ended);
    }
    // kRead is the input stage's to pay; it looks at this list.
    if (t.owed != 0) {
      owing[kept++] = slot;
    } else {
      t.listed = false;
    }
  }
  owing.resize(kept);
}

}  // namespace culvert::cstp
