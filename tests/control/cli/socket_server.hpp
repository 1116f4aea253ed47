// A management server on a thread of its own, and a raw client for it.
#pragma once

#include <atomic>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

#include <event2/event.h>
#include <event2/thread.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/cli/request.hpp"
#include "control/cli/server.hpp"
#include "tests/control/show/fake_state.hpp"

namespace culvert::control {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/culvert-test-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class RunningServer {
 public:
  explicit RunningServer(const std::string& path, const ServerLimits& limits = {},
                         size_t padding = 0)
      : base_(event_base_new()),
        server_(std::make_unique<Server>(
            base_, path,
            [this, padding](std::string_view line, const std::string& user) {
              return answer_request(line, state, user) + std::string(padding, ' ');
            },
            limits)),
        thread_([this] { loop(); }) {}
  ~RunningServer() {
    stop_ = true;
    thread_.join();
    server_.reset();
    event_base_free(base_);
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  [[nodiscard]] size_t clients() const { return clients_; }

  FakeState state;

 private:
  void loop() {
    while (!stop_) {
      const timeval tick = {.tv_sec = 0, .tv_usec = 5000};
      event_base_loopexit(base_, &tick);
      event_base_dispatch(base_);
      clients_ = server_->clients();
    }
  }

  event_base* base_;
  std::unique_ptr<Server> server_;
  std::atomic<bool> stop_{false};
  std::atomic<size_t> clients_{0};
  std::thread thread_;
};

class RawClient {
 public:
  explicit RawClient(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    const timeval patience = {.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  ~RawClient() { close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  bool say(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  void say_no_more() { shutdown(fd_, SHUT_WR); }
  // One line without its end; empty at the end of the stream.
  std::string hear() {
    std::string line;
    for (char c = 0; recv(fd_, &c, 1, 0) == 1;) {
      if (c == '\n') return line;
      line += c;
    }
    return {};
  }

 private:
  int fd_;
  bool connected_ = false;
};

}  // namespace culvert::control
