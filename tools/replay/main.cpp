// culvert-replay: plays captures on DPDK ports, and counts what arrives. The exit status is ExitStatus.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "dataplane/eal.hpp"
#include "tools/replay/command_line.hpp"
#include "tools/replay/failure.hpp"
#include "tools/replay/replay.hpp"
#include "tools/replay/search_run.hpp"
#include "tools/replay/tunnel/tunnel_replay.hpp"
#include "tools/replay/tunnel/tunnel_search.hpp"

namespace {

using culvert::replay::ExitStatus;

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

void interrupt(int) {
  interrupted.store(true);
}

int fail(const std::exception& error, ExitStatus status) {
  fmt::print(stderr, "culvert-replay: {}\n", error.what());
  return static_cast<int>(status);
}

template <typename Report>
void print(const Report& report, bool json) {
  if (json) {
    fmt::print("{}\n", as_json(report).dump(2));
  } else {
    fmt::print("{}", as_text(report));
  }
}

int search(culvert::replay::Options& options) {
  const auto show = [&](const culvert::replay::SearchReport& done) {
    print(done, options.json);
    std::fflush(stdout);
  };
  const auto report = options.tunnel.wanted()
                          ? culvert::replay::search_through_tunnels(options, interrupted, show)
                          : culvert::replay::search_plain(options, interrupted, show);
  return static_cast<int>(report.complete() ? ExitStatus::done : ExitStatus::incomplete);
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* missing = culvert::dp::missing_cpu_feature()) {
    fmt::print(stderr, "culvert-replay: this CPU has no {}, for which it was built\n", missing);
    return static_cast<int>(ExitStatus::failed);
  }
  auto command_line = culvert::replay::read_command_line(argc, argv);
  if (!command_line.options) return command_line.status;
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  try {
    if (command_line.options->search) return search(*command_line.options);
    if (command_line.options->tunnel.wanted()) {
      const auto report =
          culvert::replay::replay_through_tunnels(*command_line.options, interrupted);
      print(report, command_line.options->json);
      return static_cast<int>(report.complete ? ExitStatus::done : ExitStatus::incomplete);
    }
    const auto report = culvert::replay::replay(*command_line.options, interrupted);
    print(report, command_line.options->json);
    return static_cast<int>(report.complete ? ExitStatus::done : ExitStatus::incomplete);
  } catch (const culvert::replay::Failure& error) {
    return fail(error, error.status());
  } catch (const std::exception& error) {
    return fail(error, ExitStatus::failed);
  }
}
