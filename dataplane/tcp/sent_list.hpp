// What has been sent and is not yet acknowledged in sequence: ranges of bytes, lowest first, each
// sent at one time and of one fate. At once the retransmission queue, the scoreboard of what the
// peer has selectively acknowledged (RFC 2018 §5, RFC 6675 §3) and RACK's record of what was sent
// when (RFC 8985 §5.2).
//
// Ranges come from a pool that all connections of a worker share. What leaves in one burst is one
// range, and neighbours that the peer holds become one, so that there are few. Where the pool is
// empty neighbours are merged or SACKs forgotten, which costs precision and never a byte: SACK is
// advice (RFC 2018 §8).
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "dataplane/tcp/endpoint.hpp"
#include "dataplane/tcp/options.hpp"
#include "dataplane/tcp/seq.hpp"

namespace culvert::tcp {

struct SentRange {
  Seq start;
  Seq end;           // one past the last byte
  Time sent_at = 0;  // for the last time
  SentRange* next = nullptr;
  SentRange* prev = nullptr;
  bool sacked = false;
  bool lost = false;  // and not sent again since
  bool retransmitted = false;
};

class SentPool {
 public:
  // Throws std::bad_alloc.
  explicit SentPool(uint32_t ranges);
  // nullptr if there is none.
  [[nodiscard]] SentRange* take() noexcept {
    SentRange* range = free_;
    if (range != nullptr) {
      free_ = range->next;
      --left_;
    }
    return range;
  }
  [[nodiscard]] bool has_two() const noexcept { return free_ != nullptr && free_->next != nullptr; }
  void give(SentRange* range) noexcept {
    range->next = free_;
    free_ = range;
    ++left_;
  }
  [[nodiscard]] uint32_t left() const noexcept { return left_; }

  [[nodiscard]] size_t bytes() const noexcept { return size_ * sizeof(SentRange); }

 private:
  std::unique_ptr<SentRange[]> ranges_;
  uint32_t size_;
  uint32_t left_ = 0;
  SentRange* free_ = nullptr;
};

class SentList {
 public:
  // No connection takes more ranges of the pool, whatever its peer selects: a window of three thousand
  // segments of which every second is lost.
  static constexpr uint32_t kMaxRanges = 3072;
  // What a peer may cut by SACK however little is on its way, or left in the pool.
  static constexpr uint32_t kFewRanges = 16;

  [[nodiscard]] bool empty() const noexcept { return head_ == nullptr; }
  [[nodiscard]] uint32_t sacked_bytes() const noexcept { return sacked_; }
  [[nodiscard]] uint32_t lost_bytes() const noexcept { return lost_; }  // not sent again yet
  [[nodiscard]] const SentRange* front() const noexcept { return head_; }
  // The highest range that the peer does not hold, nullptr if there is none.
  [[nodiscard]] const SentRange* last_unsacked() const noexcept;
  // The first lost range that ends behind `at`, nullptr if there is none; from one to the next is a step or two.
  [[nodiscard]] const SentRange* first_lost(Seq at) noexcept;

