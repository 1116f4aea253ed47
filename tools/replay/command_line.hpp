// The command line of culvert-replay.
#pragma once

#include <optional>

#include "tools/replay/options.hpp"

namespace culvert::replay {

// What it asks for; or the status to end with, when everything has been said: wrong words, --help.
struct CommandLine {
  std::optional<Options> options;
  int status = 0;
};
[[nodiscard]] CommandLine read_command_line(int argc, char** argv);

}  // namespace culvert::replay
