// A command as a shell runs it.
#pragma once

#include <cstdio>
#include <string>

#include <sys/wait.h>

namespace culvert::control {

struct Done {
  int status;        // the exit status, or -1 if a signal ended it
  std::string said;  // standard output, and standard error if 2>&1 is asked for
};

inline Done shell(const std::string& command) {
  Done out{};
  FILE* pipe = popen(command.c_str(), "r");
  char room[4096];
  for (size_t n = 0; (n = fread(room, 1, sizeof room, pipe)) > 0;)
    out.said.append(room, n);
  const int status = pclose(pipe);
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return out;
}

}  // namespace culvert::control
