// What reading a command line gives.
#pragma once

#include <optional>

namespace culvert {

// What it asks for; or the status to end with, when everything has been said: wrong words, --help.
template <typename Options>
struct CommandLineOf {
  std::optional<Options> options;
  int status = 0;
};

}  // namespace culvert
