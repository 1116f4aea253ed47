#include "tools/culvert-client/password.hpp"

#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include "control/socket/descriptor.hpp"
#include "tools/culvert-client/failure.hpp"

namespace culvert::client {
namespace {

// Byte by byte, so that nothing of it lies in anybody's buffer.
control::SecretText first_line(int fd) {
  control::SecretText out;
  char byte = 0;
  ssize_t n = 0;
  while ((n = ::read(fd, &byte, 1)) == 1 && byte != '\n') {
    if (!out.append({&byte, 1}))
      throw Failure("the password is too long", ExitStatus::command_line);
  }
  if (n < 0)
    throw Failure("the password cannot be read: " + std::generic_category().message(errno));
  byte = 0;
  return out;
}

}  // namespace

control::SecretText password_from(const std::string& path) {
  if (path == "-") return first_line(STDIN_FILENO);
  const control::Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    throw Failure(fmt::format("cannot read {}: {}", path, std::generic_category().message(errno)),
                  ExitStatus::command_line);
  }
  return first_line(file.get());
}

control::SecretText ask_for_password(const std::string& user) {
  termios before{};
  if (tcgetattr(STDIN_FILENO, &before) != 0) {
    throw Failure("no password: give it with --passwd-on-stdin or --password-file",
                  ExitStatus::command_line);
  }
  fmt::print(stderr, "Password of {}: ", user);
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  control::SecretText out = first_line(STDIN_FILENO);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  fmt::print(stderr, "\n");
  return out;
}

}  // namespace culvert::client
