// Which of the latest DTLS records have been received (RFC 6347 §4.1.2.6, RFC 4303 §3.4.3).
//
// A ring of 64-bit words, one bit a sequence number. When the window moves forward only whole words
// are cleared and nothing is shifted (RFC 6479), which costs one word of its width.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace culvert::crypto::record {

class ReplayWindow {
 public:
  // How far behind the newest record another may be and still be told from a replay. One flow's
  // packets are dealt out over the paths of a network in bursts: at 10 Gb/s this is 2 ms.
  static constexpr uint64_t kWidth = 1984;

  // Whether a record with this number may be new. `number` has 48 bits, without epoch.
  [[nodiscard]] bool accepts(uint64_t number) const noexcept {
    if (number >= next_) return true;
    return next_ - number <= kWidth && (word(number) >> (number % kWordBits) & 1) == 0;
  }

  // Notes an authentic record. False if it has been there before, or is too old to say: two copies
  // in one burst both pass accepts() before either is marked.
  [[nodiscard]] bool mark(uint64_t number) noexcept {
    if (!accepts(number)) return false;
    if (number >= next_) advance(number);
    word(number) |= uint64_t{1} << (number % kWordBits);
    return true;
  }

  // Fetches what the two above look at.
  void prefetch(uint64_t number) const noexcept {
    __builtin_prefetch(&next_);
    __builtin_prefetch(&words_[number / kWordBits % kWords]);
  }

  // One more than the highest number marked; 0 if there is none.
  [[nodiscard]] uint64_t next() const noexcept { return next_; }
  void reset() noexcept { *this = {}; }

 private:
  static constexpr uint64_t kWordBits = 64;
  static constexpr uint64_t kWords = 32;
  static_assert(kWidth == (kWords - 1) * kWordBits);

  [[nodiscard]] uint64_t word(uint64_t number) const noexcept {
    return words_[number / kWordBits % kWords];
  }
  [[nodiscard]] uint64_t& word(uint64_t number) noexcept {
    return words_[number / kWordBits % kWords];
  }

  // Clears the words that come into use between the newest number so far and `number`.
  void advance(uint64_t number) noexcept {
    const uint64_t begun = (next_ + kWordBits - 1) / kWordBits;
    const uint64_t last = number / kWordBits;
    const uint64_t first = std::max(begun, last < kWords ? 0 : last - kWords + 1);
    for (uint64_t i = first; i <= last; i++)
      words_[i % kWords] = 0;
    next_ = number + 1;
  }

  uint64_t next_ = 0;
  std::array<uint64_t, kWords> words_{};
};

}  // namespace culvert::crypto::record
