// What the sequence numbers of a stream that arrive say of loss, order and copies (RFC 4737 for order).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace culvert::replay {

class Sequence {
 public:
  void add(uint64_t number) noexcept {
    ++arrived_;
    if (number >= next_) [[likely]] {
      advance(number);
      return;
    }
    behind(number);
  }

  [[nodiscard]] uint64_t arrived() const noexcept { return arrived_; }  // copies included
  // Numbers from 0 to the highest that arrived which did not. What was lost behind the highest, nobody can
  // tell who knows only what came.
  [[nodiscard]] uint64_t missing() const noexcept { return next_ - std::min(next_, distinct()); }
  [[nodiscard]] uint64_t end() const noexcept { return next_; }  // the highest number and one
  // Copies not counted, as far as they are recognised.
  [[nodiscard]] uint64_t distinct() const noexcept { return arrived_ - duplicates_; }
  [[nodiscard]] uint64_t duplicates() const noexcept { return duplicates_; }
  // Arrived with a number lower than one before, copies not counted.
  [[nodiscard]] uint64_t reordered() const noexcept { return reordered_; }
  // The most that a number was behind the highest before it.
  [[nodiscard]] uint64_t furthest() const noexcept { return furthest_; }

 private:
  // Copies are recognised that are less than this far behind; others count as reordered.
  static constexpr uint64_t kWindow = 1 << 16;

  void advance(uint64_t number) noexcept;
  void behind(uint64_t number) noexcept;
  [[nodiscard]] uint64_t& word(uint64_t number) noexcept { return seen_[number % kWindow / 64]; }

  std::array<uint64_t, kWindow / 64> seen_{};  // a bit for each of the last kWindow numbers
  uint64_t next_ = 0;                          // the highest number and one
  uint64_t arrived_ = 0, duplicates_ = 0, reordered_ = 0, furthest_ = 0;
};

}  // namespace culvert::replay
