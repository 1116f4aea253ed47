// One core does it all: it is the crowd's, the inside port's and the timetable's.
#include "tools/replay/tunnel/tunnel_replay.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>
#include <unistd.h>

#include "crypto/secret.hpp"
#include "dataplane/eal.hpp"
#include "dataplane/packet/meta.hpp"
#include "dataplane/packet/pool.hpp"
#include "dataplane/worker/clock.hpp"
#include "tools/replay/failure.hpp"
#include "tools/replay/gather.hpp"
#include "tools/replay/progress.hpp"
#include "tools/replay/survey.hpp"

namespace culvert::replay {

namespace {

constexpr uint32_t kInFlight = 16384;      // packets of ours that the crowd may hold
constexpr uint32_t kInsideBuffers = 8192;  // of the inside port and of what waits for a channel
constexpr uint64_t kAddressedBytes = 1ULL << 30;  // of packets with addresses, at most
constexpr double kLeave_s = 10;

SelectionRules selection(const Options& options) {
  constexpr uint32_t kAny = 65000;  // what fits a tunnel is decided by the tunnel
  return {.filter = options.filter,
          .rewrite = options.rewrite,
          .mtu = kAny,
          .fill_truncated = options.fill_truncated};
}

crowd::CrowdConfig crowd_config(const Options& options) {
  const TunnelOptions& t = options.tunnel;
  const CipherLists lists = cipher_lists(t);
  crowd::CrowdConfig config;
  config.members = t.sessions;
  config.headend = t.address;
  config.port = t.port;
  config.gateway = t.outside_gateway;
  config.sources = t.sources;
  config.mtu = options.mtu;
  config.ca_file = t.ca_file;
  config.group_path = t.group_path;
  config.tls12_ciphers = lists.tls12;
  config.tls13_suites = lists.tls13;
  config.dtls_ciphers = lists.dtls;
  config.tls13 = lists.allow_tls13;
  config.want_dtls = t.channels != Channels::tls;
  config.setup_timeout = static_cast<dp::Time>(t.set_up_s * static_cast<double>(dp::kSecond));
  return config;
}

Survey look(const Options& options, Progress& progress, const OnProgress& on_progress) {
  const bool skip = options.on_fault == OnFault::skip;
  const SelectionRules rules = selection(options);
  Survey found = survey(options.captures, rules, skip, on_progress);
  std::string said;
  progress.end();
  for (const std::string& fault : found.left_out.sentences(rules)) {
    if (skip) fmt::print(stderr, "culvert-replay: left out: {}\n", fault);
    said += fault + " ";
  }
  if (!said.empty() && !skip)
    throw Failure(said + "--on-fault skip leaves out what cannot be played.", ExitStatus::refused);
  return found;
}

// What lives as long as the run.
class Run {
 public:
  Run(Options& options, const std::atomic<bool>& interrupted)
      : options_(options), interrupted_(interrupted), progress_(options.progress) {}
  ~Run() {
    if (inside_port_) inside_port_->stop();
    if (outside_) outside_->stop();
  }

  TunnelReport go();

 private:
  void load();
  void start();
  void wait_for_links();
  void set_up();
  void play();
  void settle();
  void leave();
  void linger();
  void fill(TunnelReport& report);

  // One turn of everything but the timetable. Sleeps a moment when there has been nothing to do for a while:
  // whoever is tested may share the core.
  void turn();
  void rest(bool busy);
  [[nodiscard]] dp::Time now() const noexcept { return clock_->at(rte_rdtsc()); }
  void show(const std::string& line) {
    if (progress_.due()) progress_.show(line);
  }

