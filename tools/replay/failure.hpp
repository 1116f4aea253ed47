// What keeps a replay from happening, with the exit status that says so.
#pragma once

#include "tools/failure.hpp"

namespace culvert::replay {

enum class ExitStatus : int {
  done = 0,          // everything that was asked for was sent, and written
  failed = 1,        // it could not start, or broke off
  command_line = 2,  // wrong words
  refused = 3,       // a capture has what cannot be played as it is
  incomplete = 4,    // started, and not everything was sent, received or written
};

using Failure = FailureWith<ExitStatus>;

}  // namespace culvert::replay
