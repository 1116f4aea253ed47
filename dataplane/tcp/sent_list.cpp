// The arithmetic of what is on its way.
#include "dataplane/tcp/sent_list.hpp"

#include <algorithm>

namespace culvert::tcp {

SentPool::SentPool(uint32_t ranges) : ranges_(new SentRange[ranges]), size_(ranges) {
  for (uint32_t i = ranges; i > 0; --i)
    give(&ranges_[i - 1]);
}

SentRange* SentList::make(SentPool& pool) noexcept {
  SentRange* range = nullptr;
  if (!own_used_) {
    own_used_ = true;
    range = &own_;
  } else {
    if (count_ == kMaxRanges) return nullptr;
    range = pool.take();
    if (range == nullptr) return nullptr;
    ++count_;
  }
  *range = SentRange{};
  return range;
}

void SentList::release(SentPool& pool, SentRange* range) noexcept {
  (range->prev != nullptr ? range->prev->next : head_) = range->next;
  (range->next != nullptr ? range->next->prev : tail_) = range->prev;
  if (hint_ == range) hint_ = range->prev;
  if (range == &own_) {
    own_used_ = false;
  } else {
    pool.give(range);
    --count_;
  }
}

SentRange* SentList::find(Seq at) noexcept {
  SentRange* range = hint_ != nullptr && hint_->start <= at ? hint_ : head_;
  while (range != nullptr && range->end <= at)
    range = range->next;
  hint_ = range;
  return range;
}

bool SentList::split(SentPool& pool, SentRange* range, Seq at) noexcept {
  SentRange* rest = make(pool);
  if (rest == nullptr) return false;
  *rest = *range;
  rest->start = range->end = at;
  rest->prev = range;
  (range->next != nullptr ? range->next->prev : tail_) = rest;
  range->next = rest;
  return true;
}

SentRange* SentList::isolate(SentPool& pool, SentRange* range, SackBlock block) noexcept {
  if (range->start < block.start) {
    if (!split(pool, range, block.start)) return nullptr;
    range = range->next;
  }
  if (block.end < range->end && !split(pool, range, block.end)) return nullptr;
  return range;
}

void SentList::swallow_next(SentPool& pool, SentRange* range) noexcept {
  range->end = range->next->end;
  range->sent_at = std::max(range->sent_at, range->next->sent_at);
  range->retransmitted |= range->next->retransmitted;
  release(pool, range->next);
}

SentRange* SentList::merge_sacked(SentPool& pool, SentRange* range) noexcept {
  if (range->next != nullptr && range->next->sacked) swallow_next(pool, range);
  if (range->prev != nullptr && range->prev->sacked) {
    range = range->prev;
    swallow_next(pool, range);
  }
  return range;
}

const SentRange* SentList::last_unsacked() const noexcept {
  const SentRange* range = tail_;
  while (range != nullptr && range->sacked)
    range = range->prev;
  return range;
}

const SentRange* SentList::first_lost(Seq at) noexcept {
  if (lost_ == 0) return nullptr;
  const SentRange* range = find(at);
  while (range != nullptr && !range->lost)
    range = range->next;
  return range;
}

void SentList::append(SentPool& pool, Seq start, Seq end, Time now) noexcept {
  const bool alike = tail_ != nullptr && tail_->sent_at == now && !tail_->sacked && !tail_->lost &&
                     !tail_->retransmitted;
  if (alike) {
    tail_->end = end;
    return;
  }
  if (SentRange* range = make(pool); range != nullptr) {
    range->start = start;
    range->end = end;
    range->sent_at = now;
    range->prev = tail_;
    (tail_ != nullptr ? tail_->next : head_) = range;
    tail_ = range;
    return;
  }
  // An empty list had its own range, so there is a last one. It gives no measure of a round trip any
  // more, and what of it was lost stays so for all of it.
  if (tail_->sacked) {
    tail_->sacked = false;
    sacked_ -= tail_->end - tail_->start;
  }
  if (tail_->lost) lost_ += end - start;
  tail_->end = end;
  tail_->sent_at = now;
  tail_->retransmitted = true;
}

void SentList::resent(SentPool& pool, Seq start, Seq end, Time now) noexcept {
  // One to split with at each end, or all of the range would count as sent and wait for a timeout.
  for (int i = 0; i < 2 && !affords_two(pool); ++i)
    squeeze(pool);
  SentRange* range = find(start);
  if (range == nullptr) return;
  (void)isolate(pool, range, {start, end});
  range = find(start);
  if (range->lost) {
    range->lost = false;
    lost_ -= range->end - range->start;
  }
  range->retransmitted = true;
  range->sent_at = now;
  const SentRange* before = range->prev;
  if (before != nullptr && before->retransmitted && before->sent_at == now && !before->lost &&
      !before->sacked) {
    swallow_next(pool, range->prev);
  }
}

// Only where the pool is empty. Two neighbours become one, the highest for choice; what the peer holds
// between two others is forgotten.
void SentList::squeeze(SentPool& pool) noexcept {
  for (SentRange* range = tail_; range != nullptr && range->prev != nullptr; range = range->prev) {
    SentRange* before = range->prev;
    if (range->sacked && range->next == nullptr) continue;  // the highest says most
    if (before->sacked) continue;
    const uint32_t size = range->end - range->start;
    if (range->sacked) sacked_ -= size;
    if (range->lost) lost_ -= size;
    if (before->lost) lost_ += size;
    range->sacked = false;
    range->lost = before->lost;
    return swallow_next(pool, before);
  }
}

void SentList::lose_front(SentPool& pool, uint32_t bytes) noexcept {
  if (head_ == nullptr || head_->sacked || head_->lost) return;
  if (head_->end - head_->start > bytes && !split(pool, head_, head_->start + bytes)) return;
  head_->lost = true;
  lost_ += head_->end - head_->start;
}

void SentList::forget_losses() noexcept {
  for (SentRange* range = head_; range != nullptr; range = range->next)
    range->lost = false;
  lost_ = 0;
}

void SentList::forget_sacks() noexcept {
  for (SentRange* range = head_; range != nullptr; range = range->next)
    range->sacked = false;
  sacked_ = 0;
}

void SentList::cut_front(SentPool& pool, Seq at) noexcept {
  const uint32_t gone = at - head_->start;
  if (head_->sacked) sacked_ -= gone;
  if (head_->lost) lost_ -= gone;
  if (at < head_->end) {
    head_->start = at;
  } else {
    release(pool, head_);
  }
}

void SentList::clear(SentPool& pool) noexcept {
  while (head_ != nullptr)
    release(pool, head_);
  sacked_ = lost_ = 0;
}

}  // namespace culvert::tcp
