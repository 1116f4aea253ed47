#include "control/daemon/live_state.hpp"

#include <algorithm>
#include <fstream>

#include <openssl/crypto.h>
#include <rte_cycles.h>
#include <rte_version.h>

#include "control/daemon/clock.hpp"
#include "crypto/isa.hpp"
#include "crypto/suite.hpp"

namespace culvert::control {

namespace {

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown CPU";
}

// The ASA's words, which are RFC 4861's.
std::string neighbour_state(dp::NeighbourState state) {
  switch (state) {
    case dp::NeighbourState::incomplete: return "INCMP";
    case dp::NeighbourState::reachable: return "REACH";
    case dp::NeighbourState::stale: return "STALE";
    case dp::NeighbourState::probe: return "PROBE";
    default: return "FAILED";
  }
}

}  // namespace

LiveState::LiveState(const Config& config, Log& log, const dp::Dataplane& dataplane,
                     const Listeners& listeners, Captures& captures, std::string config_file,
                     Configure configure)
    : config_(config),
      log_(log),
      dataplane_(dataplane),
      listeners_(listeners),
      captures_(captures),
      config_file_(std::move(config_file)),
      configure_(std::move(configure)),
      started_(std::chrono::system_clock::now()),
      load_(dataplane.workers()) {}

void LiveState::tick() {
  if (setup_ != nullptr) {
    uint64_t tunnels = 0, dtls = 0;
    for (const auto& [index, session] : setup_->sessions().all()) {
      tunnels += session->tunnel ? 1 : 0;
      dtls += session->dtls ? 1 : 0;
    }
    peak_tunnels_ = std::max(peak_tunnels_, tunnels);
    peak_dtls_ = std::max(peak_dtls_, dtls);
  }
  if (++ticks_ % kTicksPerSecond != 0) return;
  for (unsigned i = 0; i < load_.size(); ++i) {
    const dp::WorkerCounters& c = dataplane_.worker_counters(i);
    const uint64_t busy = c.busy_cycles.load(kRelaxed);
    const uint64_t total = c.total_cycles.load(kRelaxed);
    Load& load = load_[i];
    const uint64_t span = total - load.total;
    load.percent = span == 0 ? 0 : static_cast<unsigned>((busy - load.busy) * 100 / span);
    load.busy = busy;
    load.total = total;
  }
}

uint64_t LiveState::dropped(dp::DropReason reason) const noexcept {
  return dataplane_.drops(reason) + (setup_ == nullptr ? 0 : setup_->flow_drops().get(reason));
}

DropState LiveState::drops() const {
  DropState state;
  for (size_t i = 0; i < dp::kDropReasons; ++i) {
    const auto reason = static_cast<dp::DropReason>(i);
    const dp::DropReasonText& t = dp::text(reason);
    state.reasons.push_back({std::string(t.keyword), std::string(t.label), std::string(t.sentence),
                             dropped(reason) - cleared_[i]});
  }
  state.last_clearing = last_clearing_;
  state.cleared_by = cleared_by_;
  return state;
}

void LiveState::clear_drops(const std::string& by, const std::vector<std::string>& keywords) {
  for (size_t i = 0; i < dp::kDropReasons; ++i) {
    const auto reason = static_cast<dp::DropReason>(i);
    const bool wanted = keywords.empty() || std::find(keywords.begin(), keywords.end(),
                                                      dp::text(reason).keyword) != keywords.end();
    if (wanted) cleared_[i] = dropped(reason);
  }
  last_clearing_ = now();
  cleared_by_ = by;
}

std::vector<SocketView> LiveState::sockets() const {
  std::vector<SocketView> views;
  for (const Listeners::Socket& s : listeners_.sockets())
    views.push_back({s.dtls ? "DTLS" : "SSL", s.handle, "LISTEN", s.address, s.port});
  return views;
}

