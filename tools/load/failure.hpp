// What keeps a load from happening, and how it ends, as exit statuses.
#pragma once

#include "tools/failure.hpp"

namespace culvert::load {

enum class ExitStatus : int {
  done = 0,          // the scenario ran to its end, and every goal was met
  failed = 1,        // it could not start, or broke off
  command_line = 2,  // wrong words
  missed = 3,        // it ran, and a goal was not met
  interrupted = 4,   // it was ended before its time; the goals were met so far
};

using Failure = FailureWith<ExitStatus>;

}  // namespace culvert::load
