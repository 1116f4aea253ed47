#include "dataplane/session/doorbell.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include <sys/eventfd.h>
#include <unistd.h>

namespace culvert::dp {

Doorbell::Doorbell() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0) {
    throw std::runtime_error(std::string("cannot create an eventfd (") + std::strerror(errno) +
                             "): raise the limit of open files");
  }
}

Doorbell::~Doorbell() {
  close(fd_);
}

void Doorbell::woke() noexcept {
  sleeps_.store(false, std::memory_order_relaxed);
  // Read even if nobody has rung: a writer may be between taking the flag and writing, and a count
  // left behind from the sleep before would end every sleep from now on at once.
  uint64_t count;
  [[maybe_unused]] const auto n = read(fd_, &count, sizeof count);
}

void Doorbell::wake() noexcept {
  // Only the first writer after the announcement pays for the system call.
  if (!sleeps_.exchange(false, std::memory_order_acq_rel)) return;
  const uint64_t one = 1;
  [[maybe_unused]] const auto n = write(fd_, &one, sizeof one);
}

}  // namespace culvert::dp
