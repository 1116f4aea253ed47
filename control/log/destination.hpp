// Where a log sender's thread puts messages: a file, or a syslog server by UDP or TCP.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "control/config/logging_config.hpp"
#include "control/log/wait.hpp"

namespace culvert::control {

class LogDestination {
 public:
  virtual ~LogDestination() = default;
  LogDestination() = default;
  LogDestination(const LogDestination&) = delete;
  LogDestination& operator=(const LogDestination&) = delete;

  // By one thread, which it may keep for as long as `wait` says. An errno if the message is lost, else 0.
  [[nodiscard]] virtual int send(std::string_view message, const LogWait& wait) = 0;
};

// Appends lines; made with mode 0640. Looks every second whether its path is another file's by now.
[[nodiscard]] std::unique_ptr<LogDestination> make_file_destination(std::string path);
// One message a datagram (RFC 5426).
[[nodiscard]] std::unique_ptr<LogDestination> make_udp_destination(const LogHostConfig& host);
// One message a line (RFC 6587 §3.4.2). Connects when there is something to say, and again when the connection
// breaks; what the kernel had taken by then is lost without a trace, as always with this protocol.
[[nodiscard]] std::unique_ptr<LogDestination> make_tcp_destination(const LogHostConfig& host);

}  // namespace culvert::control
