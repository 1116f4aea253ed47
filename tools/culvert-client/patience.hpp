// Waiting: for a socket with a deadline, and always for signals besides, so that nothing hangs and
// nobody has to kill the client.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "control/socket/descriptor.hpp"

namespace culvert::client {

using Clock = std::chrono::steady_clock;

// What a signal asks for. Thrown by wait_for() where there is nothing to go on with.
enum class Wish : unsigned char { log_out, detach, reconnect, tell };

class Signals {
 public:
  // SIGINT and SIGTERM: log out; SIGHUP: leave the session as it is; SIGUSR2: reconnect; SIGUSR1:
  // tell what was counted so far. They are heard here and interrupt nothing. Throws
  // std::system_error.
  Signals();
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  // The next that has come.
  [[nodiscard]] std::optional<Wish> take() noexcept;

 private:
  control::Descriptor fd_;
};

// Until one of `events` (of poll) is there for `fd`. Throws Failure with `what` ("the headend's
// reply") at the deadline, and a Wish that ends things.
void wait_for(Signals& signals, int fd, short events, Clock::time_point deadline,
              std::string_view what);

// Milliseconds for poll(): rounded up, so that the time has come when it returns; 0 if it has.
[[nodiscard]] int milliseconds_until(Clock::time_point when) noexcept;

}  // namespace culvert::client
