// The loop is one turn after another; whoever plays or searches says how many.
#include "tools/replay/tunnel/tunnel_stage.hpp"

#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include "crypto/secret.hpp"
#include "dataplane/eal.hpp"
#include "dataplane/packet/meta.hpp"
#include "tools/link_wait.hpp"
#include "tools/replay/failure.hpp"
#include "tools/replay/preparation.hpp"
#include "tools/replay/report_rows.hpp"
#include "tools/replay/tunnel/tester_alone.hpp"

namespace culvert::replay {

namespace {

constexpr uint32_t kInFlight = 16384;      // packets of ours that the crowd may hold
constexpr uint32_t kInsideBuffers = 8192;  // of the inside port and of what waits for a channel
constexpr uint64_t kAddressedBytes = 1ULL << 30;  // of packets with addresses, at most
constexpr double kLeaveSeconds = 10;

SelectionRules selection(const Options& options) {
  constexpr uint32_t kAny = 65000;  // what fits a tunnel is decided by the tunnel
  return {.filter = options.filter,
          .rewrite = options.rewrite,
          .mtu = kAny,
          .fill_truncated = options.fill_truncated,
          .for_tunnels = true};
}

// "Nothing in the captures can go through a tunnel (3 not IP, 1 by the filter)."
std::string nothing_for_tunnels(const NotTunnelled& out, const LeftOut& captured) {
  const std::string why = Counts()
                              .add(out.not_ip, "not IP")
                              .add(out.not_whole + captured.truncated, "not whole")
                              .add(out.one_address, "to their own source")
                              .add(captured.filtered, "by the filter")
                              .add(captured.runt, "too short")
                              .add(captured.oversized, "too large for any tunnel")
                              .text();
  return fmt::format("Nothing in the captures can go through a tunnel{}.",
                     why.empty() ? "" : " (" + why + ")");
}

}  // namespace

crowd::CrowdConfig TunnelStage::crowd_config() const {
  const TunnelOptions& t = options_.tunnel;
  const CipherLists lists = cipher_lists(t);
  crowd::CrowdConfig config;
  config.members = t.sessions;
  config.headend = t.address;
  config.port = t.port;
  config.gateway = t.outside_gateway;
  config.sources = t.sources;
  config.mtu = options_.mtu;
  config.ca_file = t.ca_file;
  config.group_path = t.group_path;
  config.tls12_ciphers = lists.tls12;
  config.tls13_suites = lists.tls13;
  config.dtls_ciphers = lists.dtls;
  config.tls13 = lists.allow_tls13;
  config.want_dtls = t.channels != Channels::tls;
  const auto microseconds = [](double s) {
    return static_cast<dp::Time>(s * static_cast<double>(dp::kSecond));
  };
  config.setup_timeout = microseconds(t.set_up_s);
  config.dtls_period = microseconds(t.dtls_again_s);
  return config;
}

InsideConfig TunnelStage::inside_config() const {
  const TunnelOptions& t = options_.tunnel;
  return {.own4 = t.inside4,
          .own6 = t.inside6,
          .gateway4 = t.down() ? t.gateway4 : dp::IpAddress{},
          .gateway6 = t.down() ? t.gateway6 : dp::IpAddress{}};
}

TunnelStage::~TunnelStage() {
  if (inside_port_) inside_port_->stop();
  if (outside_) outside_->stop();
}

void TunnelStage::load() {
  const SelectionRules rules = selection(options_);
  found_ = survey_or_refuse(options_.captures, rules, options_.on_fault,
                            reading(progress_, "looking at", interrupted_), progress_);
  recording_ = load_inner(options_.captures, rules, found_, options_.tunnel.direction,
                          reading(progress_, "loading", interrupted_));
  progress_.end();
  if (recording_.packets.empty())
    throw Failure(nothing_for_tunnels(recording_.left_out, found_.left_out), ExitStatus::refused);
}

void TunnelStage::start() {
  const TunnelOptions& t = options_.tunnel;
  const crowd::CrowdConfig config = crowd_config();
  const uint32_t buffers = crowd::buffers_for(config, kInFlight) + kInsideBuffers +
                           2 * (options_.rx_descriptors + options_.tx_descriptors);
  dp::EalConfig eal_config;
  eal_config.control_core = options_.main_core.value_or(
      options_.cores.empty() ? dp::allowed_cpus().back() : options_.cores.front());
  eal_config.workers = {eal_config.control_core};
  const bool alone = options_.search && options_.search->tester_rate == 0;
  const uint64_t all_buffers = buffers + (alone ? TesterAlone::buffers_for(config) : 0);
  const uint64_t memory = crowd::memory_for(config) + (alone ? TesterAlone::memory_for(config) : 0);
  eal_config.memory_mb =
      static_cast<unsigned>(((memory + all_buffers * (2560u + options_.mtu)) >> 20) + 64);
  eal_config.huge_pages =
      options_.huge_pages ? dp::HugePagePolicy::automatic : dp::HugePagePolicy::never;
  eal_config.devices = {options_.ports.front()};
  if (!t.inside.empty()) eal_config.devices.push_back(t.inside);
  const dp::Eal& eal = start_dpdk(eal_config);
  clock_.emplace(rte_rdtsc());
  ticks_.calibrate();
  dp::register_packet_meta();
  layout_ = eal.buffer_layout();
  pool_ = dp::make_packet_pool("replay-tunnels", buffers, options_.mtu, layout_);
  const dp::PortConfig port_config{
      .workers = 1,
      .pool = pool_.get(),
      .mtu = options_.mtu,
      .rx_descriptors = static_cast<uint16_t>(options_.rx_descriptors),
      .tx_descriptors = static_cast<uint16_t>(options_.tx_descriptors)};
  outside_ = std::make_unique<dp::Port>(eal.devices()[0].name);
  outside_->configure(port_config);
  if (!t.inside.empty()) {
    inside_port_ = std::make_unique<dp::Port>(eal.devices()[1].name);
    dp::PortConfig verbatim = port_config;
    verbatim.verbatim = true;
    inside_port_->configure(verbatim);
    inside_.emplace(inside_config(), *inside_port_, pool_.get());
    inside_port_->start();
  }
  outside_->start();
  wait_for_links(ports(), options_.link_wait_s, [this] { return interrupted_.load(); });
  crowd_ = std::make_unique<crowd::Crowd>(config, *outside_, 0, pool_.get(), now());
  sessions_ = std::make_unique<SessionSet>(options_.tunnel, *crowd_);
}

std::vector<const dp::Port*> TunnelStage::ports() const {
  std::vector<const dp::Port*> all{outside_.get()};
  if (inside_port_) all.push_back(inside_port_.get());
  return all;
}

void TunnelStage::rest(bool busy) {
  constexpr unsigned kPatience = 64;
  idle_ = busy ? 0 : idle_ + 1;
  if (idle_ > kPatience) usleep(50);
}

void TunnelStage::turn() {
  const uint64_t tick = rte_rdtsc();
  bool busy = false;
  if (traffic_) {
    busy = traffic_->send(clock_->at(tick), tick);
    busy |= traffic_->receive(rte_rdtsc());
  } else if (inside_) {
    std::array<rte_mbuf*, InsidePort::kBurst> early;
    const uint32_t n = inside_->receive(early);
    rte_pktmbuf_free_bulk(early.data(), n);
  }
  if (inside_) inside_->poll(clock_->at(tick));
  busy |= crowd_->poll(clock_->at(tick));
  rest(busy);
}

void TunnelStage::set_up() {
  const uint64_t began = rte_rdtsc();
  const TunnelOptions& t = options_.tunnel;
  while (!sessions_->all_ready() || (inside_ && !inside_->ready())) {
    if (interrupted_.load()) throw Failure("Interrupted before anything was sent.");
    sessions_->set_up(now());
    turn();
    if (ticks_.seconds(rte_rdtsc() - began) > t.set_up_s) {
      throw Failure(sessions_->all_ready()
                        ? std::string("Nobody answers for the --inside-gateway.")
                        : fmt::format("{} of {} sessions were set up within {:g} s{}: --set-up "
                                      "gives them longer.",
                                      sessions_->ready(), t.sessions, t.set_up_s,
                                      sessions_->without_dtls()));
    }
    if (progress_.due())
      progress_.show(fmt::format("set up {} of {} sessions", sessions_->ready(), t.sessions));
  }
  progress_.end();
  crypto::wipe({reinterpret_cast<uint8_t*>(options_.tunnel.password.data()),
                options_.tunnel.password.size()});
}

void TunnelStage::address_packets(uint64_t rounds) {
  const TunnelOptions& t = options_.tunnel;
  packets_.emplace(recording_, sessions_->ends(),
                   AddressRules{t.inside4, t.inside6, t.keep_source, t.keep_far_end}, rounds,
                   kAddressedBytes);
  const uint64_t all = uint64_t{packets_->a_round()} * packets_->rounds();
  const NotTunnelled out = packets_->left_out(all);
  if (out.too_large + out.no_family < all) return;
  leave();
  throw Failure(fmt::format("No packet of the captures fits the tunnels ({}).",
                            Counts()
                                .add(out.too_large, "larger than the tunnel")
                                .add(out.no_family, "of a family without address")
                                .text()),
                ExitStatus::refused);
}

void TunnelStage::make_traffic(TrafficPlan plan) {
  traffic_ = nullptr;  // the crowd's sink is the old one's until then
  traffic_ =
      std::make_unique<TunnelTraffic>(std::move(plan), *packets_, *sessions_, sessions_->ends(),
                                      *crowd_, inside_ ? &*inside_ : nullptr, pool_.get());
}

void TunnelStage::settle() {
  uint64_t last = rte_rdtsc();
  uint64_t arrived = traffic_->ledger().arrived();
  while (traffic_->on_their_way() != 0 || traffic_->waiting() != 0) {
    turn();
    if (traffic_->ledger().arrived() != arrived) last = rte_rdtsc();
    arrived = traffic_->ledger().arrived();
    if (ticks_.seconds(rte_rdtsc() - last) > options_.tunnel.settle_s) break;
  }
  traffic_->give_up();
}

void TunnelStage::leave() {
  const uint64_t began = rte_rdtsc();
  sessions_->leave(now());
  while (!sessions_->gone() && ticks_.seconds(rte_rdtsc() - began) < kLeaveSeconds) {
    turn();
    sessions_->watch();
  }
}

void TunnelStage::linger() {
  const uint64_t began = rte_rdtsc();
  while (ticks_.seconds(rte_rdtsc() - began) < options_.linger_s && !interrupted_.load() &&
         outside_->link().up) {
    turn();
  }
}

}  // namespace culvert::replay
