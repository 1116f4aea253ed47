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

}  // namespace

int main(int argc, char** argv) {
  if (const char* missing = culvert::dp::missing_cpu_feature()) {
    fmt::print(stderr, "culvert-replay: this CPU has no {}, for which it was built\n", missing);
    return static_cast<int>(ExitStatus::failed);
  }
  const auto command_line = culvert::replay::read_command_line(argc, argv);
  if (!command_line.options) return command_line.status;
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  try {
    const auto report = culvert::replay::replay(*command_line.options, interrupted);
    if (command_line.options->json) {
      fmt::print("{}\n", culvert::replay::as_json(report).dump(2));
    } else {
      fmt::print("{}", culvert::replay::as_text(report));
    }
    return static_cast<int>(report.complete ? ExitStatus::done : ExitStatus::incomplete);
  } catch (const culvert::replay::Failure& error) {
    return fail(error, error.status());
  } catch (const std::exception& error) {
    return fail(error, ExitStatus::failed);
  }
}
