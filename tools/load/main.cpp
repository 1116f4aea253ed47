// culvert-load: a crowd of AnyConnect clients against a headend. The exit status is ExitStatus.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

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

// Does not throw, even if nobody can read it.
void complain(const std::string& sentence) {
  (void)std::fputs(("culvert-load: " + sentence + "\n").c_str(), stderr);
}

int fail(const std::exception& error, ExitStatus status) {
  complain(error.what());
  return static_cast<int>(status);
}

ExitStatus status_of(const culvert::load::Report& report) {
  if (report.broke_off) return ExitStatus::failed;
  if (!report.goals_met()) return ExitStatus::missed;
  return report.complete ? ExitStatus::done : ExitStatus::interrupted;
}

// Throws if not all of it could be written: a result that nobody has is none.
void print(const culvert::load::Report& report, bool json) {
  if (json) {
    // The URL is as it was typed, whatever its encoding.
    using Json = nlohmann::ordered_json;
    const Json all = culvert::load::as_json(report);
    fmt::print("{}\n", all.dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    fmt::print("{}", culvert::load::as_text(report));
  }
  if (std::fflush(stdout) != 0) throw std::runtime_error("the result could not be written");
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
    print(report, command_line.options->json);
    if (report.broke_off) complain(report.end);
    return static_cast<int>(status_of(report));
  } catch (const culvert::load::Failure& error) {
    return fail(error, error.status());
  } catch (const std::exception& error) {
    return fail(error, ExitStatus::failed);
  }
}
