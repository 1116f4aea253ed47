// The command line of culvert-load.
#pragma once

#include "tools/command_line.hpp"
#include "tools/load/options.hpp"

namespace culvert::load {

using CommandLine = CommandLineOf<Options>;
[[nodiscard]] CommandLine read_command_line(int argc, char** argv);

}  // namespace culvert::load
