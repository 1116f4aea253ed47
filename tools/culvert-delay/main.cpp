// culvert-delay: a bad network between DPDK ports.
#include <csignal>
#include <cstdio>
#include <exception>

#include <rte_launch.h>
#include <rte_lcore.h>

#include "dataplane/eal.hpp"
#include "dataplane/packet/meta.hpp"
#include "dataplane/packet/pool.hpp"
#include "tools/culvert-delay/line.hpp"
#include "tools/culvert-delay/loop.hpp"
#include "tools/culvert-delay/options.hpp"
#include "tools/culvert-delay/report.hpp"

namespace {

using namespace culvert;
using namespace culvert::delay;

constexpr unsigned kRingBuffers = 4096;  // of each port, in its receive ring and on the way out
constexpr unsigned kMegabytesForDpdk = 48;
constexpr unsigned kBytesOfBuffer = 2800;  // with an MTU of 1500

void print(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

// Before any thread is made, so that all of them leave these signals to main().
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1})
    sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return set;
}

unsigned buffers_for(const Options& options) {
  return options.packets + kRingBuffers * static_cast<unsigned>(options.lines.size());
}

dp::EalConfig eal_config(const Options& options) {
  dp::EalConfig config;
  config.control_core = options.cores.front();
  config.workers = options.cores;
  const uint64_t bytes = uint64_t{buffers_for(options)} * (kBytesOfBuffer - 1500 + options.mtu);
  config.memory_mb = kMegabytesForDpdk + static_cast<unsigned>(bytes >> 20);
  for (const auto& [a, b] : options.lines) {
    config.devices.push_back(a);
    config.devices.push_back(b);
  }
  config.on_log = [](uint32_t level, std::string_view line) {
    std::fprintf(stderr, "dpdk %u: %.*s\n", level, static_cast<int>(line.size()), line.data());
  };
  return config;
}

void serve(const sigset_t& signals, std::vector<Loop>& loops,
           const std::vector<std::unique_ptr<Line>>& lines, std::atomic<bool>& stop) {
  for (size_t i = 0; i < loops.size(); ++i) {
    const auto run = [](void* loop) {
      static_cast<Loop*>(loop)->run();
      return 0;
    };
    rte_eal_remote_launch(run, &loops[i], dp::Eal::worker_lcore(static_cast<unsigned>(i)));
  }
  print(R"({"event": "ready"})");
  for (int signal = 0; signal != SIGINT && signal != SIGTERM;) {
    sigwait(&signals, &signal);
    if (signal == SIGUSR1) print(report("counters", lines));
  }
  stop = true;
  rte_eal_mp_wait_lcore();
}

void run(const Options& options) {
  const sigset_t signals = block_signals();
  const dp::Eal eal(eal_config(options));
  dp::register_packet_meta();
  const dp::PacketPool pool = dp::make_packet_pool("packets", buffers_for(options), options.mtu,
                                                   dp::BufferLayout::side_by_side);
  const Clock clock;
  std::atomic<bool> stop = false;
  std::vector<std::unique_ptr<Line>> lines;
  std::vector<Loop> loops;
  loops.reserve(options.cores.size());
  for (size_t i = 0; i < options.cores.size(); ++i)
    loops.emplace_back(clock, options.spin, stop);
  for (size_t i = 0; i < options.lines.size(); ++i) {
    lines.push_back(std::make_unique<Line>(eal.devices()[2 * i].name, eal.devices()[2 * i + 1].name,
                                           pool.get(), options.mtu, options.ways, options.seed,
                                           options.packets));
    loops[i % loops.size()].add(*lines.back());
  }
  serve(signals, loops, lines, stop);
  print(report("exit", lines));
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* missing = dp::missing_cpu_feature()) {
    std::fprintf(stderr, "This CPU lacks %s.\n", missing);
    return 1;
  }
  try {
    run(parse_options(argc, argv));
  } catch (const std::invalid_argument& e) {
    std::fprintf(stderr, "culvert-delay: %s. See culvert-delay --help.\n", e.what());
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "culvert-delay: %s\n", e.what());
    return 1;
  }
  return 0;
}
