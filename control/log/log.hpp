// Messages of the box, as the ASA numbers and words them: kept in a buffer for `show logging`, written
// to standard error, and passed to the threads that write to a file and to syslog servers. Nothing
// waits for any of these: what one does not take is discarded and counted. What the ASA has a number
// for is "%ASA-Level-Number: text"; start-up lines and diagnostics that it has none for are
// "%CULVERT-Level: text", so that nobody looks them up in Cisco's list. Passwords, cookies and keys
// are never handed to it.
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
#include "control/log/line.hpp"
#include "control/log/sender.hpp"
#include "control/log/stranger_limit.hpp"

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
  LogIdentity identity;
  // Since the start.
  uint64_t console_messages = 0;           // written to standard error
  uint64_t console_discarded = 0;          // not written, because nobody reads it
  uint64_t buffer_messages = 0;            // put into the buffer
  uint64_t trap_messages = 0;              // for log hosts
  uint64_t file_messages = 0;              // for the file
  std::vector<LogSender::Counts> hosts{};  // in the order of the configuration
  LogSender::Counts file{};
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

  // New levels, limits and destinations hold for what comes after; a smaller buffer forgets its
  // oldest lines at once. Destinations that stay keep their queues.
  void configure(const LoggingConfig& config, const LogIdentity& identity);
  // Begins to send. Before that, messages for the file and for hosts wait: threads take over the
  // cores of whoever starts them.
  void start();

  // `number` is the ASA's, such as 722033. Messages that strangers can provoke are limited: what is
  // left out is counted, and said with the next one of its number that is not. kDebugTrace is shown
  // whatever the levels are.
  void log(Severity severity, unsigned number, std::string_view text);
  // A line of our own.
  void log(Severity severity, std::string_view text);

  [[nodiscard]] LogView view() const;
  void clear_buffer();

 private:
  // `number` 0: a line of our own.
  void write(Severity severity, unsigned number, const std::string& text);
  void to_console(const std::string& line);
  void trim();
  // The level above which nobody sees a message.
  [[nodiscard]] unsigned most_verbose() const noexcept;
  void change_destinations();

  mutable std::mutex mutex_;
  LoggingConfig config_;
  LogIdentity identity_;
  Clock clock_;
  StrangerLimit strangers_;
  std::deque<std::string> buffer_;
  size_t buffered_bytes_ = 0;
  uint64_t console_messages_ = 0;
  uint64_t console_discarded_ = 0;
  uint64_t buffer_messages_ = 0;
  uint64_t trap_messages_ = 0;
  uint64_t file_messages_ = 0;

  struct Host {
    LogHostConfig config;
    std::unique_ptr<LogSender> sender;
  };
  std::vector<Host> hosts_;  // as in the configuration
  std::string file_path_;
  std::unique_ptr<LogSender> file_;                  // nullptr: none
  std::vector<std::unique_ptr<LogSender>> leaving_;  // no longer configured, not through yet
  bool started_ = false;
};

}  // namespace culvert::control
