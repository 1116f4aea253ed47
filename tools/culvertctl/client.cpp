// Requests and answers over the unix socket, blocking.
#include "tools/culvertctl/client.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace culvert::ctl {
namespace {

std::string sentence(const std::string& path, int error) {
  const std::string what = "culvertctl: cannot reach culvertd at " + path + " (" +
                           std::generic_category().message(error) + "): ";
  if (error == EACCES || error == EPERM) return what + "run culvertctl as root, with sudo";
  return what + "start culvertd, or name its `management socket` with --socket";
}

}  // namespace

void Client::connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.empty() || path_.size() >= sizeof address.sun_path)
    throw ConnectionError(sentence(path_, ENAMETOOLONG));
  std::memcpy(address.sun_path, path_.data(), path_.size());
  socket_ = control::Descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket_ ||
      ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    socket_.reset();
    throw ConnectionError(sentence(path_, error));
  }
}

void Client::send_line(const std::string& line) {
  for (size_t sent = 0; sent < line.size();) {
    const ssize_t n = send(socket_.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw ConnectionError(sentence(path_, errno));
    sent += static_cast<size_t>(n);
  }
}

std::string Client::receive_line() {
  std::string line;
  char room[65536];
  while (true) {
    const ssize_t n = recv(socket_.get(), room, sizeof room, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw ConnectionError(sentence(path_, errno));
    if (n == 0) throw ConnectionError("culvertctl: culvertd closed the connection: see its log");
    line.append(room, static_cast<size_t>(n));
    if (line.back() == '\n') return line;
  }
}

nlohmann::json Client::ask(const nlohmann::json& request) {
  if (!socket_) connect();
  try {
    send_line(request.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    auto answer = nlohmann::json::parse(receive_line(), nullptr, false);
    if (!answer.is_object())
      throw ConnectionError("culvertctl: what answers at " + path_ + " is not culvertd");
    return answer;
  } catch (const ConnectionError&) {
    socket_.reset();
    throw;
  }
}

}  // namespace culvert::ctl
