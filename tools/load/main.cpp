// culvert-load: a crowd of AnyConnect clients against a headend. The exit status is ExitStatus.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "dataplane/eal.hpp"
#include "tools/load/command_line.hpp"
#include "tools/load/failure.hpp"
#include "tools/load/run.hpp"

namespace {

using culvert::load::ExitStatus;

std::atomic<int> interruptions{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler counts it up");

void interrupt(int) {
  interruptions.fetch_add(1);
}

int fail(const std::exception& error, ExitStatus status) {
  fmt::print(stderr, "culvert-load: {}\n", error.what());
  return static_cast<int>(status);
}

ExitStatus status_of(const culvert::load::Report& report) {
  if (!report.goals_met()) return ExitStatus::missed;
  return report.complete ? ExitStatus::done : ExitStatus::interrupted;
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* missing = culvert::dp::missing_cpu_feature()) {
    fmt::print(stderr, "culvert-load: this CPU has no {}, for which it was built\n", missing);
    return static_cast<int>(ExitStatus::failed);
  }
  const auto command_line = culvert::load::read_command_line(argc, argv);
  if (!command_line.options) return command_line.status;
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  try {
    const auto report = culvert::load::run(*command_line.options, interruptions);
    if (command_line.options->json) {
      fmt::print("{}\n", culvert::load::as_json(report).dump(2));
    } else {
      fmt::print("{}", culvert::load::as_text(report));
    }
    return static_cast<int>(status_of(report));
  } catch (const culvert::load::Failure& error) {
    return fail(error, error.status());
  } catch (const std::exception& error) {
    return fail(error, ExitStatus::failed);
  }
}
