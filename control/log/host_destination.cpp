#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/log/destination.hpp"
#include "control/socket/descriptor.hpp"
#include "control/socket/socket_address.hpp"

namespace culvert::control {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kConnectTimeout = 5s;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kFirstPause = 500ms, kLongestPause = 15s;  // between two tries to connect
constexpr milliseconds kDatagramTimeout = 1s;                     // for room in the socket
constexpr int kDeadAfterMs = 60'000;  // nothing of what was sent is acknowledged
constexpr int kLook = 1000;           // ms

class LogSocket {
 public:
  // Non-blocking and connected, or on its way. An errno.
  int connect(const LogHostConfig& host) {
    close();
    const SocketAddress to(host.address, host.port);
    const bool tcp = host.transport == LogTransport::tcp;
    socket_ = Descriptor(
        ::socket(to.family(), (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) return errno;
    if (::connect(fd(), to.get(), to.size()) == 0) return 0;
    return errno;
  }
  void close() noexcept { socket_.reset(); }
  [[nodiscard]] int fd() const noexcept { return socket_.get(); }
  [[nodiscard]] bool open() const noexcept { return static_cast<bool>(socket_); }
  // What is wrong with it.
  [[nodiscard]] int error() const noexcept {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
  }

 private:
  Descriptor socket_;
};

class UdpDestination final : public LogDestination {
 public:
  explicit UdpDestination(const LogHostConfig& host) : host_(host) {}

  int send(std::string_view message, const LogWait& wait) override {
    if (!socket_.open()) {
      if (const int error = socket_.connect(host_); error != 0) {
        socket_.close();
        return error;
      }
    }
    // An error may be of the datagram before (ICMP port unreachable), and be reported instead of sending.
    for (int tries = 0;; ++tries) {
      if (::send(socket_.fd(), message.data(), message.size(), MSG_NOSIGNAL) >= 0) return 0;
      const int error = errno;
      const bool no_room = error == EAGAIN || error == ENOBUFS;
      if (no_room && wait.until(socket_.fd(), POLLOUT, kDatagramTimeout) != LogWait::Result::ready)
        return error;
      if (tries == 0) continue;
      // The source address that the socket has got may be gone for good: the next has another.
      if (!no_room) socket_.close();
      return error;
    }
  }

 private:
  const LogHostConfig host_;
  LogSocket socket_;
};

class TcpDestination final : public LogDestination {
 public:
  explicit TcpDestination(const LogHostConfig& host) : host_(host) {}

  int send(std::string_view message, const LogWait& wait) override {
    line_.assign(message);
    line_ += '\n';
    // A message that was cut off by the end of its connection is sent again as a whole.
    for (;;) {
      if (hung_up()) socket_.close();
      if (!socket_.open()) {
        // One that closes what it has just accepted is no better than one that does not listen.
        if (Clock::now() - connected_ < kFirstPause && !wait.pause(kFirstPause)) return ECONNRESET;
        if (!connect(wait)) return error_;
        connected_ = Clock::now();
      }
      switch (write_line(wait)) {
        case LogWait::Result::ready: return 0;
        case LogWait::Result::over: return ETIMEDOUT;
        case LogWait::Result::timeout: socket_.close(); break;  // broken
      }
    }
  }

 private:
  // Tries until it works; false if the log closes meanwhile.
  bool connect(const LogWait& wait) {
    for (milliseconds pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
      error_ = socket_.connect(host_);
      if (error_ == EINPROGRESS) {
        const bool done =
            wait.until(socket_.fd(), POLLOUT, kConnectTimeout) == LogWait::Result::ready;
        error_ = done ? socket_.error() : ETIMEDOUT;
      }
      if (error_ == 0) break;
      socket_.close();
      if (!wait.pause(pause)) return false;
    }
    const int on = 1;
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(socket_.fd(), IPPROTO_TCP, TCP_USER_TIMEOUT, &kDeadAfterMs, sizeof kDeadAfterMs);
    return true;
  }

  // The server has closed the connection: what is written now would be lost.
  bool hung_up() {
    char ignored[256];
    while (socket_.open()) {
      const ssize_t n = ::recv(socket_.fd(), ignored, sizeof ignored, MSG_DONTWAIT);
      if (n > 0) continue;
      return n == 0 || (errno != EAGAIN && errno != EINTR);
    }
    return false;
  }

  // ready: it is written; timeout: the connection is broken; over: no time is left.
  LogWait::Result write_line(const LogWait& wait) {
    using Result = LogWait::Result;
    for (size_t done = 0; done < line_.size();) {
      const ssize_t n =
          ::send(socket_.fd(), line_.data() + done, line_.size() - done, MSG_NOSIGNAL);
      if (n >= 0) {
        done += static_cast<size_t>(n);
        continue;
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN) {
        error_ = errno;
        return Result::timeout;
      }
      // A server that does not read may take its time: that is what the queue is for.
      while (true) {
        const Result result = wait.until(socket_.fd(), POLLOUT, milliseconds(kLook));
        if (result == Result::over) return result;
        if (result == Result::ready) break;
      }
    }
    return Result::ready;
  }

  const LogHostConfig host_;
  LogSocket socket_;
  std::string line_;
  int error_ = 0;
  Clock::time_point connected_{};
};

}  // namespace

std::unique_ptr<LogDestination> make_udp_destination(const LogHostConfig& host) {
  return std::make_unique<UdpDestination>(host);
}

std::unique_ptr<LogDestination> make_tcp_destination(const LogHostConfig& host) {
  return std::make_unique<TcpDestination>(host);
}

}  // namespace culvert::control
