// Runs of received bytes beyond a gap, and where they come from: one pool for all connections of a worker,
// so that a connection without gaps, which nearly all are, has no room for them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "dataplane/tcp/buffer_list.hpp"
#include "dataplane/tcp/seq.hpp"

namespace culvert::tcp {

struct Run {
  Seq start;
  BufferList bytes;
  Run* next = nullptr;  // in the order of sequence numbers
  Run* prev = nullptr;
  Run* newer = nullptr;  // in the order in which they grew last
  Run* older = nullptr;

  [[nodiscard]] Seq end() const noexcept { return start + bytes.bytes(); }
};

class RunPool {
 public:
  // Of one connection: no peer gets more, and no segment has more of them to be compared with. A queue on
  // the way that overflows in slow start drops every second segment of a window.
  static constexpr uint32_t kMost = 256;
  // However scarce they are: what three SACK blocks report, and one more.
  static constexpr uint32_t kLeast = 4;

  // Throws std::bad_alloc.
  explicit RunPool(uint32_t runs) : runs_(new Run[runs]), size_(runs), free_count_(runs) {
    for (uint32_t i = runs; i > 0; --i) {
      runs_[i - 1].next = free_;
      free_ = &runs_[i - 1];
    }
  }
  // For a connection that has `own`; nullptr if it may not have another.
  [[nodiscard]] Run* take(uint32_t own) noexcept {
    // An eighth of what is left: a hundred that take all they can still leave the next one some.
    if (own >= std::clamp(free_count_ / 8, kLeast, kMost) || free_ == nullptr) return nullptr;
    Run* run = free_;
    free_ = run->next;
    --free_count_;
    *run = Run{};
    return run;
  }
  // Its bytes are somewhere else by now.
  void give(Run* run) noexcept {
    run->next = free_;
    free_ = run;
    ++free_count_;
  }
  [[nodiscard]] size_t bytes() const noexcept { return size_ * sizeof(Run); }
  [[nodiscard]] uint32_t in_use() const noexcept { return size_ - free_count_; }

 private:
  std::unique_ptr<Run[]> runs_;
  const uint32_t size_;
  uint32_t free_count_;
  Run* free_ = nullptr;
};

}  // namespace culvert::tcp
