// The command line of culvert-load.
#pragma once

#include <optional>

#include "tools/load/options.hpp"

namespace culvert::load {

// What it asks for; or the status to end with, when everything has been said: wrong words, --help.
struct CommandLine {
  std::optional<Options> options;
  int status = 0;
};
[[nodiscard]] CommandLine read_command_line(int argc, char** argv);

}  // namespace culvert::load
