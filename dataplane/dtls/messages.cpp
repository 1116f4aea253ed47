// Install, remove, and what happens in between, as messages. Nothing is lost while all messages to
// control are under way: the debt stands in SideBase::owed, and settle() tries again on the next
// loop.
#include "dataplane/dtls/messages.hpp"

#include <cstring>

#include "crypto/record/sealing_limit.hpp"
#include "dataplane/dtls/output.hpp"

namespace culvert::dtls {

namespace {

using dp::DtlsSide;
using dp::Message;
using dp::MessageKind;

template <typename Side>
constexpr DtlsSide kSideOf =
    std::is_same_v<Side, ReceiveSide> ? DtlsSide::receive : DtlsSide::transmit;

auto& table_of(Context& c, const ReceiveSide& /*side*/) noexcept {
  return c.receive;
}
auto& table_of(Context& c, const TransmitSide& /*side*/) noexcept {
  return c.transmit;
}

constexpr Time seconds(uint32_t s) noexcept {
  return Time{s} * dp::kSecond;
}

template <typename Side, typename Fill>
bool post(Context& c, Side& s, MessageKind kind, Fill&& fill) noexcept {
  Message* m = c.mailbox.allocate_for_control();
  if (m == nullptr) return false;
  m->kind = kind;
  m->conn = conn_of(c, s);
  m->side = kSideOf<Side>;
  fill(*m);
  c.mailbox.to_control(m);
  return true;
}

// A new side in the slot that control chose, or nullptr if there is no such slot. Keys that cannot
// be used make it end at once.
template <typename Table>
auto* install(Context& c, Table& table, const Message& m) noexcept {
  using Side = std::remove_reference_t<decltype(table[0])>;
  if (m.conn.slot >= table.slots()) return static_cast<Side*>(nullptr);
  if (Side& old = table[m.conn.slot]; old.phase != Phase::unused) {
    // Control's mistake; the newer word counts.
    table.keys(m.conn.slot).clear();
    table.close(old);
  }
  Side& s = table.open(m.conn);
  const auto& material = m.dtls.keys;
  if (material.suite == nullptr || !crypto::is_dtls(material.suite->version) ||
      !table.keys(m.conn.slot).install(c.mb, material)) {
    s.phase = Phase::ended;
    s.end_reason = EndReason::bad_record;
    table.owe(s, owed::kEnded);
  } else {
    s.cipher = material.suite->cipher;
    s.overhead = crypto::record::overhead(material);
    table.owe(s, owed::kInstalled);
  }
  return &s;
}

void install_receive(Context& c, const Message& m, Time now) noexcept {
  ReceiveSide* s = install(c, c.receive, m);
  if (s == nullptr) return;
  s->inner = m.dtls.inner;
  s->transmit = m.dtls.transmit;
  // Control's mistake, and not worth a wild pointer.
  if (s->transmit.worker >= c.workers || s->transmit.slot >= c.transmit.slots()) s->transmit = {};
  s->epoch = static_cast<uint16_t>(m.dtls.keys.sequence >> crypto::record::kDtlsSequenceBits);
  s->dpd_interval = seconds(m.dtls.dpd_interval_s);
  s->last_rx = now;
  s->landed = c.worker;
  c.receive.map(*s, m.flow);
}

void install_transmit(Context& c, const Message& m, Time now) noexcept {
  TransmitSide* s = install(c, c.transmit, m);
  if (s == nullptr) return;
  s->path.set(m.flow);
  if (m.dtls.keys.suite != nullptr)
    s->sealing_limit = crypto::record::sealing_limit(m.dtls.keys.suite->cipher);
  s->keepalive_interval = seconds(m.dtls.keepalive_s);
  s->last_tx = now;
}

void remove(Context& c, const Message& m) noexcept {
  if (m.side == DtlsSide::receive) {
    ReceiveSide* s = c.receive.find(m.conn);
    if (s == nullptr || s->phase == Phase::removed) return;
    c.receive.unmap(*s);
    c.receive.keys(m.conn.slot).clear();
    s->phase = Phase::removed;
    s->owed = 0;
    c.receive.owe(*s, owed::kRemoved);
    return;
  }
  TransmitSide* s = c.transmit.find(m.conn);
  if (s == nullptr || s->phase == Phase::removed) return;
  if (s->phase == Phase::open) send_close_notify(c, *s);
  c.transmit.keys(m.conn.slot).clear();
  s->phase = Phase::removed;
  s->owed = 0;
  c.transmit.owe(*s, owed::kRemoved);
}

template <typename Side>
void pay(Side& s, uint8_t bit, bool paid) noexcept {
  if (paid) s.owed &= static_cast<uint8_t>(~bit);
}

// In the order in which things happen to a side. True if nothing is owed any more.
template <typename Side>
bool settle_side(Context& c, Side& s) noexcept {
  auto& table = table_of(c, s);
  const uint32_t slot = table.slot_of(s);
  if ((s.owed & owed::kInstalled) != 0) {
    pay(s, owed::kInstalled, post(c, s, MessageKind::dtls_installed, [&](Message& m) {
          m.counters = &table.counters(slot);
        }));
    if ((s.owed & owed::kInstalled) != 0) return false;
  }
  if constexpr (std::is_same_v<Side, ReceiveSide>) {
    if ((s.owed & owed::kHeard) != 0) {
      // What came and went while the ring was full is not worth a word.
      pay(s, owed::kHeard,
          s.heard == s.told_heard ||
              post(c, s, s.heard ? MessageKind::dtls_up : MessageKind::dtls_silent,
                   [&](Message& m) { m.flow = s.flow; }));
      if ((s.owed & owed::kHeard) != 0) return false;
      s.told_heard = s.heard;
    }
    if ((s.owed & owed::kMoved) != 0) {
      pay(s, owed::kMoved, post(c, s, MessageKind::dtls_moved, [&](Message& m) {
            m.flow = s.flow;
            m.landed = s.landed;
          }));
    }
    if ((s.owed & owed::kPath) != 0) {
      pay(s, owed::kPath, post(c, s, MessageKind::dtls_path, [&](Message& m) {
            m.path_mtu = s.path_mtu;
            m.largest_probe = s.probed ? s.largest_probe : uint16_t{0};
          }));
    }
  }
  if ((s.owed & owed::kEnded) != 0) {
    pay(s, owed::kEnded, post(c, s, MessageKind::dtls_ended, [&](Message& m) {
          m.reason = s.end_reason;
          m.code = s.end_code;
          m.totals = read_totals(table.counters(slot));
          if constexpr (std::is_same_v<Side, ReceiveSide>) {
            m.size = s.end_text_size;
            std::memcpy(m.data, s.end_text.data(), s.end_text_size);
          }
        }));
  }
  if ((s.owed & owed::kRemoved) != 0 && post(c, s, MessageKind::dtls_removed, [&](Message& m) {
        m.totals = read_totals(table.counters(slot));
      })) {
    table.close(s);
  }
  return s.owed == 0;
}

template <typename Table>
void settle_table(Context& c, Table& table) noexcept {
  size_t kept = 0;
  const size_t count = table.owing.size();
  for (size_t i = 0; i < count; ++i) {
    const uint32_t slot = table.owing[i];
    auto& s = table[slot];
    if (settle_side(c, s)) {
      s.listed = false;
    } else {
      table.owing[kept++] = slot;
    }
  }
  table.owing.resize(kept);
}

}  // namespace

bool is_for_dtls(MessageKind kind) noexcept {
  switch (kind) {
    case MessageKind::send_datagram:
    case MessageKind::install_dtls_tx:
    case MessageKind::install_dtls_rx:
    case MessageKind::remove_dtls:
    case MessageKind::route_dtls:
    case MessageKind::listen_dtls:
    case MessageKind::unlisten_dtls: return true;
    default: return false;
  }
}

void on_message(Context& c, Message& m, Time now) noexcept {
  switch (m.kind) {
    case MessageKind::send_datagram: send_datagram(c, m.flow, {m.data, m.size}); break;
    case MessageKind::install_dtls_tx: install_transmit(c, m, now); break;
    case MessageKind::install_dtls_rx: install_receive(c, m, now); break;
    case MessageKind::remove_dtls: remove(c, m); break;
    case MessageKind::route_dtls: c.receive.route(m.flow, m.conn); break;
    case MessageKind::listen_dtls: (void)c.listeners.add(m.flow.local, m.flow.local_port); break;
    case MessageKind::unlisten_dtls: c.listeners.give_up(m.flow.local, m.flow.local_port); break;
    default: break;
  }
}

void settle(Context& c) noexcept {
  settle_table(c, c.receive);
  settle_table(c, c.transmit);
}

}  // namespace culvert::dtls