  // [start, end) was sent for the first time, start where the last range ends.
  void append(SentPool& pool, Seq start, Seq end, Time now) noexcept;
  // [start, end) was sent again; it lies in one range, which is usually a lost one.
  void resent(SentPool& pool, Seq start, Seq end, Time now) noexcept;
  // The front was sent again in part, and counts as lost none the less: whether the peer, whose window was closed, has
  // taken it only the answer tells.
  void front_repeated(Time now) noexcept {
    if (head_ == nullptr) return;
    head_->sent_at = now;
    head_->retransmitted = true;
  }
  // Everything before `una` has arrived. Calls delivered(const SentRange&) for each part that was
  // not known to have.
  template <typename F>
  void acknowledge(SentPool& pool, Seq una, F&& delivered) noexcept {
    while (head_ != nullptr && head_->start < una) {
      SentRange part = *head_;
      if (una < part.end) part.end = una;
      cut_front(pool, part.end);
      if (!part.sacked) delivered(part);
    }
  }
  // The peer holds `block`, which lies within what was sent; the same callback. Where the connection has `most`
  // ranges, or more than it leaves in the pool, the block counts only for the ranges that it covers whole: blocks of
  // single bytes would cut what was sent into segments of single bytes (CVE-2019-11478).
  template <typename F>
  void sack(SentPool& pool, SackBlock block, uint32_t most, F&& delivered) noexcept {
    for (SentRange* range = find(block.start); range != nullptr && range->start < block.end;
         range = range->next) {
      if (range->sacked || range->end <= block.start) continue;
      const bool cut = range->start < block.start || block.end < range->end;
      if (cut && count_ >= std::min(most, std::max(pool.left(), kFewRanges))) continue;
      range = isolate(pool, range, block);
      if (range == nullptr) return;
      range->sacked = true;
      sacked_ += range->end - range->start;
      if (range->lost) {
        range->lost = false;
        lost_ -= range->end - range->start;
      }
      delivered(*range);
      range = merge_sacked(pool, range);
    }
  }
  // Marks the ranges below `limit` as lost for which is_lost(const SentRange&) says so; asked are
  // those that the peer does not hold and that are not lost already.
  template <typename F>
  void detect(Seq limit, F&& is_lost) noexcept {
    for (SentRange* range = head_; range != nullptr && range->start < limit; range = range->next) {
      if (range->sacked || range->lost || !is_lost(*range)) continue;
      range->lost = true;
      lost_ += range->end - range->start;
    }
  }
  // The first `bytes` are lost, or less if less is there or no range is left to split with.
  void lose_front(SentPool& pool, uint32_t bytes) noexcept;
  void lose_all() noexcept {
    if (tail_ != nullptr) detect(tail_->end, [](const SentRange&) { return true; });
  }
  // Nothing is lost after all.
  void forget_losses() noexcept;
  // RFC 2018 §8: what the peer has thrown away again starts at the front. Then nothing that it said
  // counts.
  [[nodiscard]] bool reneged() const noexcept { return head_ != nullptr && head_->sacked; }
  void forget_sacks() noexcept;
  void clear(SentPool& pool) noexcept;

 private:
  [[nodiscard]] SentRange* make(SentPool& pool) noexcept;
  void release(SentPool& pool, SentRange* range) noexcept;
  // The first range that ends behind `at`.
  [[nodiscard]] SentRange* find(Seq at) noexcept;
  // Cuts `range` in two at `at`, of which `range` is the first; false if there is none to be had.
  [[nodiscard]] bool split(SentPool& pool, SentRange* range, Seq at) noexcept;
  // The part of `range` inside the block as a range of its own; nullptr if there is none to be had.
  [[nodiscard]] SentRange* isolate(SentPool& pool, SentRange* range, SackBlock block) noexcept;
  // Makes `range` one with its neighbours if those are sacked, too; returns what it became part of.
  SentRange* merge_sacked(SentPool& pool, SentRange* range) noexcept;
  [[nodiscard]] bool affords_two(const SentPool& pool) const noexcept {
    return pool.has_two() && count_ + 2 <= kMaxRanges;
  }
  // Makes do with one range less, if there is more than one.
  void squeeze(SentPool& pool) noexcept;
  // `range` swallows the one behind it.
  void swallow_next(SentPool& pool, SentRange* range) noexcept;
  void cut_front(SentPool& pool, Seq at) noexcept;

  SentRange* head_ = nullptr;
  SentRange* tail_ = nullptr;
  SentRange* hint_ = nullptr;  // where the last search ended: the next one usually ends nearby
  uint32_t count_ = 0;         // taken from the pool
  uint32_t sacked_ = 0;
  uint32_t lost_ = 0;
  bool own_used_ = false;
  SentRange own_;  // so that a connection can send whatever the others do to the pool
};

}  // namespace culvert::tcp