std::vector<InterfaceView> LiveState::interfaces() const {
  std::vector<InterfaceView> views;
  uint8_t index = 0;
  for (const InterfaceConfig& i : config_.interfaces) {
    InterfaceView& view = views.emplace_back();
    view.device = i.device;
    view.nameif = i.nameif;
    view.admin_up = !i.shutdown;
    view.mtu = i.mtu;
    view.address = i.address;
    view.prefix = i.prefix;
    view.ipv6 = i.ipv6_addresses;
    if (!i.nameif.empty()) {
      const dp::Port& port = dataplane_.port(index);
      const dp::LinkState link = port.link();
      const dp::PortStats stats = port.stats();
      view.hardware = port.driver();
      view.link_up = link.up;
      view.full_duplex = link.full_duplex;
      view.speed_mbps = link.megabits;
      view.mac = port.mac();
      view.link_local = dataplane_.interfaces()[index].link_local;
      view.packets_in = stats.rx_packets;
      view.bytes_in = stats.rx_bytes;
      view.packets_out = stats.tx_packets;
      view.bytes_out = stats.tx_bytes;
      view.no_buffer = stats.rx_no_buffer;
      view.errors_in = stats.rx_errors;
      view.missed_in = stats.rx_missed;
      view.errors_out = stats.tx_errors;
      view.dropped = dataplane_.dropped_on(index);
      for (unsigned worker = 0; worker < dataplane_.workers(); ++worker) {
        view.refused_out +=
            dataplane_.transmit_counters(worker, index).prepare_failures.load(kRelaxed);
      }
      ++index;
    }
  }
  return views;
}

VersionView LiveState::version() const {
  VersionView view;
  view.version = CULVERT_VERSION;
  view.dpdk = rte_version();
  view.ipsec_mb = crypto::ipsec_mb_version();
  view.openssl = OpenSSL_version(OPENSSL_VERSION);
  view.cpu = cpu_model();
  view.isa = crypto::to_string(crypto::best_isa(config_.dataplane.simd));
  view.built_for = CULVERT_MARCH;
  view.config_file = config_file_;
  view.started = started_;
  return view;
}

std::vector<ArpView> LiveState::arp() const {
  std::vector<ArpView> views;
  for (const dp::NeighbourRow& row : dataplane_.neighbours()) {
    // No answer yet, or of the other family.
    if (row.mac == dp::MacAddress{} || !row.ip.is_v4()) continue;
    views.push_back({dataplane_.interfaces()[row.interface].nameif, row.ip, row.mac,
                     static_cast<unsigned>(row.age / dp::kSecond)});
  }
  return views;
}

std::vector<NeighbourView> LiveState::neighbours6() const {
  std::vector<NeighbourView> views;
  for (const dp::NeighbourRow& row : dataplane_.neighbours()) {
    if (row.ip.is_v4()) continue;
    views.push_back({dataplane_.interfaces()[row.interface].nameif, row.ip, row.mac,
                     static_cast<unsigned>(row.age / dp::kSecond), neighbour_state(row.state)});
  }
  return views;
}

std::vector<RouteView> LiveState::routes() const {
  std::vector<RouteView> views;
  for (const InterfaceConfig& i : config_.interfaces) {
    if (i.nameif.empty() || i.address.is_unspecified()) continue;
    const uint32_t mask = i.prefix == 0 ? 0 : ~uint32_t{0} << (32 - i.prefix);
    views.push_back(
        {RouteView::Kind::connected, i.address.v4_value() & mask, i.prefix, {}, 0, i.nameif});
    views.push_back({RouteView::Kind::local, i.address.v4_value(), 32, {}, 0, i.nameif});
  }
  for (const RouteConfig& r : config_.routes) {
    views.push_back({RouteView::Kind::fixed, r.network, r.prefix, r.gateway, r.metric, r.nameif});
  }
  return views;
}

std::vector<WorkerView> LiveState::workers() const {
  std::vector<WorkerView> views;
  for (unsigned i = 0; i < dataplane_.workers(); ++i) {
    const dp::WorkerCounters& c = dataplane_.worker_counters(i);
    WorkerView view;
    view.index = i;
    view.lcore = config_.dataplane.workers[i];
    view.busy_percent = load_[i].percent;
    view.busy_seconds =
        static_cast<double>(c.busy_cycles.load(kRelaxed)) / static_cast<double>(rte_get_tsc_hz());
    view.rx_packets = c.packets_in.load(kRelaxed);
    for (size_t port = 0; port < dataplane_.ports(); ++port) {
      view.tx_packets += dataplane_.transmit_counters(i, port).packets.load(kRelaxed);
      view.handed_over += dataplane_.transmit_counters(i, port).handed_over.load(kRelaxed);
    }
    view.handed_over += c.handed_over.load(kRelaxed);
    view.taken_over = c.taken_over.load(kRelaxed);
    view.records_opened = dataplane_.records(i).opened;
    view.records_sealed = dataplane_.records(i).sealed;
    view.mss_clamped = c.mss_clamped.load(kRelaxed);
    if (setup_ != nullptr) {
      for (const auto& [index, s] : setup_->sessions().all()) {
        if (s->inner != nullptr && s->inner->session != nullptr && s->inner->session->home == i) {
          ++view.sessions;
        }
        if (s->tunnel && s->tunnel->conn.worker == i) ++view.tunnels;
      }
    }
    views.push_back(view);
  }
  return views;
}

