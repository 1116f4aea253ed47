// Terminals and files.
#include "tools/replay/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace culvert::replay {

namespace {
constexpr std::chrono::milliseconds kOnTerminal{250}, kElsewhere{2000};
}

Progress::Progress(bool wanted)
    : wanted_(wanted),
      terminal_(isatty(STDERR_FILENO) == 1),
      next_(std::chrono::steady_clock::now() + (terminal_ ? kOnTerminal : kElsewhere)) {}

Progress::~Progress() {
  end();
}

bool Progress::due() const {
  return wanted_ && std::chrono::steady_clock::now() >= next_;
}

void Progress::show(const std::string& line) {
  if (!wanted_) return;
  next_ = std::chrono::steady_clock::now() + (terminal_ ? kOnTerminal : kElsewhere);
  if (terminal_) {
    fmt::print(stderr, "\r{}\x1b[K", line);
    open_ = true;
  } else {
    fmt::print(stderr, "{}\n", line);
  }
}

void Progress::end() {
  if (open_) fmt::print(stderr, "\n");
  open_ = false;
}

}  // namespace culvert::replay
