#include "control/log/wait.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace culvert::control {

using std::chrono::milliseconds;

LogWait::LogWait() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_ < 0) {
    throw std::runtime_error("cannot watch for events: raise the limit of open files");
  }
}

LogWait::~LogWait() {
  ::close(event_);
}

void LogWait::close(milliseconds grace) {
  deadline_ = Clock::now() + grace;
  closing_.store(true, std::memory_order_release);
  const uint64_t one = 1;
  (void)!::write(event_, &one, sizeof one);
}

LogWait::Result LogWait::until(int fd, short events, milliseconds timeout) const {
  const auto limit = Clock::now() + timeout;
  for (;;) {
    const bool ends = closing();
    const auto end = ends ? std::min(limit, deadline_) : limit;
    const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
    // The event says that there is a deadline now; once that is known it has no more to say.
    pollfd fds[2] = {{fd, events, 0}, {event_, POLLIN, 0}};
    const int n = ::poll(fds, ends ? 1 : 2, static_cast<int>(std::max<long>(left.count(), 0)));
    if (n > 0 && fds[0].revents != 0) return Result::ready;
    if (ends && Clock::now() >= deadline_) return Result::over;
    if (Clock::now() >= limit) return Result::timeout;
  }
}

bool LogWait::pause(milliseconds duration) const {
  if (closing()) return false;
  pollfd event{event_, POLLIN, 0};
  (void)::poll(&event, 1, static_cast<int>(duration.count()));
  return !closing();
}

}  // namespace culvert::control
