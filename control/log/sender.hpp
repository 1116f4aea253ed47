// A bounded queue of messages and the thread that sends them somewhere. Each destination has one of its own: a
// server that stalls holds up nothing but its own messages, and those that find the queue full are counted.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "control/log/destination.hpp"

namespace culvert::control {

class LogSender {
 public:
  static constexpr size_t kMostQueued = 4096;  // messages, of little more than a kilobyte at most

  explicit LogSender(std::unique_ptr<LogDestination> destination);
  // Waits for its thread, which stop() has given its time.
  ~LogSender();
  LogSender(const LogSender&) = delete;
  LogSender& operator=(const LogSender&) = delete;

  // Messages wait in the queue until then.
  void start();
  // Never waits. False if there is no room.
  bool push(std::string message);
  // Takes no more, and has `grace` for what is queued. Does not wait for it.
  void stop(std::chrono::milliseconds grace);
  // Whether its thread is through, so that the destructor would not wait.
  [[nodiscard]] bool done() const noexcept { return done_.load(std::memory_order_acquire); }

  struct Counts {
    uint64_t sent = 0;
    uint64_t discarded = 0;  // no room in the queue, or the destination's errors
    uint64_t errors = 0;     // messages that the destination did not take
    int error = 0;           // errno of the last message; 0 = it was sent
    size_t queued = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  void run();

  const std::unique_ptr<LogDestination> destination_;
  LogWait wait_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> queue_;
  Counts counts_;
  bool stopping_ = false;
  std::atomic<bool> done_{true};
  std::thread thread_;
};

}  // namespace culvert::control
