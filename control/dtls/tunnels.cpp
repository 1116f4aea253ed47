#include "control/dtls/tunnels.hpp"

#include <algorithm>
#include <utility>

#include "control/mtu/accounting.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::control {

using dp::kSecond;

dp::Totals DtlsTunnel::totals() const noexcept {
  dp::Totals sum;
  if (rx_counters != nullptr) sum = sum + read_totals(*rx_counters);
  if (tx_counters != nullptr) sum = sum + read_totals(*tx_counters);
  return sum;
}

DtlsTunnels::DtlsTunnels(SetupEnv& env, const DtlsLimits& limits, DtlsStats& stats, Outbox& outbox)
    : env_(env),
      limits_(limits),
      stats_(stats),
      outbox_(outbox),
      rx_slots_(env.workers, env.config->dataplane.max_sessions),
      tx_slots_(env.workers, env.config->dataplane.max_sessions) {}

DtlsTunnels::EntryPtr DtlsTunnels::find(dp::DtlsSide side, dp::ConnId id) const {
  const auto& map = side == dp::DtlsSide::receive ? by_rx_ : by_tx_;
  const auto found = map.find(id);
  return found == map.end() ? nullptr : found->second;
}

std::vector<DtlsTunnels::EntryPtr> DtlsTunnels::of_session(uint32_t session) const {
  std::vector<EntryPtr> found;
  const auto [first, last] = by_session_.equal_range(session);
  for (auto it = first; it != last; ++it)
    found.push_back(it->second);
  return found;
}

std::shared_ptr<DtlsTunnel> DtlsTunnels::begin(const DtlsOffer& offer, const dp::Flow& flow,
                                               uint8_t worker, const DtlsKeys& keys,
                                               std::function<void()> installed) {
  // A worker knows one receive side a flow: the client that made new keys has given the old ones
  // up.
  for (const EntryPtr& other : of_session(offer.session)) {
    if (other->tunnel->flow == flow) end(*other, dp::EndReason::closed_here);
  }
  const dp::Session& session = *offer.inner->session;
  const auto rx = rx_slots_.take(worker);
  const auto tx = tx_slots_.take(session.home);
  if (!rx || !tx) {
    if (rx) rx_slots_.give_back(*rx);
    if (tx) tx_slots_.give_back(*tx);
    stats_.no_slot++;
    // Its own old tunnel may be all that is in the way; the client will try again.
    for (const EntryPtr& other : of_session(offer.session))
      end(*other, dp::EndReason::closed_here);
    return nullptr;
  }
  const auto entry = std::make_shared<Entry>();
  entry->tunnel = std::make_shared<DtlsTunnel>();
  entry->order = next_order_++;
  entry->installed = std::move(installed);
  DtlsTunnel& tunnel = *entry->tunnel;
  tunnel.session = offer.session;
  tunnel.serial = offer.serial;
  tunnel.inner = offer.inner;
  tunnel.suite = offer.suite;
  tunnel.shape = offer.shape;
  tunnel.link = offer.link;
  // Only the handshake tells whether the MAC follows the padding (RFC 7366), which may cost a block.
  tunnel.shape.encrypt_then_mac = keys.tx.encrypt_then_mac;
  const unsigned fits = largest_dtls_packet(offer.link, !flow.remote.is_v4(), tunnel.shape);
  tunnel.announced = keys.tx.encrypt_then_mac
                         ? static_cast<uint16_t>(std::min<unsigned>(offer.mtu, fits))
                         : offer.mtu;
  tunnel.mtu = tunnel.announced;
  tunnel.rx = *rx;
  tunnel.tx = *tx;
  tunnel.flow = flow;
  tunnel.since_us = env_.now_us();

  entry->receive.inner = session.inner;
  entry->receive.keys = keys.rx;
  entry->receive.transmit = *tx;
  entry->receive.dpd_interval_s = offer.dpd_s;
  dp::DtlsInstall transmit{};
  transmit.inner = session.inner;
  transmit.keys = keys.tx;
  transmit.keepalive_s = offer.keepalive_s;

  by_session_.emplace(offer.session, entry);
  by_rx_.emplace(*rx, entry);
  by_tx_.emplace(*tx, entry);
  tunnel.has_tx = true;
  outbox_.install_dtls(dp::DtlsSide::transmit, *tx, flow, transmit);
  return entry->tunnel;
}

