#include "dataplane/cstp/control_packet.hpp"

#include <algorithm>
#include <cstring>

#include <rte_mbuf.h>

#include "crypto/record/key_update.hpp"
#include "dataplane/cstp/key_update.hpp"
#include "dataplane/cstp/setup.hpp"

namespace culvert::cstp {

namespace {

using crypto::record::ContentType;

// What every send queue keeps for the records that must not wait behind data: the end of a tunnel,
// and the KeyUpdate behind which everything else is sealed anew.
enum class Room : uint8_t { ordinary, reserve };

// Seals `size` bytes that `fill` writes and hands the record to TCP.
template <typename Fill>
bool send_record(Context& c, Tunnel& t, ContentType type, uint32_t size, Room room,
                 Fill&& fill) noexcept {
  if (t.close_notify_sent) return false;
  const ConnId conn = conn_of(c, t);
  const uint32_t record_size = size + t.overhead.total();
  const uint32_t left = room == Room::reserve ? c.tcp.byte_room(conn) : data_room(c, conn);
  if (left < record_size) return false;
  rte_mbuf* m = rte_pktmbuf_alloc(c.pool);
  if (m == nullptr) return false;
  auto* record =
      reinterpret_cast<uint8_t*>(rte_pktmbuf_append(m, static_cast<uint16_t>(record_size)));
  if (record == nullptr) {
    rte_pktmbuf_free(m);
    return false;
  }
  fill(record + t.overhead.prefix);
  crypto::record::SealOp op{&c.tunnels.keys(c.tunnels.slot_of(t)).tx, record, size, type, 0};
  crypto::record::seal(c.mb, {&op, 1});
  // The room that padding did not need.
  rte_pktmbuf_trim(m, static_cast<uint16_t>(m->pkt_len - op.record_size));
  if (!c.tcp.send(conn, m)) {  // the room was checked: only a connection that closes can refuse
    rte_pktmbuf_free(m);
    return false;
  }
  dp::count(c.tunnels.counters(c.tunnels.slot_of(t)).tx_records);
  dp::count(c.tunnels.records_sealed);
  note_sealed(c, t, record_size);
  return true;
}

bool send_alert(Context& c, Tunnel& t, uint8_t level, uint8_t description) noexcept {
  return send_record(c, t, ContentType::alert, 2, Room::reserve, [&](uint8_t* at) {
    at[0] = level;
    at[1] = description;
  });
}

void check_timers(Context& c, Tunnel& t, Time now) noexcept {
  if (t.phase == Phase::setup) {
    if (now > t.setup_deadline) {
      end(c, t, EndReason::handshake_timeout);
      c.tcp.abort(conn_of(c, t), now);
    }
    return;
  }
  if (t.phase != Phase::tunnel) return;

  c.tunnels.counters(c.tunnels.slot_of(t))
      .path_mtu.store(c.tcp.path_mtu(conn_of(c, t)), std::memory_order_relaxed);
  // A request after one silent interval, then every half; the peer is dead after three.
  if (t.dpd_interval != 0) {
    const Time silent = now - t.last_rx;
    if (silent > 3 * t.dpd_interval) {
      end(c, t, EndReason::dpd_failure);
      c.tcp.abort(conn_of(c, t), now);
      return;
    }
    if (silent >= t.dpd_interval && now - t.last_dpd >= t.dpd_interval / 2) {
      if (send_packet(c, t, PacketType::dpd_request, {})) {
        t.last_dpd = now;
        t.last_tx = now;
      }
    }
  }
  if (t.keepalive_interval != 0 && now - t.last_tx >= t.keepalive_interval &&
      send_packet(c, t, PacketType::keepalive, {})) {
    t.last_tx = now;
  }
}

}  // namespace

bool send_packet(Context& c, Tunnel& t, PacketType type,
                 std::span<const uint8_t> payload) noexcept {
  // A TERMINATE is the last word: it may use what nothing else needs any more.
  const Room room = type == PacketType::terminate ? Room::reserve : Room::ordinary;
  return send_record(c, t, ContentType::application_data,
                     static_cast<uint32_t>(kHeaderSize + payload.size()), room, [&](uint8_t* at) {
                       write_header(at, type, static_cast<uint16_t>(payload.size()));
                       if (!payload.empty()) {
                         std::memcpy(at + kHeaderSize, payload.data(), payload.size());
                       }
                     });
}

void send_close_notify(Context& c, Tunnel& t) noexcept {
  send_alert(c, t, 1, 0);
  t.close_notify_sent = true;
}

void send_fatal_alert(Context& c, Tunnel& t, uint8_t description) noexcept {
  send_alert(c, t, 2, description);
  t.close_notify_sent = true;
}

void send_warning_alert(Context& c, Tunnel& t, uint8_t description) noexcept {
  send_alert(c, t, 1, description);
}

bool send_key_update(Context& c, Tunnel& t) noexcept {
  constexpr crypto::record::KeyUpdate kMessage{};
  return send_record(c, t, ContentType::handshake, sizeof kMessage, Room::reserve,
                     [&](uint8_t* at) { std::memcpy(at, &kMessage, sizeof kMessage); });
}

void refuse(Context& c, Tunnel& t, dp::DropReason reason) noexcept {
  c.drops.add(reason);
  dp::count(c.tunnels.counters(c.tunnels.slot_of(t)).rx_dropped);
}

void fail(Context& c, Tunnel& t, dp::DropReason reason, uint8_t alert, EndReason why) noexcept {
  refuse(c, t, reason);
  send_fatal_alert(c, t, alert);
  c.tcp.shutdown(conn_of(c, t));
  end(c, t, why);
}

void sweep_timers(Context& c, Time now, Time elapsed) noexcept {
  constexpr Time kRound = 1'000'000;
  auto& table = c.tunnels;
  if (table.active.empty()) return;
  const auto share = table.active.size() * std::min(elapsed, kRound);
  // Rounded up, so that a few tunnels are looked at more often than once a second rather than
  // never.
  auto count = static_cast<uint32_t>((share + kRound - 1) / kRound);
  while (count-- > 0) {
    if (table.cursor >= table.active.size()) table.cursor = 0;
    check_timers(c, table[table.active[table.cursor]], now);
    ++table.cursor;
  }
}

}  // namespace culvert::cstp