std::vector<CounterView> LiveState::tcp_counters() const {
  using Counters = tcp::EndpointCounters;
  struct Row {
    const char* name;
    const char* meaning;
    std::atomic<uint64_t> Counters::*counter;
  };
  static constexpr Row kRows[] = {
      {"connections", "Connections at this moment", &Counters::connections},
      {"accepted", "Connections accepted", &Counters::accepted},
      {"established", "Connections established", &Counters::established},
      {"closed", "Connections closed", &Counters::closed},
      {"cookies_sent", "SYN cookies sent", &Counters::cookies_sent},
      {"cookies_accepted", "SYN cookies that came back right", &Counters::cookies_accepted},
      {"segments_in", "Segments received", &Counters::segments_in},
      {"segments_out", "Segments sent", &Counters::segments_out},
      {"bytes_in", "Bytes received", &Counters::bytes_in},
      {"bytes_out", "Bytes sent", &Counters::bytes_out},
      {"resets_in", "Resets received", &Counters::resets_in},
      {"resets_out", "Resets sent", &Counters::resets_out},
      {"retransmits", "Segments sent again", &Counters::retransmits},
      {"fast_retransmits", "Recoveries from a loss", &Counters::fast_retransmits},
      {"tail_probes", "Probes for a loss at the end", &Counters::tail_probes},
      {"timeouts", "Retransmission timeouts", &Counters::timeouts},
      {"undone", "Recoveries that were needless", &Counters::undone},
      {"dsacks_in", "Reports that something came twice", &Counters::dsacks_in},
      {"out_of_order", "Segments received out of order", &Counters::out_of_order},
      {"duplicate_acks", "Duplicate acknowledgements received", &Counters::duplicate_acks},
  };
  std::vector<CounterView> views;
  for (const Row& row : kRows) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < dataplane_.workers(); ++i)
      sum += (dataplane_.tcp_counters(i).*row.counter).load(kRelaxed);
    views.push_back({row.name, row.meaning, sum});
  }
  return views;
}

ResourceView LiveState::resources() const {
  const dp::Dataplane::BufferUse use = dataplane_.buffers();
  ResourceView view;
  view.pools = {
      {"packets", use.packet_total, use.packet_total - use.packet_in_use, use.packet_bytes},
      {"messages", use.messages_total, use.messages_total - use.messages_in_use,
       sizeof(dp::Message)},
      {"sessions", config_.dataplane.max_sessions,
       config_.dataplane.max_sessions - use.sessions - use.sessions_in_grace, sizeof(dp::Session)},
  };
  view.rings = {{"handoff", use.handoff_entries}};
  view.tcp_connections = use.connections;
  view.tcp_buffers = use.tcp_buffers;
  if (setup_ != nullptr) {
    view.addresses_in_use = setup_->pools().in_use();
    view.rings.push_back({"set-up connections", setup_->connections()});
    view.rings.push_back({"waiting for set-up", setup_->waiting_room().size()});
    view.rings.push_back({"DTLS handshakes", setup_->dtls().handshakes()});
    view.rings.push_back({"DTLS tunnels", setup_->dtls().tunnels().size()});
  }
  return view;
}

size_t LiveState::logoff_name(const std::string& username) {
  return setup_ == nullptr ? 0 : setup_->logoff_user(username);
}

size_t LiveState::logoff_index(uint32_t index) {
  return setup_ == nullptr ? 0 : setup_->logoff_index(index);
}

size_t LiveState::logoff_all() {
  return setup_ == nullptr ? 0 : setup_->logoff_all();
}

}  // namespace culvert::control
