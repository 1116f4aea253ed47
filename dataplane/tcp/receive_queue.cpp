// In-order and out-of-order queues (RFC 9293 §3.10.7.4 "segment text", RFC 2018).
// Drops (by the caller's name): tcp-dup-in-queue, tcp-buffer-full.
#include "dataplane/tcp/receive_queue.hpp"

#include <algorithm>
#include <utility>

namespace culvert::tcp {

// Small pieces are always packed; anything that fits is once half of the budget is used, so that
// whatever sizes the peer chooses, two neighbouring buffers hold more than one buffer's room
// together.
uint32_t ReceiveQueue::merge_limit() const noexcept {
  constexpr uint32_t kSmall = 256;
  return cost() > budget_ / 2 ? UINT32_MAX : kSmall;
}

ReceiveQueue::Result ReceiveQueue::append(BufferList& bytes, Seq& next) noexcept {
  // What is in order is worth more than what waits: the latter goes first, its sender will repeat
  // it.
  while (!affordable(bytes) && run_count_ > 0) {
    remove_run(run_count_ - 1);
  }
  if (!affordable(bytes)) {
    // A buffer that ends up in the last one's tail room costs nothing.
    if (bytes.buffers() != 1 || ready_.empty() ||
        bytes.bytes() > rte_pktmbuf_tailroom(ready_.tail())) {
      return Result::full;
    }
  }
  next += bytes.bytes();
  ready_.splice_back(bytes, merge_limit());
  while (run_count_ > 0 && runs_[0].start <= next) {
    Run& run = runs_[0];
    if (run.end() > next) {
      uncount(run.bytes);
      run.bytes.drop_front(next - run.start);
      next += run.bytes.bytes();
      ready_.splice_back(run.bytes, merge_limit());
      count(run.bytes);  // of the emptied list: nothing
    }
    remove_run(0);
  }
  return Result::kept;
}

ReceiveQueue::Result ReceiveQueue::insert(BufferList& bytes) noexcept {
  const Seq seq = buffer_seq(bytes.head());
  const Seq whole_end = seq + bytes.bytes();
  Seq start = seq;
  uint32_t at = 0;  // the first run that ends beyond `start`; what earlier runs hold is cut off
  while (at < run_count_ && runs_[at].start <= start) {
    start = max(start, runs_[at].end());
    ++at;
  }
  if (whole_end <= start) return Result::duplicate;
  const Seq end = at < run_count_ ? min(whole_end, runs_[at].start) : whole_end;
  const bool joins_left = at > 0 && runs_[at - 1].end() == start;
  const bool joins_right = at < run_count_ && runs_[at].start == end;
  if (!affordable(bytes) || (!joins_left && !joins_right && run_count_ == kRuns)) {
    return Result::full;
  }
  bytes.drop_front(start - seq);
  bytes.drop_back(whole_end - end);
  ++stamp_;
  if (joins_left) {
    Run& left = runs_[at - 1];
    uncount(left.bytes);
    left.bytes.splice_back(bytes, merge_limit());
    if (joins_right) {
      uncount(runs_[at].bytes);
      left.bytes.splice_back(runs_[at].bytes, merge_limit());
      remove_run(at);
    }
    count(left.bytes);
    left.stamp = stamp_;
    return Result::kept;
  }
  if (joins_right) {
    Run& right = runs_[at];
    uncount(right.bytes);
    bytes.splice_back(right.bytes, merge_limit());
    right.bytes = std::exchange(bytes, {});
    right.start = start;
    right.stamp = stamp_;
    count(right.bytes);
    return Result::kept;
  }
  std::move_backward(runs_.begin() + at, runs_.begin() + run_count_,
                     runs_.begin() + run_count_ + 1);
  ++run_count_;
  runs_[at] = {start, stamp_, std::exchange(bytes, {})};
  count(runs_[at].bytes);
  return Result::kept;
}

uint32_t ReceiveQueue::sack_blocks(std::span<SackBlock> out) const noexcept {
  uint32_t written = 0;
  uint32_t below = UINT32_MAX;
  while (written < out.size()) {
    const Run* best = nullptr;
    for (const Run& run : std::span(runs_).first(run_count_)) {
      if (run.stamp < below && (best == nullptr || run.stamp > best->stamp)) best = &run;
    }
    if (best == nullptr) break;
    below = best->stamp;
    out[written++] = {best->start, best->end()};
  }
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

void ReceiveQueue::remove_run(uint32_t index) noexcept {
  uncount(runs_[index].bytes);
  runs_[index].bytes.clear();
  std::move(runs_.begin() + index + 1, runs_.begin() + run_count_, runs_.begin() + index);
  --run_count_;
  runs_[run_count_] = {};
}

void ReceiveQueue::clear_gaps() noexcept {
  while (run_count_ > 0) {
    remove_run(run_count_ - 1);
  }
}

void ReceiveQueue::clear() noexcept {
  ready_.clear();
  clear_gaps();
}

}  // namespace culvert::tcp
