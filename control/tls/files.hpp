// The files that TLS is made of: whether they can be read, and whether one of them has changed since.
#pragma once

#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "control/config/config.hpp"

namespace culvert::control {

// Certificates are renewed and revocation lists published while the headend runs. Files are looked
// at, not read, so it is cheap enough for once a second on the control thread.
class TlsFiles {
 public:
  // Remembers the files that `ssl` names as they are now.
  explicit TlsFiles(const SslConfig& ssl);

  // True once after one of them was replaced or written; a file that is not there has not changed.
  [[nodiscard]] bool changed();

 private:
  struct State {
    std::string path;
    unsigned long inode = 0;
    long long size = 0;
    std::timespec modified{};
  };
  static bool look(State& state);

  std::vector<State> files_;
};

// Throws std::runtime_error if the process may not read the file that is called `what`, which `command`
// names.
void require_readable(const std::string& path, const std::string& what, const std::string& command);

}  // namespace culvert::control
