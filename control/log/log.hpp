// Messages of the box, as the ASA numbers and words them: kept in a buffer for `show logging`, and
// written to standard error. What the ASA has a number for is "%ASA-Level-Number: text"; start-up
// lines and diagnostics that it has none for are "%CULVERT-Level: text", so that nobody looks them
// up in Cisco's list. Passwords, cookies and keys are never handed to it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/config.hpp"
#include "control/log/stranger_limit.hpp"

namespace spdlog {
class logger;
}

namespace culvert::control {

enum class Severity : uint8_t {
  emergency,
  alert,
  critical,
  error,
  warning,
  notification,
  informational,
  debugging
};

// How `show logging` sees the log.
struct LogView {
  LoggingConfig config;
  uint64_t console_messages = 0;   // written to standard error since the start
  uint64_t buffer_messages = 0;    // put into the buffer since the start
  std::vector<std::string> lines;  // what the buffer holds, oldest first
};

// May be used from any thread of control; never from a worker.
class Log {
 public:
  using Clock = std::function<std::chrono::system_clock::time_point()>;

  explicit Log(const LoggingConfig& config = {}, Clock clock = std::chrono::system_clock::now);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // New levels and limits hold for what comes after; a smaller buffer forgets its oldest lines at
  // once.
  void configure(const LoggingConfig& config);

  // `number` is the ASA's, such as 722033. Messages that strangers can provoke are limited: what is
  // left out is counted, and said with the next one of its number that is not.
  void log(Severity severity, unsigned number, std::string_view text);
  // A line of our own.
  void log(Severity severity, std::string_view text);

  [[nodiscard]] LogView view() const;
  void clear_buffer();

 private:
  void write(Severity severity, const std::string& message);
  void trim();

  mutable std::mutex mutex_;
  LoggingConfig config_;
  Clock clock_;
  std::shared_ptr<spdlog::logger> console_;
  StrangerLimit strangers_;
  std::deque<std::string> buffer_;
  size_t buffered_bytes_ = 0;
  uint64_t console_messages_ = 0;
  uint64_t buffer_messages_ = 0;
};

}  // namespace culvert::control
