#include "control/log/sender.hpp"

#include <pthread.h>

namespace culvert::control {

LogSender::LogSender(std::unique_ptr<LogDestination> destination)
    : destination_(std::move(destination)) {}

LogSender::~LogSender() {
  stop(std::chrono::milliseconds(0));
  if (thread_.joinable()) thread_.join();
}

void LogSender::start() {
  if (thread_.joinable()) return;
  const auto work = [this] {
    pthread_setname_np(pthread_self(), "log");
    run();
    done_.store(true, std::memory_order_release);
  };
  done_.store(false);
  try {
    thread_ = std::thread(work);
  } catch (...) {
    done_.store(true);  // there is nothing to wait for
    throw;
  }
}

bool LogSender::push(std::string message) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= kMostQueued) {
      ++counts_.discarded;
      return false;
    }
    queue_.push_back(std::move(message));
  }
  wake_.notify_one();
  return true;
}

void LogSender::stop(std::chrono::milliseconds grace) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  wait_.close(grace);
  wake_.notify_one();
}

LogSender::Counts LogSender::counts() const {
  const std::lock_guard lock(mutex_);
  Counts out = counts_;
  out.queued = queue_.size();
  return out;
}

void LogSender::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const std::string message = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    const int error = destination_->send(message, wait_);
    lock.lock();
    counts_.error = error;
    if (error == 0) {
      ++counts_.sent;
    } else {
      ++counts_.errors;
      ++counts_.discarded;
    }
    // What is dead at the end has no use for the rest.
    if (error != 0 && stopping_) {
      counts_.discarded += queue_.size();
      return;
    }
  }
}

}  // namespace culvert::control
