#include "tools/culvert-client/patience.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>

#include "tools/culvert-client/failure.hpp"

namespace culvert::client {

Signals::Signals() {
  sigset_t heard;
  sigemptyset(&heard);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2})
    sigaddset(&heard, signal);
  sigprocmask(SIG_BLOCK, &heard, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  fd_ = control::Descriptor(signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) throw std::system_error(errno, std::generic_category(), "signalfd");
}

std::optional<Wish> Signals::take() noexcept {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) {
    return std::nullopt;
  }
  switch (info.ssi_signo) {
    case SIGHUP: return Wish::detach;
    case SIGUSR1: return Wish::tell;
    case SIGUSR2: return Wish::reconnect;
    default: return Wish::log_out;
  }
}

int milliseconds_until(Clock::time_point when) noexcept {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 3'600'000));
}

void wait_for(Signals& signals, int fd, short events, Clock::time_point deadline,
              std::string_view what) {
  while (true) {
    std::array<pollfd, 2> polled{pollfd{fd, events, 0}, pollfd{signals.fd(), POLLIN, 0}};
    const int ready = poll(polled.data(), polled.size(), milliseconds_until(deadline));
    if (ready < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "poll");
    }
    if (ready > 0 && polled[1].revents != 0) {
      const auto wish = signals.take();
      if (wish == Wish::log_out || wish == Wish::detach) throw *wish;
    }
    if (ready > 0 && polled[0].revents != 0) return;
    if (Clock::now() >= deadline) {
      throw Failure(
          fmt::format("{} did not come in time: is the headend up, and does a firewall "
                      "let TCP through?",
                      what));
    }
  }
}

}  // namespace culvert::client
