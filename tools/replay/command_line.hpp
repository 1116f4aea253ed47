// The command line of culvert-replay.
#pragma once

#include "tools/command_line.hpp"
#include "tools/replay/options.hpp"

namespace culvert::replay {

using CommandLine = CommandLineOf<Options>;
[[nodiscard]] CommandLine read_command_line(int argc, char** argv);

}  // namespace culvert::replay
