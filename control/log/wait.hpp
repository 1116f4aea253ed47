// Waiting that comes to an end when the log closes.
#pragma once

#include <atomic>
#include <chrono>

namespace culvert::control {

class LogWait {
 public:
  // Throws std::runtime_error if the process has no file descriptor left.
  LogWait();
  ~LogWait();
  LogWait(const LogWait&) = delete;
  LogWait& operator=(const LogWait&) = delete;

  // From another thread: whoever waits has `grace` for what is left. Once.
  void close(std::chrono::milliseconds grace);
  [[nodiscard]] bool closing() const noexcept { return closing_.load(std::memory_order_acquire); }

  enum class Result : uint8_t { ready, timeout, over };
  // Until `events` of `fd` are there (poll(2)). A log that begins to close does not end the waiting, only its
  // grace does.
  [[nodiscard]] Result until(int fd, short events, std::chrono::milliseconds timeout) const;
  // False if the log begins to close meanwhile.
  [[nodiscard]] bool pause(std::chrono::milliseconds duration) const;

 private:
  using Clock = std::chrono::steady_clock;
  int event_ = -1;
  std::atomic<bool> closing_{false};
  Clock::time_point deadline_{};  // set before `closing_`
};

}  // namespace culvert::control
