#include "control/tls/files.hpp"

#include <cerrno>
#include <cstring>

#include <sys/stat.h>
#include <unistd.h>

#include "control/tls/openssl_reason.hpp"

namespace culvert::control {

TlsFiles::TlsFiles(const SslConfig& ssl) {
  for (const std::string& path :
       {ssl.trust_point, ssl.trust_point_key, ssl.client_ca, ssl.client_crl}) {
    if (path.empty()) continue;
    files_.emplace_back().path = path;
    look(files_.back());
  }
}

// True if the file is there and not as `state` remembers it.
bool TlsFiles::look(State& state) {
  struct stat info {};
  if (::stat(state.path.c_str(), &info) != 0) return false;
  const bool same = info.st_ino == state.inode && info.st_size == state.size &&
                    info.st_mtim.tv_sec == state.modified.tv_sec &&
                    info.st_mtim.tv_nsec == state.modified.tv_nsec;
  state.inode = info.st_ino;
  state.size = info.st_size;
  state.modified = info.st_mtim;
  return !same;
}

void require_readable(const std::string& path, const std::string& what,
                      const std::string& command) {
  if (::access(path.c_str(), R_OK) == 0) return;
  refuse("cannot read the " + what + " " + path + ": " + std::strerror(errno) +
         "; check the path given to '" + command + "' and its permissions");
}

bool TlsFiles::changed() {
  bool any = false;
  for (State& file : files_)
    any = look(file) || any;
  return any;
}

}  // namespace culvert::control
