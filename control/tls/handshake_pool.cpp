// The threads behind the event loop.
#include "control/tls/handshake_pool.hpp"

#include <cerrno>
#include <cstring>
#include <exception>
#include <stdexcept>

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace culvert::control {

HandshakePool::HandshakePool(unsigned threads, size_t max_waiting)
    : max_waiting_(max_waiting), event_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (event_fd_ < 0) {
    throw std::runtime_error(std::string("cannot create an eventfd: ") + std::strerror(errno) +
                             "; raise the limit of open files");
  }
  // Signals belong to the event loop: the threads inherit a mask that blocks them all.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; i++)
    threads_.emplace_back([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

HandshakePool::~HandshakePool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
  ::close(event_fd_);
}

bool HandshakePool::submit(Kind kind, std::function<void()> work,
                           std::function<void(const std::string&)> done) {
  {
    const std::lock_guard lock(mutex_);
    std::deque<Job>& jobs = queue(kind);
    if (jobs.size() >= max_waiting_) return false;
    jobs.push_back({kind, std::move(work), std::move(done), {}});
  }
  // All, because the one that wakes may be barred from password jobs.
  wake_.notify_all();
  return true;
}

bool HandshakePool::can_take_password() const noexcept {
  return !queue(Kind::password).empty() &&
         (threads_.size() <= 1 || running_passwords_ + 1 < threads_.size());
}

// With the mutex held.
bool HandshakePool::next(Job& job) {
  const bool handshakes = !queue(Kind::crypto).empty() || !queue(Kind::hello).empty();
  const bool password = can_take_password();
  if (!handshakes && !password) return false;
  Kind kind = queue(Kind::crypto).empty() ? Kind::hello : Kind::crypto;
  if (password && (!handshakes || passed_over_ >= kMostPassedOver)) {
    kind = Kind::password;
    passed_over_ = 0;
  } else if (password) {
    passed_over_++;
  }
  job = std::move(queue(kind).front());
  queue(kind).pop_front();
  running_++;
  if (job.kind == Kind::password) running_passwords_++;
  return true;
}

void HandshakePool::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    Job job{};
    wake_.wait(lock, [&] { return stop_ || next(job); });
    if (!job.work) return;
    lock.unlock();
    try {
      job.work();
    } catch (const std::exception& e) {
      job.error = e.what();
    } catch (...) {
      job.error = "unknown failure";
    }
    job.work = nullptr;
    lock.lock();
    running_--;
    if (job.kind == Kind::password) {
      running_passwords_--;
      wake_.notify_all();
    }
    finished_.push_back(std::move(job));
    const uint64_t one = 1;
    // Fails only when the counter is full, and then the loop is awake already.
    [[maybe_unused]] const ssize_t n = ::write(event_fd_, &one, sizeof one);
    if (stop_) return;
  }
}

unsigned HandshakePool::collect() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = ::read(event_fd_, &count, sizeof count);
  std::deque<Job> finished;
  {
    const std::lock_guard lock(mutex_);
    finished.swap(finished_);
  }
  for (Job& job : finished)
    job.done(job.error);
  return static_cast<unsigned>(finished.size());
}

size_t HandshakePool::pending() const {
  const std::lock_guard lock(mutex_);
  size_t jobs = running_ + finished_.size();
  for (const std::deque<Job>& of_kind : queues_)
    jobs += of_kind.size();
  return jobs;
}

size_t HandshakePool::waiting(Kind kind) const {
  const std::lock_guard lock(mutex_);
  return queue(kind).size();
}

}  // namespace culvert::control