void DtlsTunnels::on_message(const dp::Message& message) {
  const EntryPtr entry = find(message.side, message.conn);
  if (entry == nullptr) return;
  DtlsTunnel& tunnel = *entry->tunnel;
  using State = DtlsTunnel::State;
  switch (message.kind) {
    case dp::MessageKind::dtls_installed: on_installed(*entry, message); break;
    case dp::MessageKind::dtls_up:
      if (tunnel.state != State::removing) on_up(*entry);
      break;
    case dp::MessageKind::dtls_silent:
      if (tunnel.state != State::up) break;
      tunnel.state = State::silent;
      tunnel.silent_since_us = env_.now_us();
      owner_->dtls_silent(tunnel);
      break;
    case dp::MessageKind::dtls_moved:
      if (tunnel.state != State::removing) on_moved(*entry, message);
      break;
    case dp::MessageKind::dtls_path:
      if (tunnel.state != State::removing) on_path(*entry, message);
      break;
    case dp::MessageKind::dtls_ended:
      if (message.reason == dp::EndReason::key_worn_out && owner_->dtls_worn(tunnel)) break;
      end(*entry, message.reason, message.code);
      break;
    case dp::MessageKind::dtls_removed: on_removed(entry, message); break;
    default: break;
  }
}

// The transmit side first, so that the receive side can answer from its first record on.
void DtlsTunnels::on_installed(Entry& entry, const dp::Message& message) {
  DtlsTunnel& tunnel = *entry.tunnel;
  const bool transmit = message.side == dp::DtlsSide::transmit;
  (transmit ? tunnel.tx_counters : tunnel.rx_counters) = message.counters;
  if (transmit && tunnel.state == DtlsTunnel::State::installing_tx) {
    tunnel.state = DtlsTunnel::State::installing_rx;
    tunnel.has_rx = true;
    outbox_.install_dtls(dp::DtlsSide::receive, tunnel.rx, tunnel.flow, entry.receive);
    entry.receive = {};
  } else if (!transmit && tunnel.state == DtlsTunnel::State::installing_rx) {
    tunnel.state = DtlsTunnel::State::installed;
    if (const auto installed = std::exchange(entry.installed, nullptr)) installed();
  }
}

void DtlsTunnels::on_up(Entry& entry) {
  DtlsTunnel& tunnel = *entry.tunnel;
  if (tunnel.state == DtlsTunnel::State::up) return;
  if (!owner_->dtls_wanted(tunnel.session, tunnel.serial)) {
    end(entry, dp::EndReason::closed_here);
    return;
  }
  tunnel.state = DtlsTunnel::State::up;
  if (!tunnel.heard) {
    tunnel.heard = true;
    tunnel.since_us = env_.now_us();
    stats_.up++;
  }
  owner_->dtls_up(entry.tunnel);
  for (const EntryPtr& other : of_session(tunnel.session)) {
    if (other->order < entry.order) end(*other, dp::EndReason::closed_here);
  }
}

void DtlsTunnels::on_moved(Entry& entry, const dp::Message& message) {
  DtlsTunnel& tunnel = *entry.tunnel;
  stats_.moved++;
  unroute(entry);
  const dp::Flow before = std::exchange(tunnel.flow, message.flow);
  if (message.landed != tunnel.rx.worker && message.landed < env_.workers) {
    entry.route = message.landed;
    outbox_.route_dtls(message.landed, tunnel.flow, tunnel.rx);
  }
  owner_->dtls_moved(tunnel, before);
}

