// Copies of dropped packets for `capture NAME type asp-drop`: one ring a worker, which that worker fills and one
// other thread empties. All of it is allocated when the first capture starts; a copy that finds the ring full is
// counted and gone. Without a capture a dropped packet costs one branch (DropCounters).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include <rte_mbuf.h>

#include "dataplane/packet/drop.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::dp {

struct DropCopy {
  Time at = 0;            // when the worker's loop began that dropped it
  uint32_t size = 0;      // bytes of the packet
  uint16_t captured = 0;  // bytes of it in `data`
  uint16_t port = 0;      // DPDK port that it came in by; RTE_MBUF_PORT_INVALID = none
  DropReason reason = DropReason::count_;
  static constexpr uint32_t kMost = 1600;  // bytes
  std::array<uint8_t, kMost> data;         // from where the packet began when it was dropped
};

class DropTap {
 public:
  static constexpr uint32_t kSlots = 1024;  // a power of two

  // `now` is the worker's time, which only the worker reads.
  explicit DropTap(const Time& now);

  // --- by the worker ---
  void take(DropReason reason, const rte_mbuf& packet) noexcept;

  // --- by the other thread ---
  // Whether packets that were dropped for that reason are copied. At first none are.
  void want(DropReason reason, bool wanted) noexcept {
    wanted_[static_cast<size_t>(reason)].store(wanted, std::memory_order_relaxed);
  }
  // The oldest copy, or nullptr; good until pop().
  [[nodiscard]] const DropCopy* front() const noexcept;
  void pop() noexcept;
  // Copies that found the ring full, ever.
  [[nodiscard]] uint64_t missed(DropReason reason) const noexcept {
    return missed_[static_cast<size_t>(reason)].load(std::memory_order_relaxed);
  }

 private:
  const Time& now_;
  std::unique_ptr<DropCopy[]> slots_;
  std::array<std::atomic<bool>, kDropReasons> wanted_{};
  std::array<Counter, kDropReasons> missed_{};
  alignas(64) std::atomic<uint32_t> head_{0};  // the worker's next slot
  alignas(64) std::atomic<uint32_t> tail_{0};  // the reader's
};

}  // namespace culvert::dp
