// A slow link with a queue before it that drops what comes when it is full.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "tools/culvert-delay/time.hpp"

namespace culvert::delay {

// Nothing is stored here: when the link will have sent all that it took says how long its queue is.
class Bottleneck {
 public:
  // `rate` in bit/s, 0 = without limit, and then nothing is ever dropped. `queue` in bytes, 0 = no
  // limit: what waits or is being sent, the packet itself included. One packet always fits.
  Bottleneck(uint64_t rate, uint64_t queue) noexcept : rate_(rate), queue_(queue) {}

  // When the last bit of a packet that arrives now has left, or nullopt if the queue has no room.
  [[nodiscard]] std::optional<Nanoseconds> take(uint32_t bytes, Nanoseconds now) noexcept {
    if (rate_ == 0) return now;
    const uint64_t waits = waiting(now);
    if (queue_ != 0 && waits != 0 && waits + bytes > queue_) return std::nullopt;
    // Less than a nanosecond is kept for the next packet, so that no rate is off by rounding.
    const unsigned __int128 parts =
        static_cast<unsigned __int128>(bytes) * 8 * kSecond + (waits == 0 ? 0 : remainder_);
    free_ = std::max(free_, now) + static_cast<Nanoseconds>(parts / rate_);
    remainder_ = static_cast<uint64_t>(parts % rate_);
    longest_ = std::max(longest_, waits + bytes);
    return free_;
  }

  // Bytes in the queue at this moment.
  [[nodiscard]] uint64_t waiting(Nanoseconds now) const noexcept {
    if (rate_ == 0 || free_ <= now) return 0;
    return static_cast<uint64_t>(static_cast<unsigned __int128>(free_ - now) * rate_ /
                                 (8 * kSecond));
  }
  // The most that ever were.
  [[nodiscard]] uint64_t longest() const noexcept { return longest_; }

 private:
  uint64_t rate_, queue_;
  Nanoseconds free_ = 0;
  uint64_t remainder_ = 0;
  uint64_t longest_ = 0;
};

}  // namespace culvert::delay
