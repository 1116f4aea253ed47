// Keys, flows, and a headend's work without a headend's decisions.
#include "tools/replay/tunnel/counterpart.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include "control/dtls/wire_format.hpp"
#include "crypto/kdf.hpp"
#include "tools/replay/failure.hpp"
#include "tools/replay/tunnel/inner_packet.hpp"

namespace culvert::replay {

namespace {

using crowd::Channel;
using crypto::record::KeyMaterial;

constexpr uint32_t kAtOnce = 256;       // tunnels that are being set up
constexpr uint32_t kMostRounds = 1024;  // of one turn: more cannot wait
constexpr size_t kMostDown = 1024;      // that wait for a tunnel's TCP
constexpr unsigned kMostOnCable =
    2048;  // on the way to the tester, before more is taken from the inside
constexpr uint16_t kFirstPort = 1024;

crowd::CrowdConfig near_config(const crowd::CrowdConfig& real) {
  crowd::CrowdConfig config = real;
  config.gateway = {};
  config.neighbour_mac = dp::MacAddress{};
  config.setup_steps = kAtOnce;
  // There is no queue on the way that a burst could fill, and who waits for a pace does no work.
  config.pacing = false;
  config.dpd_s = 0;
  config.dtls_period = 0;  // nobody here has a handshake to try again
  return config;
}

crowd::CrowdConfig far_config(const crowd::CrowdConfig& real) {
  crowd::CrowdConfig config = near_config(real);
  config.sources = {real.headend};
  config.headend = real.sources.front();
  config.ca_file.clear();
  return config;
}

InsideConfig near_inside(InsideConfig config) {
  config.gateway_mac = dp::MacAddress{};
  return config;
}

dp::Flow turned(const dp::Flow& flow) noexcept {
  return {flow.remote, flow.local, flow.remote_port, flow.local_port};
}

template <size_t N>
crypto::Secret<N> random_secret(size_t size) {
  crypto::Secret<N> secret;
  const auto room = secret.reserve(size);
  if (getentropy(room.data(), room.size()) != 0)
    throw Failure("The system gives no random numbers for keys.");
  return secret;
}

crypto::TrafficKeys keys12(const crypto::Suite& suite, bool encrypt_then_mac) {
  const auto master = random_secret<crypto::kMasterSecretSize>(crypto::kMasterSecretSize);
  const auto client = random_secret<crypto::kRandomSize>(crypto::kRandomSize);
  const auto server = random_secret<crypto::kRandomSize>(crypto::kRandomSize);
  crypto::TrafficKeys keys = crypto::tls12_keys(suite, master.view(), client.view(), server.view());
  for (KeyMaterial* each : {&keys.client, &keys.server}) {
    each->encrypt_then_mac = encrypt_then_mac;
    if (crypto::is_dtls(suite.version))
      each->sequence = crypto::record::dtls_sequence(control::kEpochOfData, 0);
  }
  return keys;
}

// The client's.
crowd::TunnelKeys tls_keys(std::string_view name, bool encrypt_then_mac) {
  crowd::TunnelKeys out;
  const crypto::Suite* suite = crypto::find_suite(crypto::Version::tls13, name);
  if (suite == nullptr) {
    suite = crypto::find_suite(crypto::Version::tls12, name);
    if (suite == nullptr) return out;
    const crypto::TrafficKeys keys = keys12(*suite, encrypt_then_mac);
    out.transmit = keys.client;
    out.receive = keys.server;
    return out;
  }
  const size_t size = suite->prf == crypto::Hash::sha256 ? 32 : 48;
  out.transmit_secret = random_secret<48>(size);
  out.receive_secret = random_secret<48>(size);
  out.transmit = crypto::tls13_keys(*suite, out.transmit_secret.view());
  out.receive = crypto::tls13_keys(*suite, out.receive_secret.view());
  return out;
}

void note_trouble(crowd::Crowd& crowd) {
  while (const auto event = crowd.next_event()) {
    switch (event->kind) {
      case crowd::EventKind::refused:
      case crowd::EventKind::closed:
      case crowd::EventKind::dtls_closed:
        throw Failure(
            fmt::format("The tester cannot be measured against itself: a tunnel {}; give "
                        "--tester-rate.",
                        to_string(event->why)));
      default: break;
    }
  }
}

}  // namespace

Counterpart::Counterpart(const crowd::CrowdConfig& config, const InsideConfig& inside,
                         const std::vector<crowd::Membership>& sessions, rte_mempool* pool,
                         dp::Time now)
    : config_(config),
      sessions_(sessions),
      outside_cable_("alone-out", pool, config.mtu),
      inside_cable_("alone-in", pool, config.mtu),
      near_(near_config(config), outside_cable_.end(0), 0, pool, now),
      far_(far_config(config), outside_cable_.end(1), 0, pool, now),
      near_inside_(near_inside(inside), inside_cable_.end(0), pool),
      far_inside_({.gateway_mac = dp::MacAddress{}}, inside_cable_.end(1), pool) {
  for (uint32_t i = 0; i < sessions_.size(); ++i) {
    const crowd::Membership& session = sessions_[i];
    if (!session.inner.v4.is_unspecified()) session_at_[session.inner.v4] = i;
    if (!session.inner.v6.is_unspecified()) session_at_[session.inner.v6] = i;
    if (!session.dtls_suite.empty()) ++with_dtls_;
  }
  for (auto* waiting : {&down_tls_, &down_dtls_})
    waiting->reserve(kMostDown + InsidePort::kBurst);
  far_.on_arrivals({[](void* self, std::span<const crowd::Arrival> arrivals) {
                      static_cast<Counterpart*>(self)->take_up(arrivals);
                    },
                    this});
}

Counterpart::~Counterpart() {
  for (auto* waiting : {&down_tls_, &down_dtls_}) {
    for (const crowd::Outgoing& o : *waiting)
      rte_pktmbuf_free(o.packet);
  }
}

bool Counterpart::pair(uint32_t session, dp::Time now) {
  const crowd::Membership& has = sessions_[session];
  const auto sources = static_cast<uint32_t>(config_.sources.size());
  const dp::Flow flow{config_.sources[session % sources], config_.headend,
                      static_cast<uint16_t>(kFirstPort + session / sources), config_.port};
  crowd::Pairing near{.tls = flow,
                      .dtls = flow,
                      .inner = has.inner,
                      .tls_mtu = has.tls_mtu,
                      .dtls_mtu = has.dtls_mtu,
                      .tls_keys = tls_keys(has.tls_suite, has.tls_encrypt_then_mac)};
  if (const crypto::Suite* suite = crypto::find_suite(crypto::Version::dtls12, has.dtls_suite)) {
    const crypto::TrafficKeys keys = keys12(*suite, has.dtls_encrypt_then_mac);
    near.dtls_transmit = keys.client;
    near.dtls_receive = keys.server;
  }
  crowd::Pairing far = near;
  far.tls = far.dtls = turned(flow);
  std::swap(far.tls_keys.transmit, far.tls_keys.receive);
  std::swap(far.tls_keys.transmit_secret, far.tls_keys.receive_secret);
  std::swap(far.dtls_transmit, far.dtls_receive);
  return near_.pair(session, near, now) && far_.pair(session, far, now);
}

bool Counterpart::set_up(dp::Time now) {
  note_trouble(near_);
  note_trouble(far_);
  const crowd::CrowdCounters near = near_.counters();
  const crowd::CrowdCounters far = far_.counters();
  while (begun_ < sessions_.size() && begun_ - std::min(near.up, far.up) < kAtOnce) {
    if (!pair(begun_, now))
      throw Failure("The tester cannot be measured against itself: give --tester-rate.");
    ++begun_;
  }
  return near.up == sessions_.size() && far.up == sessions_.size() && near.dtls_up == with_dtls_ &&
         far.dtls_up == with_dtls_;
}

void Counterpart::take_up(std::span<const crowd::Arrival> arrivals) noexcept {
  std::array<rte_mbuf*, dp::kBurst> packets;
  const size_t count = arrivals.size();
  for (size_t i = 0; i < count; ++i)
    packets[i] = arrivals[i].packet;
  const uint32_t taken = far_inside_.send({packets.data(), count});
  rte_pktmbuf_free_bulk(packets.data() + taken, static_cast<unsigned>(count - taken));
}

void Counterpart::send_down(Channel channel, std::vector<crowd::Outgoing>& packets,
                            dp::Time now) noexcept {
  if (packets.empty()) return;
  (void)far_.send(channel, packets, now);
  size_t kept = 0;
  for (const crowd::Outgoing& o : packets) {
    if (o.result == crowd::Sent::later) {
      packets[kept++] = o;
    } else if (o.result != crowd::Sent::taken) {
      rte_pktmbuf_free(o.packet);
    }
  }
  packets.resize(kept);
}

bool Counterpart::take_down(dp::Time now) noexcept {
  bool busy = false;
  if (down_tls_.size() < kMostDown && outside_cable_.waiting_at(0) < kMostOnCable) {
    std::array<rte_mbuf*, InsidePort::kBurst> burst;
    const uint32_t count = far_inside_.receive(burst);
    busy = count != 0;
    for (uint32_t i = 0; i < count; ++i) {
      const auto session = session_at_.find(
          ends_of({rte_pktmbuf_mtod(burst[i], const uint8_t*), burst[i]->data_len}).destination);
      if (session == session_at_.end()) {
        rte_pktmbuf_free(burst[i]);
        continue;
      }
      auto& waiting = sessions_[session->second].dtls_suite.empty() ? down_tls_ : down_dtls_;
      waiting.push_back({burst[i], session->second});
    }
  }
  send_down(Channel::tls, down_tls_, now);
  send_down(Channel::dtls, down_dtls_, now);
  return busy;
}

void Counterpart::turn(dp::Time now) noexcept {
  bool busy = true;
  for (uint32_t round = 0; busy && round < kMostRounds; ++round) {
    busy = far_.poll(now);
    busy |= take_down(now);
  }
}

}  // namespace culvert::replay
