// Controlled delay (RFC 8289): finds out from how long packets have waited whether a queue only
// smooths bursts or stands, and then drops or marks at a rate that grows until it stands no more.
//
// Nothing in here knows what a packet is. Times are microseconds in 32 bits, which wrap.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace culvert::cstp {

struct CodelTimes {
  uint32_t target;    // a delay that is no fault (RFC 8289 §4.3)
  uint32_t interval;  // how long it may be exceeded: some round trips (§4.2)

  // Inner connections need the outer round trip at the least before they can react. RFC 8289 §4.2 and
  // §4.3: 100 ms suit most paths, and the target is a twentieth.
  [[nodiscard]] static constexpr CodelTimes of_round_trip(uint64_t us) noexcept {
    const auto interval = static_cast<uint32_t>(std::clamp<uint64_t>(2 * us, 100'000, 1'000'000));
    return {interval / 20, interval};
  }
};

// What the queue behind it offers; a `Packet` is false once there is none left.
//   Packet take(uint32_t& waited)   the oldest, and for how long it has waited; fewer than an MTU's
//                                   bytes behind it count as no wait at all (§5.6)
//   bool mark(Packet&)              instead of dropping it (§5.4); false: it has to be dropped
//   void discard(Packet&&)
class Codel {
 public:
  // RFC 8289 §5.5, deque(). The next packet to be sent, or an empty one.
  template <typename Queue>
  auto dequeue(Queue& queue, uint32_t now, const CodelTimes& times) noexcept {
    auto packet = take(queue, now, times);
    if (dropping_) {
      if (!above_) dropping_ = false;
      while (dropping_ && reached(now, drop_next_)) {
        ++count_;
        if (queue.mark(packet)) {
          drop_next_ = control_law(drop_next_, times);
          break;
        }
        queue.discard(std::move(packet));
        packet = take(queue, now, times);
        if (!above_) {
          dropping_ = false;
        } else {
          drop_next_ = control_law(drop_next_, times);
        }
      }
    } else if (above_) {
      if (!queue.mark(packet)) {
        queue.discard(std::move(packet));
        packet = take(queue, now, times);
      }
      dropping_ = true;
      // What held the queue down a short while ago is a good beginning now.
      const uint32_t delta = count_ - last_count_;
      const bool recently =
          static_cast<int32_t>(now - drop_next_) < static_cast<int32_t>(16 * times.interval);
      count_ = delta > 1 && recently ? delta : 1;
      drop_next_ = control_law(now, times);
      last_count_ = count_;
    }
    return packet;
  }

 private:
  [[nodiscard]] static bool reached(uint32_t now, uint32_t time) noexcept {
    return static_cast<int32_t>(now - time) >= 0;
  }
  [[nodiscard]] uint32_t control_law(uint32_t from, const CodelTimes& times) const noexcept {
    return from + static_cast<uint32_t>(static_cast<float>(times.interval) /
                                        std::sqrt(static_cast<float>(count_)));
  }
  // RFC 8289 §5.6, dodequeue().
  template <typename Queue>
  auto take(Queue& queue, uint32_t now, const CodelTimes& times) noexcept {
    uint32_t waited = 0;
    auto packet = queue.take(waited);
    above_ = false;
    if (!packet || waited < times.target) {
      first_above_ = 0;
    } else if (first_above_ == 0) {
      first_above_ = std::max(now + times.interval, 1u);
    } else {
      above_ = reached(now, first_above_);
    }
    return packet;
  }

  uint32_t first_above_ = 0;  // when the wait will have been too long for an interval; 0: it is not
  uint32_t drop_next_ = 0;
  uint32_t count_ = 0;  // of drops since dropping began
  uint32_t last_count_ = 0;
  bool dropping_ = false;
  bool above_ = false;  // the packet taken last had waited too long, and so had all in an interval
};

}  // namespace culvert::cstp
