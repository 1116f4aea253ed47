// The files that TLS is made of: whether one of them has changed since it was read.
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

}  // namespace culvert::control
