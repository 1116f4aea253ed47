// Storms by the thousand, for as long as somebody likes.
#include <array>
#include <chrono>
#include <cinttypes>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <rte_eal.h>

#include "dataplane/packet/meta.hpp"
#include "tests/dataplane/tcp/network/storm.hpp"

namespace {

using namespace culvert::tcp::test;

struct Options {
  uint64_t seeds = 100'000;
  uint64_t from = 0;
  double minutes = 0;
  bool trace = false;
};

void say_totals(const StormTotals& t, uint64_t storms, double seconds) {
  std::printf("%" PRIu64 " storms in %.0f s: %" PRIu64 " transfers of %.1f MB together, %" PRIu64
              " packets came through; %" PRIu64 " lost, %" PRIu64 " overflowed, %" PRIu64
              " reordered, %" PRIu64 " duplicated, %" PRIu64 " corrupted; %" PRIu64
              " segments sent again, %" PRIu64
              " timeouts; the longest took %.0f s of its own time\n",
              storms, seconds, t.transfers, static_cast<double>(t.bytes) / 1e6, t.packets, t.lost,
              t.overflowed, t.reordered, t.duplicated, t.corrupted, t.retransmits, t.timeouts,
              static_cast<double>(t.longest) / 1e6);
  std::fflush(stdout);
}

int run(const Options& options, rte_mempool* pool) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  StormTotals totals;
  double said = 0;
  uint64_t done = 0;
  for (; done < options.seeds; ++done) {
    if (options.minutes > 0 && seconds() > options.minutes * 60) break;
    const uint64_t seed = options.from + done;
    std::string description;
    const std::string wrong =
        storm(pool, seed, totals, description, options.trace ? stdout : nullptr);
    if (options.trace) std::fputs(description.c_str(), stdout);
    if (!wrong.empty()) {
      std::printf("seed %" PRIu64 ": %s\n%s", seed, wrong.c_str(), description.c_str());
      std::printf("again: tcp_storm --seeds 1 --from %" PRIu64 " --trace\n", seed);
      return 1;
    }
    if (seconds() - said > 10) {
      said = seconds();
      say_totals(totals, done + 1, said);
    }
  }
  say_totals(totals, done, seconds());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Two of our TCP endpoints over simulated networks, a network for each seed; stops at the "
      "first\n"
      "storm after which not everything is as it has to be."};
  app.add_option("--seeds", options.seeds, "how many")->capture_default_str();
  app.add_option("--from", options.from, "the first one")->capture_default_str();
  app.add_option("--minutes", options.minutes, "end after so long, whatever --seeds says");
  app.add_flag("--trace", options.trace, "every segment, for --seeds 1");
  CLI11_PARSE(app, argc, argv);
  std::array args{"tcp_storm", "--no-huge",      "--no-pci",         "-m",
                  "128",       "--no-shconf",    "--no-telemetry",   "-l",
                  "0",         "--iova-mode=va", "--log-level=error"};
  if (rte_eal_init(static_cast<int>(args.size()), const_cast<char**>(args.data())) < 0) {
    std::fputs("DPDK does not start.\n", stderr);
    return 1;
  }
  culvert::dp::register_packet_meta();
  rte_mempool* pool =
      rte_pktmbuf_pool_create("storm", 16383, 32, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  if (pool == nullptr) {
    std::fputs("There is no memory for packets.\n", stderr);
    return 1;
  }
  const int status = run(options, pool);
  rte_eal_cleanup();
  return status;
}
