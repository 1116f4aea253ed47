// Key changes in mid-stream. The worker knows the order of things, control knows the secrets: the
// worker holds what the client sealed with its next key until control has derived it, and our own
// KeyUpdate is the last record under the key that it ends.
#include "dataplane/cstp/key_update.hpp"

#include <algorithm>

#include "crypto/record/key_update.hpp"
#include "crypto/record/sealing_limit.hpp"
#include "dataplane/cstp/control_packet.hpp"
#include "dataplane/cstp/setup.hpp"

namespace culvert::cstp {

namespace {

using crypto::record::KeyUpdateParse;
using crypto::record::KeyUpdateRequest;
using dp::DropReason;

void ask(Context& c, Tunnel& t, uint8_t keys) noexcept {
  t.wanted_keys |= keys;
  c.tunnels.owe(t, owed::kKeyUpdate);
}

void want_transmit_keys(Context& c, Tunnel& t) noexcept {
  if (t.awaits_transmit_keys) return;  // the update that is under way answers this request, too
  t.awaits_transmit_keys = true;
  ask(c, t, dp::wanted_keys::kTransmit);
}

}  // namespace

void handshake_record(Context& c, Tunnel& t, std::span<const uint8_t> message, Time now) noexcept {
  if (!t.key_updates.take(now)) {
    fail(c, t, DropReason::tls_key_updates, kAlertUnexpectedMessage, EndReason::key_update_flood);
    return;
  }
  if (t.version != crypto::Version::tls13) {
    // RFC 5246 §7.2.2: a warning, after which the client decides whether it goes on.
    refuse(c, t, DropReason::tls_renegotiation);
    send_warning_alert(c, t, kAlertNoRenegotiation);
    c.tunnels.keys(c.tunnels.slot_of(t)).rx.held = false;
    return;
  }
  auto request = KeyUpdateRequest::not_requested;
  switch (parse_key_update(message, request)) {
    case KeyUpdateParse::ok: break;
    case KeyUpdateParse::not_a_key_update:
      fail(c, t, DropReason::tls_handshake, kAlertUnexpectedMessage, EndReason::bad_record);
      return;
    case KeyUpdateParse::bad_request:
      fail(c, t, DropReason::tls_handshake, kAlertIllegalParameter, EndReason::bad_record);
      return;
  }
  dp::count(c.tunnels.counters(c.tunnels.slot_of(t)).key_updates);
  t.awaits_receive_keys = true;
  ask(c, t, dp::wanted_keys::kReceive);
  if (request == KeyUpdateRequest::requested) want_transmit_keys(c, t);
}

void install_keys(Context& c, Tunnel& t, const dp::Promotion& keys, Time now) noexcept {
  TunnelTable::Keys& installed = c.tunnels.keys(c.tunnels.slot_of(t));
  if (t.awaits_transmit_keys && keys.tx.suite != nullptr) {
    if (!send_key_update(c, t)) {
      // The packet pool is empty. Sealing goes on with the present key, and control is asked for
      // the same keys once more.
      ask(c, t, dp::wanted_keys::kTransmitAgain);
    } else if (!installed.tx.install(c.mb, keys.tx)) {
      end(c, t, EndReason::bad_record);
      c.tcp.abort(conn_of(c, t), now);
      return;
    } else {
      t.awaits_transmit_keys = false;
      t.sealed_blocks = 0;
      t.last_tx = now;
    }
  }
  if (t.awaits_receive_keys && keys.rx.suite != nullptr) {
    if (!installed.rx.install(c.mb, keys.rx)) {
      end(c, t, EndReason::bad_record);
      c.tcp.abort(conn_of(c, t), now);
      return;
    }
    t.awaits_receive_keys = false;
    c.tunnels.owe(t, owed::kRead);  // what came behind the KeyUpdate
  }
}

void note_sealed(Context& c, Tunnel& t, uint32_t record_size) noexcept {
  t.sealed_blocks += crypto::record::blocks_of(record_size);
  if (t.sealed_blocks >= std::min(t.sealing_limit, c.sealing_limit) && t.phase == Phase::tunnel)
      [[unlikely]] {
    want_transmit_keys(c, t);
  }
}

bool end_of_key(Context& c, Tunnel& t) noexcept {
  if (t.version == crypto::Version::tls13) return false;
  end(c, t, EndReason::key_worn_out);
  send_close_notify(c, t);
  c.tcp.shutdown(conn_of(c, t));
  return true;
}

}  // namespace culvert::cstp
