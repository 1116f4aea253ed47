#include "control/daemon/config_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "crypto/password.hpp"

namespace culvert::control {

PasswordHasher password_hasher() {
  return
      [](std::string_view password) { return crypto::to_string(crypto::hash_password(password)); };
}

ParseResult read_config_file(const std::string& path, const PasswordHasher& hasher) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in.is_open() || in.bad() || text.bad()) {
    throw std::runtime_error(fmt::format("cannot read the configuration '{}': {}", path,
                                         std::strerror(errno != 0 ? errno : EIO)));
  }
  return parse_config(text.str(), path, hasher);
}

}  // namespace culvert::control
