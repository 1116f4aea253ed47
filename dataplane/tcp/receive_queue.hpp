// The receive side of one connection: bytes in order, waiting for the reader, and runs of bytes
// beyond a gap.
//
// Bounded twice: by bytes (the window) and by what the buffers cost, because a peer may send one
// byte a buffer.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/tcp/buffer_list.hpp"
#include "dataplane/tcp/options.hpp"
#include "dataplane/tcp/seq.hpp"

namespace culvert::tcp {

class ReceiveQueue {
 public:
  // Contiguous pieces beyond a gap. A segment that would make one more is refused.
  static constexpr uint32_t kRuns = 32;

  enum class Result : uint8_t { kept, duplicate, full };

  // Bytes that buffers may pin; half of it is allowed to be convenience, the rest is packed.
  void set_budget(uint32_t bytes) noexcept { budget_ = bytes; }

  // Takes bytes that start at the next expected one, and moves what was waiting behind them into
  // order; `next` becomes the new next expected byte. `full`: nothing was taken.
  [[nodiscard]] Result append(BufferList& bytes, Seq& next) noexcept;
  // Takes bytes that start beyond the next expected one. They are cut down to the first gap that
  // they fill; the rest will come again. `duplicate` and `full`: nothing was taken.
  [[nodiscard]] Result insert(BufferList& bytes) noexcept;
  // True if something waits beyond a gap.
  [[nodiscard]] bool has_gap() const noexcept { return run_count_ > 0; }
  // RFC 2018 §4: the run that grew last comes first. Returns how many blocks were written.
  [[nodiscard]] uint32_t sack_blocks(std::span<SackBlock> out) const noexcept;

  [[nodiscard]] uint32_t readable() const noexcept { return ready_.bytes(); }
  uint32_t peek(uint32_t offset, void* to, uint32_t size) const noexcept;
  // nullptr if no single buffer holds all of [offset, offset + size).
  [[nodiscard]] const uint8_t* contiguous(uint32_t offset, uint32_t size) const noexcept;
  [[nodiscard]] std::span<uint8_t> front() noexcept;
  void consume(uint32_t size) noexcept { ready_.drop_front(size); }
  [[nodiscard]] rte_mbuf* take_front(uint32_t size) noexcept;
  void put_front(rte_mbuf* m) noexcept { ready_.push_front(m); }
  void clear_gaps() noexcept;
  void clear() noexcept;
  [[nodiscard]] uint32_t buffers() const noexcept { return ready_.buffers() + gap_buffers_; }
  [[nodiscard]] uint32_t cost() const noexcept { return ready_.cost() + gap_cost_; }

 private:
  struct Run {
    Seq start;
    uint32_t stamp = 0;  // when it grew last
    BufferList bytes;
    [[nodiscard]] Seq end() const noexcept { return start + bytes.bytes(); }
  };
  void remove_run(uint32_t index) noexcept;
  // Every change of a run's bytes stands between these two, which keep the sums over the runs.
  void uncount(const BufferList& run) noexcept {
    gap_cost_ -= run.cost();
    gap_buffers_ -= run.buffers();
  }
  void count(const BufferList& run) noexcept {
    gap_cost_ += run.cost();
    gap_buffers_ += run.buffers();
  }
  [[nodiscard]] uint32_t merge_limit() const noexcept;
  [[nodiscard]] bool affordable(const BufferList& bytes) const noexcept {
    return cost() + bytes.cost() <= budget_;
  }

  BufferList ready_;
  uint32_t budget_ = 0;
  uint32_t gap_cost_ = 0;
  uint32_t gap_buffers_ = 0;
  uint32_t stamp_ = 0;
  uint32_t run_count_ = 0;
  std::array<Run, kRuns> runs_;  // lowest first, neither touching nor overlapping
};

}  // namespace culvert::tcp
