// Wakes a thread that sleeps between looks at its rings, and costs a writer one load while the
// thread is awake.
#pragma once

#include <atomic>
#include <cstdint>

namespace culvert::dp {

// One per reader; any number of writers. The reader announces its sleep, looks at its rings once
// more, waits on fd(), and says that it woke; a writer puts its message first and rings afterwards.
class Doorbell {
 public:
  Doorbell();  // throws std::runtime_error if there is no eventfd left
  ~Doorbell();
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_; }

  void announce_sleep() noexcept {
    sleeps_.store(true, std::memory_order_relaxed);
    // Pairs with the fence in ring(): either the writer sees that the reader sleeps, or the
    // reader's last look at its rings sees the message.
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  void woke() noexcept;  // also empties the eventfd

  void ring() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (sleeps_.load(std::memory_order_relaxed)) [[unlikely]]
      wake();
  }

 private:
  void wake() noexcept;
  int fd_;
  alignas(64) std::atomic<bool> sleeps_{false};
};

}  // namespace culvert::dp
