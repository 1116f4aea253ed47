// The order of things: what can be refused is refused before DPDK starts; memory is sized before that, too.
#include "tools/replay/replay.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "dataplane/eal.hpp"
#include "tools/replay/capture_writer.hpp"
#include "tools/replay/failure.hpp"
#include "tools/replay/gather.hpp"
#include "tools/replay/load.hpp"
#include "tools/replay/mark.hpp"
#include "tools/replay/port_set.hpp"
#include "tools/replay/traffic_run.hpp"

namespace culvert::replay {

namespace {

constexpr unsigned kWaitingToBeWritten = 16384;  // packets; a power of two

SelectionRules selection(const Options& options, const std::string& device) {
  return {.filter = options.filter,
          .rewrite = options.rewrite,
          .mtu = options.mtu,
          .largest = largest_frame(device),
          .trailer = options.track ? kMarkSize : 0,
          .fill_truncated = options.fill_truncated};
}

OnProgress reading(Progress& progress, const char* verb, const std::atomic<bool>& interrupted) {
  return [&progress, verb, &interrupted](const std::string& path, double share) {
    if (interrupted.load()) throw Failure("Interrupted before anything was sent.");
    if (progress.due()) progress.show(fmt::format("{} {}: {:.0f} %", verb, path, 100 * share));
  };
}

// With one port all captures are its; with several each has one.
std::vector<Part> parts_of(const Options& options, Progress& progress,
                           const std::atomic<bool>& interrupted) {
  std::vector<Part> parts(options.ports.size());
  const bool skip = options.on_fault == OnFault::skip;
  for (size_t i = 0; i < parts.size(); ++i) {
    Part& part = parts[i];
    part.captures = parts.size() == 1 ? options.captures : std::vector{options.captures.at(i)};
    part.rules = selection(options, options.ports[i]);
    part.found =
        survey(part.captures, part.rules, skip, reading(progress, "looking at", interrupted));
    const std::vector<std::string> faults = part.found.left_out.sentences(part.rules);
    if (!faults.empty() && !skip) {
      std::string said;
      for (const std::string& fault : faults)
        said += fault + " ";
      throw Failure(said + "--on-fault skip leaves out what cannot be played.",
                    ExitStatus::refused);
    }
    for (const std::string& fault : faults)
      fmt::print(stderr, "culvert-replay: left out: {}\n", fault);
  }
  progress.end();
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

// Which sender's packets are whose, for receivers.
uint32_t stream_name(uint32_t process, size_t sender) {
  return process << 8 | static_cast<uint32_t>(sender & 0xff);
}

void wait_for_links(const PortSet& ports, double seconds, const std::atomic<bool>& interrupted) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (;;) {
    const std::string without = ports.without_link();
    if (without.empty()) return;
    if (interrupted.load()) throw Failure("Interrupted before the links came up.");
    if (std::chrono::steady_clock::now() >= until) {
      throw Failure(fmt::format(
          "No link on {} within {:g} s: look at the other end, or give it longer by --link-wait.",
          without, seconds));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

// What is in a port's queue, or shared with a peer that has not looked yet, is lost when the port is closed. A
// peer that has seen enough and goes ends the waiting.
void linger(const PortSet& ports, double seconds, const std::atomic<bool>& interrupted) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < until && !interrupted.load()) {
    if (ports.sending().empty() || ports.all_links_down()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

// The recording that a part plays, dealt to the queues of its port.
void add_senders(const Options& options, const dp::Port& port, Part& part, uint64_t origin_ns,
                 const TickClock& clock, rte_mempool* copies, TrafficRun& run) {
  Recording& recording = part.recording;
  Timetable table =
      make_timetable(options.pace, recording.recorded, origin_ns, clock.ticks_per_second());
  part.out_of_order = table.out_of_order;
  part.shortened_gaps = table.shortened_gaps;
  part.filling = filling_of(recording.recorded);
  static const uint32_t process = std::random_device{}();
  const size_t queues = port.tx_queues();
  std::vector<SenderConfig> configs(queues);
  for (size_t i = 0; i < recording.packets.size(); ++i) {
    SenderConfig& config = configs[queues == 1 ? 0 : recording.flows[i] % queues];
    config.packets.push_back(recording.packets[i]);
    if (!table.due.empty()) config.due.push_back(table.due[i]);
  }
  part.first_sender = run.senders().size();
  part.senders = queues;
  for (size_t q = 0; q < queues; ++q) {
    SenderConfig& config = configs[q];
    config.port = port.id();
    config.queue = static_cast<uint16_t>(q);
    config.period = table.period;
    config.rounds = options.loops;
    config.burst = options.burst;
    if (options.track) config.stream = stream_name(process, run.senders().size());
    config.copies = copies;
    run.add(std::make_unique<Sender>(std::move(config)));
  }
  recording = {};  // the senders have it
}

void add_receivers(const Options& options, const dp::Port& port, CaptureWriter* writer,
                   TrafficRun& run) {
  for (uint16_t q = 0; q < port.rx_queues(); ++q) {
    run.add(std::make_unique<Receiver>(
        ReceiverConfig{.port = port.id(),
                       .queue = q,
                       .marks = options.track,
                       .writer = writer == nullptr ? nullptr : writer->ring()}));
  }
}

}  // namespace

Report replay(const Options& options, const std::atomic<bool>& interrupted) {
  TickClock clock;
  Progress progress(options.progress);
  std::vector<Part> parts = parts_of(options, progress, interrupted);
  const dp::EalConfig config = eal_config(options, parts);
  // Never taken down: rte_eal_cleanup() unmaps memory in which DPDK's interrupt thread still looks for what
  // devices left behind, and a memif server crashed there most times. The process ends soon anyway.
  static const dp::Eal& eal = *new dp::Eal(config);
  for (const std::string& warning : eal.warnings())
    fmt::print(stderr, "culvert-replay: {}\n", warning);

  // Ports may hold packets until they are closed, so that the stores go last.
  std::vector<std::unique_ptr<PacketStore>> stores;
  PortSet ports(options, eal);
  for (size_t i = 0; i < parts.size(); ++i) {
    const dp::Port& port = *ports.sending().at(i);
    stores.push_back(std::make_unique<PacketStore>(
        fmt::format("replay-{}", i), store_size(parts[i].found), rte_eth_dev_socket_id(port.id())));
    parts[i].recording =
        load(parts[i].captures, parts[i].rules, parts[i].found, port.tx_queues() > 1,
             *stores.back(), reading(progress, "loading", interrupted));
  }
  progress.end();
  clock.calibrate();

  std::unique_ptr<CaptureWriter> writer;
  if (!options.write.empty()) {
    writer = std::make_unique<CaptureWriter>(options.write, kWaitingToBeWritten, clock);
  }
  TrafficRun run(clock,
                 {.seconds = options.seconds, .count = options.count, .idle_s = options.idle_s},
                 interrupted);
  const uint64_t earliest_ns = earliest(parts);
  for (size_t i = 0; i < parts.size(); ++i) {
    const uint64_t origin_ns = options.common_time ? earliest_ns : parts[i].found.first_ns;
    add_senders(options, *ports.sending()[i], parts[i], origin_ns, clock, ports.copies(), run);
  }
  for (const dp::Port* port : ports.receiving())
    add_receivers(options, *port, writer.get(), run);

  ports.start();
  wait_for_links(ports, options.link_wait_s, interrupted);
  const std::string end = run.run(static_cast<unsigned>(config.workers.size()), progress);
  linger(ports, options.linger_s, interrupted);
  if (writer) writer->finish();
  Report report = gather({options, parts, ports, clock, run, writer.get()});
  report.end = end;
  ports.stop();
  return report;
}

}  // namespace culvert::replay
