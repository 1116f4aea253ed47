// A few ordinary threads for what is too slow for the event loop: handshake steps and password
// verification. Results come back to the loop through an eventfd.
//
// Bounded queues. Handshakes that are on their way come first, so that those who begin do not keep them from their
// end; then those that begin; then passwords. But a password that was passed over often enough is next: else clients
// that come, shake hands and leave would keep everybody from logging in. And unless there is only one thread, one never
// takes a password job: a client that reconnects with a valid cookie has a handshake to do, but no password, and must
// not wait behind a crowd that logs in.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace culvert::control {

class HandshakePool {
 public:
  enum class Kind : uint8_t { crypto, hello, password };

  // Handshake jobs that go before a password that a thread could have taken.
  static constexpr unsigned kMostPassedOver = 64;

  // `threads` >= 1; `max_waiting` jobs per queue. Throws std::runtime_error without file
  // descriptors.
  HandshakePool(unsigned threads, size_t max_waiting);
  ~HandshakePool();  // finishes the running jobs, forgets the waiting ones
  HandshakePool(const HandshakePool&) = delete;
  HandshakePool& operator=(const HandshakePool&) = delete;

  // Runs `work` on a thread, then `done` in collect(), with what `work` threw as text ("" if
  // nothing). The caller sees to it that one connection has one job at a time. False: the queue is
  // full, neither is run.
  [[nodiscard]] bool submit(Kind kind, std::function<void()> work,
                            std::function<void(const std::string& error)> done);

  // Readable when collect() has something to do.
  [[nodiscard]] int event_fd() const noexcept { return event_fd_; }
  // Runs `done` of all finished jobs; on the control thread. Returns how many.
  unsigned collect();
  // Jobs waiting, running, or finished and not collected.
  [[nodiscard]] size_t pending() const;
  // Jobs of a kind that no thread has taken yet.
  [[nodiscard]] size_t waiting(Kind kind) const;

 private:
  struct Job {
    Kind kind;
    std::function<void()> work;
    std::function<void(const std::string&)> done;
    std::string error;
  };

  void run();
  [[nodiscard]] std::deque<Job>& queue(Kind kind) noexcept {
    return queues_[static_cast<size_t>(kind)];
  }
  [[nodiscard]] const std::deque<Job>& queue(Kind kind) const noexcept {
    return queues_[static_cast<size_t>(kind)];
  }
  [[nodiscard]] bool can_take_password() const noexcept;
  [[nodiscard]] bool next(Job& job);

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::array<std::deque<Job>, 3> queues_;  // by kind
  std::deque<Job> finished_;
  size_t max_waiting_;
  unsigned running_ = 0;
  unsigned running_passwords_ = 0;
  unsigned passed_over_ = 0;  // handshake jobs before the password that is the next
  bool stop_ = false;
  int event_fd_ = -1;
  std::vector<std::thread> threads_;
};

}  // namespace culvert::control
