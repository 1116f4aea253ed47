// Everything is made before the first packet; then one loop on one core, which sleeps only when nothing happens.
#include "tools/load/run.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <numeric>
#include <thread>

#include <fmt/format.h>
#include <rte_cycles.h>

#include "dataplane/eal.hpp"
#include "dataplane/packet/meta.hpp"
#include "dataplane/packet/pool.hpp"
#include "dataplane/port/port.hpp"
#include "dataplane/worker/clock.hpp"
#include "tools/crowd/crowd.hpp"
#include "tools/culvert-client/failure.hpp"
#include "tools/culvert-client/gateway.hpp"
#include "tools/culvert-client/password.hpp"
#include "tools/link_wait.hpp"
#include "tools/load/conductor.hpp"
#include "tools/load/failure.hpp"
#include "tools/load/status_line.hpp"
#include "tools/load/stranger_bytes.hpp"
#include "tools/replay/progress.hpp"

namespace culvert::load {

namespace {

constexpr uint32_t kDataInFlight = 4096;  // packets
constexpr uint32_t kUnreadBuffers = 128;  // of a slow reader, the first window included
constexpr unsigned kDescriptors = 2048;   // of each queue: a crowd's answers come all at once
constexpr Time kStrangersPatience = 45 * kSecond;
// So many empty turns in a row, and the loop sleeps as shortly as the kernel lets it.
constexpr unsigned kEmptyTurns = 64;

client::Gateway headend_of(const Options& options) {
  try {
    return client::Gateway::parse(options.url);
  } catch (const client::Failure& failure) {
    throw Failure(failure.what(), ExitStatus::command_line);
  }
}

uint32_t slow_readers_of(const Options& options) {
  return std::accumulate(options.slow_readers.begin(), options.slow_readers.end(), uint32_t{0});
}

crowd::CrowdConfig config_of(const Options& options, const client::Gateway& gateway) {
  const auto headend = dp::IpAddress::parse(gateway.host);
  if (!headend) {
    throw Failure(fmt::format("'{}' is no address: a crowd asks no name server", gateway.host),
                  ExitStatus::command_line);
  }
  if (headend->is_v4() != options.sources.front().is_v4())
    throw Failure("headend and --sources are of two families", ExitStatus::command_line);
  crowd::CrowdConfig config;
  config.members = options.plan.sessions + slow_readers_of(options);
  config.strangers = Strangers::at_once(options.strangers, kStrangersPatience);
  config.headend = *headend;
  config.port = gateway.port;
  if (options.gateway) config.gateway = *options.gateway;
  config.sources = options.sources;
  config.mtu = options.mtu;
  config.ca_file = options.ca_file;
  config.group_path = gateway.path == "/" ? "" : gateway.path;
  config.tls12_ciphers = options.ciphers;
  config.tls13 = !options.tls12;
  config.want_dtls = options.tunnels != Tunnels::tls;
  config.dtls_period = options.dtls_again;
  config.seed = options.plan.seed;
  return config;
}

crowd::Credentials credentials_of(const Options& options) {
  try {
    const control::SecretText password = client::password_from(options.password_file);
    return {options.user, std::string(password.view())};
  } catch (const client::Failure& failure) {
    throw Failure(failure.what(), ExitStatus::command_line);
  }
}

dp::EalConfig eal_config(const Options& options, const crowd::CrowdConfig& crowd,
                         uint32_t buffers) {
  dp::EalConfig config;
  config.control_core = options.core.value_or(dp::allowed_cpus().back());
  config.workers = {config.control_core};  // none is started: the loop is the main thread's
  const uint64_t bytes = uint64_t{buffers} * (options.mtu + 1024u) + crowd::memory_for(crowd);
  config.memory_mb = static_cast<unsigned>((bytes >> 20) + 64);
  config.huge_pages =
      options.huge_pages ? dp::HugePagePolicy::automatic : dp::HugePagePolicy::never;
  config.devices = {options.port};
  return config;
}

// The headend, or the gateway, says who it is.
void wait_for_neighbour(crowd::Crowd& crowd, const dp::Clock& clock, const Options& options,
                        const std::atomic<int>& interruptions) {
  const Time until = clock.at(rte_rdtsc()) + from_seconds(options.link_wait_s);
  while (!crowd.link_ready()) {
    const Time now = clock.at(rte_rdtsc());
    if (interruptions.load() != 0) throw Failure("Interrupted before anybody logged in.");
    if (now >= until) {
      throw Failure(fmt::format(
          "{} has not told its MAC address within {:g} s: look at the cable, --sources and "
          "--gateway, or give it longer by --link-wait.",
          options.gateway ? options.gateway->to_string() : "The headend", options.link_wait_s));
    }
    (void)crowd.poll(now);
  }
}

StrangersConfig strangers_of(const Options& options, const crowd::CrowdConfig& crowd) {
  return {.rates = options.strangers,
          .headend = crowd.headend,
          .port = crowd.port,
          .hello = client_hello(crowd.server_name),
          .patience = kStrangersPatience,
          .seed = options.plan.seed + 1};
}

// What takes part in one load.
struct Load {
  const Options& options;
  const dp::Port& port;
  crowd::Crowd& crowd;
  Scenario& scenario;
  Strangers& strangers;
  SlowReaders& slow_readers;
  Data& data;
  Conductor& conductor;
  Tally& tally;
  rte_mempool* pool;
};

void show(const Load& load, replay::Progress& progress, LineMemory& memory, Time now) {
  progress.show(status_line(load.scenario, load.crowd.counters(), load.tally,
                            load.data.ledger().totals(), memory, now));
}

// Until the scenario is over. Returns false if somebody did not want to wait for that.
bool play(Load& load, const dp::Clock& clock, const std::atomic<int>& interruptions) {
  replay::Progress progress(load.options.progress);
  LineMemory memory{clock.at(rte_rdtsc()), 0};
  unsigned empty = 0;
  while (!load.scenario.over()) {
    const Time now = clock.at(rte_rdtsc());
    const int asked = interruptions.load(std::memory_order_relaxed);
    if (asked > 1) return false;
    if (asked == 1) load.scenario.wind_up(now);
    bool busy = load.conductor.act(load.pool, now);
    const Phase phase = load.scenario.phase();
    if (phase == Phase::ramp || phase == Phase::hold) {
      busy |= load.data.send(load.scenario.up(), now);
    } else {
      load.strangers.send_away(now);
      load.slow_readers.send_away();
    }
    load.data.tell_time(now);
    busy |= load.crowd.poll(now);
    busy |= load.conductor.listen(now);
    if (progress.due()) show(load, progress, memory, now);
    empty = busy ? 0 : empty + 1;
    if (empty > kEmptyTurns) std::this_thread::sleep_for(std::chrono::microseconds(1));
  }
  return true;
}

std::array<double, kPhases> lengths(const Scenario& scenario, Time end) {
  std::array<double, kPhases> seconds{};
  for (size_t i = 0; i + 1 < kPhases; ++i) {
    const Time began = scenario.began(static_cast<Phase>(i));
    if (began == kNever) continue;
    Time ended = end;
    for (size_t next = kPhases - 1; next > i; --next)
      ended = std::min(ended, scenario.began(static_cast<Phase>(next)));
    seconds[i] = in_seconds(ended - began);
  }
  return seconds;
}

Report gather(const Load& load, Time end) {
  Report report;
  report.url = load.options.url;
  report.asked = load.options.plan.sessions;
  report.peak = load.scenario.peak();
  report.held = load.scenario.held();
  report.held_dtls = load.conductor.held_dtls();
  report.gave_up = load.scenario.gave_up();
  report.seconds = lengths(load.scenario, end);
  report.came = load.conductor.came();
  report.tally = load.tally;
  for (const Storm& storm : load.scenario.storms()) {
    report.storms.push_back(
        {storm.members, storm.back, in_seconds(std::min(storm.ended, end) - storm.began)});
  }
  report.data = load.data.ledger().totals();
  report.data_wanted = load.options.target.has_value();
  for (size_t i = 0; i < kStrangerKinds; ++i)
    report.strangers[i] = load.strangers.count(static_cast<StrangerKind>(i));
  for (size_t i = 0; i < kSlowReaderKinds; ++i)
    report.slow_readers[i] = load.slow_readers.count(static_cast<SlowReaderKind>(i));
  for (size_t i = 0; i < dp::kDropReasons; ++i) {
    const auto reason = static_cast<dp::DropReason>(i);
    if (const uint64_t count = load.crowd.drops().get(reason); count != 0)
      report.drops.emplace_back(dp::text(reason).keyword, count);
  }
  report.port_missed = load.port.stats().rx_missed;
  return report;
}

}  // namespace

Report run(const Options& options, const std::atomic<int>& interruptions) {
  const client::Gateway gateway = headend_of(options);
  const crowd::CrowdConfig crowd_config = config_of(options, gateway);
  crowd::Credentials credentials = credentials_of(options);
  const uint32_t in_flight = kDataInFlight + kUnreadBuffers * slow_readers_of(options);
  const uint32_t buffers = crowd::buffers_for(crowd_config, in_flight) + 2 * kDescriptors;
  // Never taken down, as tools/replay has it: the process ends soon.
  static const dp::Eal& eal = *new dp::Eal(eal_config(options, crowd_config, buffers));
  dp::register_packet_meta();
  for (const std::string& warning : eal.warnings())
    fmt::print(stderr, "culvert-load: {}\n", warning);

  const dp::DeviceName& device = eal.devices().front();
  const dp::PacketPool pool =
      dp::make_packet_pool("load", buffers, options.mtu, eal.buffer_layout());
  dp::Port port(device.name);
  port.configure({.workers = 1,
                  .pool = pool.get(),
                  .mtu = options.mtu,
                  .rx_descriptors = kDescriptors,
                  .tx_descriptors = kDescriptors});
  port.start();
  wait_for_links(std::array<const dp::Port*, 1>{&port}, options.link_wait_s,
                 [&] { return interruptions.load() != 0; });

  const dp::Clock clock(rte_rdtsc());
  const auto tally = std::make_unique<Tally>();
  crowd::Crowd crowd(crowd_config, port, 0, pool.get(), clock.at(rte_rdtsc()));
  wait_for_neighbour(crowd, clock, options, interruptions);
  const Time start = clock.at(rte_rdtsc());
  Scenario scenario(options.plan, start);
  const auto strangers = std::make_unique<Strangers>(strangers_of(options, crowd_config), start);
  const auto slow_readers =
      std::make_unique<SlowReaders>(SlowReadersConfig{.numbers = options.slow_readers});
  Data data(options, crowd, pool.get(), *tally, *slow_readers, start);
  Conductor conductor(crowd, scenario, *strangers, *slow_readers, data, *tally,
                      std::move(credentials));
  Load load{options,       port, crowd,     scenario, *strangers,
            *slow_readers, data, conductor, *tally,   pool.get()};
  bool waited = false;
  std::string error;
  try {
    waited = play(load, clock, interruptions);
  } catch (const std::exception& failure) {
    error = failure.what();
  }
  const Time end = clock.at(rte_rdtsc());
  if (!waited) {  // and so nobody for the last answers
    for (uint32_t member = 0; member < options.plan.sessions; ++member)
      data.interrupt(member, end);
  }
  Report report = gather(load, end);
  report.goals = judge(options.goals, figures_of(report));
  report.broke_off = !error.empty();
  report.complete = !report.broke_off && interruptions.load() == 0;
  report.end = report.broke_off  ? "broke off: " + error
               : !waited         ? "interrupted twice"
               : report.complete ? "the scenario is over"
                                 : "interrupted";
  port.stop();
  return report;
}

}  // namespace culvert::load
