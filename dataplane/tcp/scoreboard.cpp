// The SACK scoreboard's arithmetic (RFC 6675 §4).
#include "dataplane/tcp/scoreboard.hpp"

#include <algorithm>

namespace culvert::tcp {

bool Scoreboard::add(SackBlock block, Seq una, Seq nxt) noexcept {
  // D-SACKs (RFC 2883) lie below `una` or inside a known range, and nonsense lies outside what was
  // sent.
  if (!(block.start < block.end) || block.start < una || nxt < block.end) return false;
  uint32_t first = 0;  // the first range that the block touches or precedes
  while (first < count_ && ranges_[first].end < block.start) {
    ++first;
  }
  uint32_t last = first;  // one past the last range that the block touches
  while (last < count_ && ranges_[last].start <= block.end) {
    ++last;
  }
  if (first == last) {
    if (count_ == kRanges) return false;
    std::move_backward(ranges_.begin() + first, ranges_.begin() + count_,
                       ranges_.begin() + count_ + 1);
    ranges_[first] = block;
    ++count_;
    return true;
  }
  if (ranges_[first].start <= block.start && block.end <= ranges_[first].end) return false;
  ranges_[first] = {min(ranges_[first].start, block.start), max(ranges_[last - 1].end, block.end)};
  std::move(ranges_.begin() + last, ranges_.begin() + count_, ranges_.begin() + first + 1);
  count_ -= last - first - 1;
  return true;
}

void Scoreboard::acknowledge(Seq una) noexcept {
  uint32_t gone = 0;
  while (gone < count_ && ranges_[gone].end <= una) {
    ++gone;
  }
  if (gone > 0) {
    std::move(ranges_.begin() + gone, ranges_.begin() + count_, ranges_.begin());
    count_ -= gone;
  }
  if (count_ > 0) ranges_[0].start = max(ranges_[0].start, una);
}

uint32_t Scoreboard::sacked_bytes() const noexcept {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < count_; ++i) {
    sum += ranges_[i].end - ranges_[i].start;
  }
  return sum;
}

Seq Scoreboard::lost_edge(Seq una, uint32_t mss) const noexcept {
  uint32_t bytes = 0;
  for (uint32_t i = count_; i > 0; --i) {
    bytes += ranges_[i - 1].end - ranges_[i - 1].start;
    if (count_ - i + 1 >= kDupThresh || bytes > (kDupThresh - 1) * mss) return ranges_[i - 1].start;
  }
  return una;
}

SackBlock Scoreboard::next_hole(Seq from, Seq to) const noexcept {
  for (uint32_t i = 0; i < count_ && from < to; ++i) {
    if (ranges_[i].end <= from) continue;
    if (from < ranges_[i].start) return {from, min(ranges_[i].start, to)};
    from = ranges_[i].end;
  }
  return from < to ? SackBlock{from, to} : SackBlock{to, to};
}

uint32_t Scoreboard::hole_bytes(Seq from, Seq to) const noexcept {
  uint32_t sum = 0;
  while (from < to) {
    const SackBlock hole = next_hole(from, to);
    sum += hole.end - hole.start;
    from = hole.end;
  }
  return sum;
}

}  // namespace culvert::tcp