  Options& options_;
  const std::atomic<bool>& interrupted_;
  Progress progress_;
  TickClock ticks_;
  std::optional<dp::Clock> clock_;  // DPDK must have told how fast the counter ticks
  Survey found_;
  InnerRecording recording_;
  dp::PacketPool pool_;
  std::unique_ptr<dp::Port> outside_, inside_port_;
  std::unique_ptr<crowd::Crowd> crowd_;
  std::optional<InsidePort> inside_;
  std::unique_ptr<SessionSet> sessions_;
  std::optional<AddressedPackets> packets_;
  std::unique_ptr<TunnelTraffic> traffic_;
  DropCounts drops_before_, drops_after_;
  std::string end_ = "everything was sent";
  unsigned idle_ = 0;
};

void Run::load() {
  const auto reading = [this](const char* verb) -> OnProgress {
    return [this, verb](const std::string& path, double share) {
      if (interrupted_.load()) throw Failure("Interrupted before anything was sent.");
      show(fmt::format("{} {}: {:.0f} %", verb, path, 100 * share));
    };
  };
  found_ = look(options_, progress_, reading("looking at"));
  recording_ = load_inner(options_.captures, selection(options_), found_, options_.tunnel.direction,
                          reading("loading"));
  progress_.end();
}

void Run::start() {
  const TunnelOptions& t = options_.tunnel;
  const crowd::CrowdConfig config = crowd_config(options_);
  const uint32_t buffers = crowd::buffers_for(config, kInFlight) + kInsideBuffers +
                           2 * (options_.rx_descriptors + options_.tx_descriptors);
  dp::EalConfig eal_config;
  eal_config.control_core = options_.main_core.value_or(
      options_.cores.empty() ? dp::allowed_cpus().back() : options_.cores.front());
  eal_config.workers = {eal_config.control_core};
  eal_config.memory_mb = static_cast<unsigned>(
      ((crowd::memory_for(config) + uint64_t{buffers} * (2560u + options_.mtu)) >> 20) + 64);
  eal_config.huge_pages =
      options_.huge_pages ? dp::HugePagePolicy::automatic : dp::HugePagePolicy::never;
  eal_config.devices = {options_.ports.front()};
  if (!t.inside.empty()) eal_config.devices.push_back(t.inside);
  // Never taken down, as in a plain replay.
  static const dp::Eal& eal = *new dp::Eal(eal_config);
  for (const std::string& warning : eal.warnings())
    fmt::print(stderr, "culvert-replay: {}\n", warning);
  clock_.emplace(rte_rdtsc());
  ticks_.calibrate();
  dp::register_packet_meta();
  const bool xdp = std::ranges::any_of(
      eal.devices(), [](const dp::DeviceName& device) { return device.driver() == "net_af_xdp"; });
  pool_ =
      dp::make_packet_pool("replay-tunnels", buffers, options_.mtu,
                           xdp ? dp::BufferLayout::side_by_side : dp::BufferLayout::within_pages);
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
    inside_.emplace(InsideConfig{t.inside4, t.inside6, t.down() ? t.gateway4 : dp::IpAddress{},
                                 t.down() ? t.gateway6 : dp::IpAddress{}},
                    *inside_port_, pool_.get());
    inside_port_->start();
  }
  outside_->start();
  wait_for_links();
  crowd_ = std::make_unique<crowd::Crowd>(config, *outside_, 0, pool_.get(), now());
  sessions_ = std::make_unique<SessionSet>(options_.tunnel, *crowd_);
}

void Run::wait_for_links() {
  const uint64_t began = rte_rdtsc();
  while (!outside_->link().up || (inside_port_ && !inside_port_->link().up)) {
    if (interrupted_.load()) throw Failure("Interrupted before the links came up.");
    if (ticks_.seconds(rte_rdtsc() - began) > options_.link_wait_s) {
      throw Failure(fmt::format(
          "No link on {} within {:g} s: look at the other end, or give it "
          "longer by --link-wait.",
          outside_->link().up ? inside_port_->name() : outside_->name(), options_.link_wait_s));
    }
    usleep(10'000);
  }
}

void Run::rest(bool busy) {
  constexpr unsigned kPatience = 64;
  idle_ = busy ? 0 : idle_ + 1;
  if (idle_ > kPatience) usleep(50);
}

void Run::turn() {
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

void Run::set_up() {
  const uint64_t began = rte_rdtsc();
  const TunnelOptions& t = options_.tunnel;
  while (!sessions_->all_ready() || (inside_ && !inside_->ready())) {
    if (interrupted_.load()) throw Failure("Interrupted before anything was sent.");
    sessions_->set_up(now());
    turn();
    if (ticks_.seconds(rte_rdtsc() - began) > t.set_up_s) {
      throw Failure(sessions_->all_ready()
                        ? std::string("Nobody answers for the --inside-gateway.")
                        : fmt::format("{} of {} sessions were set up within {:g} s: --set-up "
                                      "gives them longer.",
                                      sessions_->ready(), t.sessions, t.set_up_s));
    }
    show(fmt::format("set up {} of {} sessions", sessions_->ready(), t.sessions));
  }
  progress_.end();
  crypto::wipe({reinterpret_cast<uint8_t*>(options_.tunnel.password.data()),
                options_.tunnel.password.size()});
}

void Run::play() {
  const TunnelOptions& t = options_.tunnel;
  const std::vector<SessionEnds> ends = sessions_->ends();
  packets_.emplace(recording_, ends,
                   AddressRules{t.inside4, t.inside6, t.keep_source, t.keep_far_end},
                   options_.loops, kAddressedBytes);
  const uint64_t origin = recording_.recorded.empty() ? 0 : recording_.recorded.front().time_ns;
  TrafficPlan plan{.rounds = options_.loops,
                   .times = make_timetable(options_.pace, recording_.recorded, origin,
                                           ticks_.ticks_per_second())};
  traffic_ = std::make_unique<TunnelTraffic>(std::move(plan), *packets_, *sessions_, ends, *crowd_,
                                             inside_ ? &*inside_ : nullptr, pool_.get());
  if (!t.cli_socket.empty()) drops_before_ = headend_drops(t.cli_socket);
  const uint64_t began = rte_rdtsc();
  traffic_->begin(began);
  while (!traffic_->all_sent()) {
    turn();
    sessions_->watch();
    const double elapsed = ticks_.seconds(rte_rdtsc() - began);
    if (interrupted_.load() || (options_.seconds > 0 && elapsed >= options_.seconds)) {
      end_ = interrupted_.load() ? "interrupted"
                                 : fmt::format("{:g} seconds are over", options_.seconds);
      traffic_->stop();
      break;
    }
    if (!progress_.due()) continue;
    const Ledger& ledger = traffic_->ledger();
    std::string line = fmt::format("sent {} ({}packets/s)", ledger.sent(),
                                   with_prefix(static_cast<double>(ledger.sent()) / elapsed));
    if (traffic_->total() != 0 && traffic_->taken() != 0) {
      line += fmt::format(" of {}, {:.0f} s left", traffic_->total(),
                          elapsed * static_cast<double>(traffic_->total() - traffic_->taken()) /
                              static_cast<double>(traffic_->taken()));
    }
    progress_.show(line + fmt::format(", on their way or lost {}", traffic_->on_their_way()));
  }
}

// What is still on its way may come, as long as anything comes.
void Run::settle() {
  uint64_t last = rte_rdtsc();
  uint64_t arrived = traffic_->ledger().arrived();
  while (traffic_->on_their_way() != 0 || traffic_->waiting() != 0) {
    turn();
    if (traffic_->ledger().arrived() != arrived) last = rte_rdtsc();
    arrived = traffic_->ledger().arrived();
    if (ticks_.seconds(rte_rdtsc() - last) > options_.tunnel.settle_s) break;
  }
  traffic_->give_up();
  progress_.end();
  if (!options_.tunnel.cli_socket.empty()) drops_after_ = headend_drops(options_.tunnel.cli_socket);
}

void Run::leave() {
  const uint64_t began = rte_rdtsc();
  sessions_->leave(now());
  while (!sessions_->gone() && ticks_.seconds(rte_rdtsc() - began) < kLeave_s) {
    turn();
    sessions_->watch();
  }
}

// A headend whose peer on a memif wire goes first may crash, which is the driver's fault.
void Run::linger() {
  const uint64_t began = rte_rdtsc();
  while (ticks_.seconds(rte_rdtsc() - began) < options_.linger_s && !interrupted_.load() &&
         outside_->link().up) {
    turn();
  }
}

void Run::fill(TunnelReport& report) {
  const TunnelTraffic& traffic = *traffic_;
  report.headend = options_.tunnel.headend;
  report.captures = options_.captures;
  report.sessions = sessions_->size();
  report.ready = sessions_->ready();
  report.set_up_s = sessions_->set_up_seconds();
  report.ended = sessions_->ended();
  report.conversations = recording_.conversations;
  report.rounds = traffic.rounds_begun();
  report.asked = traffic.total();
  report.taken = traffic.taken();
  report.left_out = packets_->left_out(report.rounds);
  report.captures_left_out = found_.left_out;
  report.closed = traffic.closed();
  report.unfit = traffic.unfit();
  report.waiting = traffic.given_up();
  report.pace = describe(options_.pace);
  report.seconds = ticks_.seconds(traffic.last_sent() - traffic.first_sent());
  report.lateness = distribution(traffic.lateness(), ticks_);
  gather_passages(traffic, inside_.has_value(), ticks_, report);
  report.copies = traffic.ledger().copies();
  report.strangers = traffic.ledger().strangers();
  report.foreign = traffic.foreign();
  for (size_t i = 0; i < dp::kDropReasons; ++i) {
    const auto reason = static_cast<dp::DropReason>(i);
    const uint64_t count = crowd_->drops().get(reason);
    if (count != 0) report.here[std::string(dp::text(reason).keyword)] = count;
  }
  if (!options_.tunnel.cli_socket.empty())
    report.headend_drops = drops_since(drops_before_, drops_after_);
  report.end = end_;
  report.complete = report.waiting == 0 && report.taken == report.asked && report.closed == 0 &&
                    report.unfit == 0 && report.ended.empty();
}

TunnelReport Run::go() {
  load();
  start();
  set_up();
  play();
  settle();
  TunnelReport report;
  fill(report);
  leave();
  linger();
  return report;
}

}  // namespace

TunnelReport replay_through_tunnels(Options& options, const std::atomic<bool>& interrupted) {
  return Run(options, interrupted).go();
}

}  // namespace culvert::replay
