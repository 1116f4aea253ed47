// What the command line of culvert-delay says.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tools/culvert-delay/impairment.hpp"

namespace culvert::delay {

struct Options {
  std::vector<std::pair<std::string, std::string>> lines;  // devices of both ends
  std::array<Impairment, 2> ways;                          // there and back, of each line
  uint64_t seed = 1;
  std::vector<unsigned> cores;  // lines take turns on them
  unsigned packets = 16384;     // that may be on their way in all
  uint16_t mtu = 1500;
  Nanoseconds spin = 0;  // before a packet is due, instead of sleeping
};

// Ends the process for --help and for a command line that makes no sense.
[[nodiscard]] Options parse_options(int argc, char** argv);

}  // namespace culvert::delay
