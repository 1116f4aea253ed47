// The order of things: what can be refused is refused before DPDK starts; memory is sized before that, too.
#include "tools/replay/preparation.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "tools/replay/failure.hpp"
#include "tools/replay/mark.hpp"
#include "tools/replay/report_rows.hpp"

namespace culvert::replay {

namespace {

SelectionRules selection(const Options& options, const std::string& device) {
  return {.filter = options.filter,
          .rewrite = options.rewrite,
          .mtu = options.mtu,
          .largest = largest_frame(device),
          .trailer = options.track ? kMarkSize : 0,
          .fill_truncated = options.fill_truncated};
}

// Far less than what fits, so that sums over ports do, too.
constexpr uint64_t kMostPackets = 100'000'000'000'000'000;

std::string nothing_to_send(const Part& part) {
  const LeftOut& out = part.found.left_out;
  const std::string names = listed(part.captures);
  if (out.filtered == 0 || out.faulty() != 0) {
    return fmt::format("There is no packet to send in {}.", names);
  }
  return fmt::format("--filter '{}' lets no packet of {} through, of {}: there is nothing to send.",
                     part.rules.filter, names, out.filtered);
}

// Who asks for packets and gets none was mistaken about the capture or the filter.
void check_amounts(const std::vector<Part>& parts, const Options& options) {
  const bool something =
      std::ranges::any_of(parts, [](const Part& part) { return part.found.packets != 0; });
  for (const Part& part : parts) {
    if (part.found.packets == 0) {
      if (!something || options.on_fault == OnFault::refuse)
        throw Failure(nothing_to_send(part), ExitStatus::refused);
      fmt::print(stderr, "culvert-replay: left out: {}\n", nothing_to_send(part));
    } else if (options.loops > kMostPackets / part.found.packets) {
      throw Failure(fmt::format("{} packets, {} times, are too many to be counted: --loops 0 plays "
                                "until it is stopped.",
                                part.found.packets, options.loops),
                    ExitStatus::refused);
    }
  }
}

// With one port all captures are its; with several each has one.
std::vector<Part> parts_of(const Options& options, Progress& progress,
                           const std::atomic<bool>& interrupted) {
  std::vector<Part> parts(options.ports.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    Part& part = parts[i];
    part.captures = parts.size() == 1 ? options.captures : std::vector{options.captures.at(i)};
    part.rules = selection(options, options.ports[i]);
    part.found = survey_or_refuse(part.captures, part.rules, options.on_fault,
                                  reading(progress, "looking at", interrupted), progress);
  }
  check_amounts(parts, options);
  return parts;
}

// The main thread has little to do, and less so while packets pass: it gets the first core, the workers the
// last ones.
dp::EalConfig eal_config(const Options& options, const std::vector<Part>& parts) {
  const std::vector<unsigned> cores = dp::allowed_cpus();
  dp::EalConfig config;
  config.control_core = options.main_core.value_or(cores.front());
  config.workers = options.cores;
  if (config.workers.empty()) {
    const size_t useful = (options.ports.size() + options.receive_ports.size()) * options.queues;
    const size_t count = std::clamp<size_t>(useful, 1, std::max<size_t>(cores.size() - 1, 1));
    config.workers.assign(cores.end() - static_cast<ptrdiff_t>(count), cores.end());
  }
  uint64_t bytes = memory_for_ports(options) + (uint64_t{64} << 20);
  for (const Part& part : parts)
    bytes += memory_for(store_size(part.found));
  config.memory_mb = static_cast<unsigned>((bytes >> 20) + 1);
  const auto present =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (bytes > present) {
    throw Failure(
        fmt::format("The captures and the ports need {} MB of memory, and this machine has {}: "
                    "play a part of them, "
                    "by --filter for example.",
                    bytes >> 20, present >> 20));
  }
  config.huge_pages =
      options.huge_pages ? dp::HugePagePolicy::automatic : dp::HugePagePolicy::never;
  config.devices = devices_of(options);
  return config;
}

}  // namespace

Prepared::Prepared(const Options& options, Progress& progress, const std::atomic<bool>& interrupted)
    : parts(parts_of(options, progress, interrupted)) {
  const dp::EalConfig config = eal_config(options, parts);
  workers = static_cast<unsigned>(config.workers.size());
  const dp::Eal& eal = start_dpdk(config);
  ports = std::make_unique<PortSet>(options, eal);
  for (size_t i = 0; i < parts.size(); ++i) {
    const dp::Port& port = *ports->sending().at(i);
    stores.push_back(std::make_unique<PacketStore>(
        fmt::format("replay-{}", i), store_size(parts[i].found), rte_eth_dev_socket_id(port.id())));
    parts[i].recording =
        load(parts[i].captures, parts[i].rules, parts[i].found, port.tx_queues() > 1,
             *stores.back(), reading(progress, "loading", interrupted));
  }
  progress.end();
}

// rte_eal_cleanup() unmaps memory in which DPDK's interrupt thread still looks for what devices left behind, and a
// memif server crashed there most times. The process ends soon anyway.
const dp::Eal& start_dpdk(const dp::EalConfig& config) {
  static const dp::Eal& eal = *new dp::Eal(config);
  for (const std::string& warning : eal.warnings())
    fmt::print(stderr, "culvert-replay: {}\n", warning);
  return eal;
}

Survey survey_or_refuse(const std::vector<std::string>& captures, const SelectionRules& rules,
                        OnFault on_fault, const OnProgress& on_progress, Progress& progress) {
  const bool skip = on_fault == OnFault::skip;
  Survey found = survey(captures, rules, skip, on_progress);
  progress.end();
  const std::vector<std::string> faults = found.left_out.sentences(rules);
  if (!faults.empty() && !skip) {
    std::string said;
    for (const std::string& fault : faults)
      said += fault + " ";
    throw Failure(said + "--on-fault skip leaves out what cannot be played.", ExitStatus::refused);
  }
  for (const std::string& fault : faults)
    fmt::print(stderr, "culvert-replay: left out: {}\n", fault);
  return found;
}

OnProgress reading(Progress& progress, const char* verb, const std::atomic<bool>& interrupted) {
  return [&progress, verb, &interrupted](const std::string& path, double share) {
    if (interrupted.load()) throw Failure("Interrupted before anything was sent.");
    if (progress.due()) progress.show(fmt::format("{} {}: {:.0f} %", verb, path, 100 * share));
  };
}

void linger(const PortSet& ports, double seconds, const std::atomic<bool>& interrupted) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < until && !interrupted.load()) {
    if (ports.sending().empty() || ports.all_links_down()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace culvert::replay
