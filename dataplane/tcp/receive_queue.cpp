// In-order and out-of-order queues (RFC 9293 §3.10.7.4 "segment text", RFC 2018).
// Drops (by the caller's name): tcp-dup-in-queue, tcp-buffer-full, cv-tcp-runs.
#include "dataplane/tcp/receive_queue.hpp"

#include <algorithm>
#include <utility>

namespace culvert::tcp {

// Small pieces are always packed; anything that fits is once half of the budget is used, so that
// whatever sizes the peer chooses, two neighbouring buffers hold more than one buffer's room
// together.
uint32_t ReceiveQueue::merge_limit() const noexcept {
  constexpr uint32_t kSmall = 256;
  return packed_ || cost() > budget_ / 2 ? UINT32_MAX : kSmall;
}

ReceiveQueue::Result ReceiveQueue::append(BufferList& bytes, Seq& next) noexcept {
  // What is in order is worth more than what waits: the latter goes first, its sender will repeat
  // it.
  while (!affordable(bytes) && last_ != nullptr) {
    remove_run(last_);
  }
  if (!affordable(bytes) && !fits_the_last(bytes)) return Result::full;
  next += bytes.bytes();
  ready_.splice_back(bytes, merge_limit());
  while (first_ != nullptr && first_->start <= next) {
    Run& run = *first_;
    if (run.end() > next) {
      uncount(run.bytes);
      run.bytes.drop_front(next - run.start);
      next += run.bytes.bytes();
      ready_.join_back(run.bytes, merge_limit());
      count(run.bytes);  // of the emptied list: nothing
    }
    remove_run(&run);
  }
  return Result::kept;
}

ReceiveQueue::Result ReceiveQueue::insert(BufferList& bytes) noexcept {
  const Seq seq = buffer_seq(bytes.head());
  const Seq whole_end = seq + bytes.bytes();
  // The last run that begins at or before `seq`. Most often that is the last of all.
  Run* left = last_;
  while (left != nullptr && seq < left->start)
    left = left->prev;
  Seq start = seq;
  Run* right = left != nullptr ? left->next : first_;
  if (left != nullptr) start = max(start, left->end());
  // What later runs hold is cut off in front, too.
  while (right != nullptr && right->start <= start) {
    left = right;
    start = max(start, left->end());
    right = right->next;
  }
  if (whole_end <= start) return Result::duplicate;
  const Seq end = right != nullptr ? min(whole_end, right->start) : whole_end;
  const bool joins_left = left != nullptr && left->end() == start;
  const bool joins_right = right != nullptr && right->start == end;
  if (!affordable(bytes)) return Result::full;
  if (!joins_left && !joins_right) {
    bytes.drop_front(start - seq);
    bytes.drop_back(whole_end - end);
    return add_run(left, start, bytes) ? Result::kept : Result::no_run;
  }
  bytes.drop_front(start - seq);
  bytes.drop_back(whole_end - end);
  if (joins_left) {
    uncount(left->bytes);
    left->bytes.splice_back(bytes, merge_limit());
    if (joins_right) {
      uncount(right->bytes);
      left->bytes.join_back(right->bytes, merge_limit());
      remove_run(right);
    }
    count(left->bytes);
    touch(left);
    return Result::kept;
  }
  uncount(right->bytes);
  bytes.join_back(right->bytes, merge_limit());
  right->bytes = std::exchange(bytes, {});
  right->start = start;
  count(right->bytes);
  touch(right);
  return Result::kept;
}

bool ReceiveQueue::add_run(Run* left, Seq start, BufferList& bytes) noexcept {
  // A piece costs a buffer, so many of them are for peers whose segments are worth one.
  constexpr uint32_t kSmall = 256;
  constexpr uint32_t kMostSmall = 32;
  if (run_count_ >= kMostSmall && bytes.bytes() < kSmall) return false;
  Run* run = pool_->take(run_count_);
  if (run == nullptr) return false;
  ++run_count_;
  run->start = start;
  run->bytes = std::exchange(bytes, {});
  run->prev = left;
  run->next = left != nullptr ? left->next : first_;
  (left != nullptr ? left->next : first_) = run;
  (run->next != nullptr ? run->next->prev : last_) = run;
  count(run->bytes);
  touch(run);
  return true;
}

void ReceiveQueue::unlink_age(Run* run) noexcept {
  if (run->newer != nullptr) run->newer->older = run->older;
  if (run->older != nullptr) run->older->newer = run->newer;
  if (newest_ == run) newest_ = run->older;
  run->newer = run->older = nullptr;
}

void ReceiveQueue::touch(Run* run) noexcept {
  if (newest_ == run) return;
  unlink_age(run);
  run->older = newest_;
  if (newest_ != nullptr) newest_->newer = run;
  newest_ = run;
}

uint32_t ReceiveQueue::sack_blocks(std::span<SackBlock> out) const noexcept {
  uint32_t written = 0;
  for (const Run* run = newest_; run != nullptr && written < out.size(); run = run->older)
    out[written++] = {run->start, run->end()};
  return written;
}

uint32_t ReceiveQueue::peek(uint32_t offset, void* to, uint32_t size) const noexcept {
  auto* out = static_cast<uint8_t*>(to);
  uint32_t copied = 0;
  for (rte_mbuf* m = ready_.head(); m != nullptr && copied < size; m = m->next) {
    if (offset >= m->data_len) {
      offset -= m->data_len;
      continue;
    }
    const uint32_t part = std::min<uint32_t>(m->data_len - offset, size - copied);
    std::memcpy(out + copied, rte_pktmbuf_mtod_offset(m, const uint8_t*, offset), part);
    copied += part;
    offset = 0;
  }
  return copied;
}

const uint8_t* ReceiveQueue::contiguous(uint32_t offset, uint32_t size) const noexcept {
  for (rte_mbuf* m = ready_.head(); m != nullptr; m = m->next) {
    if (offset >= m->data_len) {
      offset -= m->data_len;
      continue;
    }
    return m->data_len - offset >= size ? rte_pktmbuf_mtod_offset(m, const uint8_t*, offset)
                                        : nullptr;
  }
  return nullptr;
}

std::span<uint8_t> ReceiveQueue::front() noexcept {
  rte_mbuf* m = ready_.head();
  if (m == nullptr) return {};
  return {rte_pktmbuf_mtod(m, uint8_t*), m->data_len};
}

rte_mbuf* ReceiveQueue::take_front(uint32_t size) noexcept {
  rte_mbuf* m = ready_.head();
  if (m == nullptr || m->data_len != size) return nullptr;
  return ready_.pop_front();
}

void ReceiveQueue::remove_run(Run* run) noexcept {
  uncount(run->bytes);
  run->bytes.clear();
  unlink_age(run);
  (run->prev != nullptr ? run->prev->next : first_) = run->next;
  (run->next != nullptr ? run->next->prev : last_) = run->prev;
  --run_count_;
  pool_->give(run);
}

void ReceiveQueue::clear_gaps() noexcept {
  while (last_ != nullptr)
    remove_run(last_);
}

void ReceiveQueue::clear() noexcept {
  ready_.clear();
  clear_gaps();
}

}  // namespace culvert::tcp
