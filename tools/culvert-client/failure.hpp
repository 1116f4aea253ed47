// Why the client gives up: one sentence and an exit status.
#pragma once

#include "tools/failure.hpp"

namespace culvert::client {

enum class ExitStatus : int {
  done = 0,
  failed = 1,  // no connection, or no way back to it
  command_line = 2,
  refused = 3,  // the headend refused log-in or cookie
};

using Failure = FailureWith<ExitStatus>;

}  // namespace culvert::client