void DtlsTunnels::on_path(Entry& entry, const dp::Message& message) {
  DtlsTunnel& tunnel = *entry.tunnel;
  tunnel.path = {message.path_mtu, message.largest_probe};
  const uint16_t before = std::exchange(
      tunnel.mtu,
      dtls_threshold(tunnel.announced, tunnel.path, !tunnel.flow.remote.is_v4(), tunnel.shape));
  if (tunnel.mtu != before) owner_->dtls_path(tunnel);
}

void DtlsTunnels::unroute(Entry& entry) {
  if (!entry.route) return;
  outbox_.route_dtls(*entry.route, entry.tunnel->flow, dp::ConnId{});
  entry.route.reset();
}

void DtlsTunnels::remove(const DtlsTunnel& tunnel, dp::EndReason reason) {
  if (const EntryPtr entry = find(dp::DtlsSide::transmit, tunnel.tx)) end(*entry, reason);
}

void DtlsTunnels::remove_older(uint32_t session, uint64_t serial) {
  for (const EntryPtr& entry : of_session(session)) {
    if (entry->tunnel->serial < serial) end(*entry, dp::EndReason::closed_here);
  }
}

// The channel first, then the side that receives, last the one that says goodbye.
//
// dtls_ended() may end the session, and then comes back here by remove_older() for all tunnels that the
// session has, this one included. That is safe for three reasons, and only together: `removing` is set
// before the owner is told; Sessions::end() takes the session out of its table before it calls
// remove_older(), so that the owner has nothing to end twice; and whoever calls this holds an EntryPtr,
// of a list of its own if there are several, for the maps may change meanwhile.
void DtlsTunnels::end(Entry& entry, dp::EndReason reason, uint8_t code) {
  DtlsTunnel& tunnel = *entry.tunnel;
  if (tunnel.state == DtlsTunnel::State::removing) return;
  tunnel.state = DtlsTunnel::State::removing;
  entry.installed = nullptr;
  entry.receive = {};
  entry.counted = tunnel.totals();
  owner_->dtls_counted(tunnel.session, entry.counted);
  owner_->dtls_ended(tunnel, reason, code);
  unroute(entry);
  if (tunnel.has_rx) outbox_.remove_dtls(dp::DtlsSide::receive, tunnel.rx);
  if (tunnel.has_tx) outbox_.remove_dtls(dp::DtlsSide::transmit, tunnel.tx);
}

// The address and the slots are free once neither worker uses them.
void DtlsTunnels::on_removed(const EntryPtr& entry, const dp::Message& message) {
  DtlsTunnel& tunnel = *entry->tunnel;
  if (tunnel.state != DtlsTunnel::State::removing) return;
  (message.side == dp::DtlsSide::receive ? tunnel.has_rx : tunnel.has_tx) = false;
  entry->removed = entry->removed + message.totals;
  if (tunnel.has_rx || tunnel.has_tx) return;
  owner_->dtls_counted(tunnel.session, entry->removed - entry->counted);
  by_rx_.erase(tunnel.rx);
  by_tx_.erase(tunnel.tx);
  rx_slots_.give_back(tunnel.rx);
  tx_slots_.give_back(tunnel.tx);
  const auto [first, last] = by_session_.equal_range(tunnel.session);
  for (auto it = first; it != last; ++it) {
    if (it->second != entry) continue;
    by_session_.erase(it);
    break;
  }
  tunnel.inner.reset();
}

void DtlsTunnels::tick(uint64_t now_us) {
  std::vector<EntryPtr> late;
  for (const auto& [session, entry] : by_session_) {
    const DtlsTunnel& tunnel = *entry->tunnel;
    const bool waits = !tunnel.heard && tunnel.state != DtlsTunnel::State::removing;
    if (waits && now_us >= tunnel.since_us + limits_.handshake_s * kSecond) late.push_back(entry);
  }
  for (const EntryPtr& entry : late)
    end(*entry, dp::EndReason::handshake_timeout);
}

void DtlsTunnels::abandon() {
  by_rx_.clear();
  by_tx_.clear();
  by_session_.clear();
}

}  // namespace culvert::control
