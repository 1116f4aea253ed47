// When a run of traffic ends, and how long that will take: of counts and seconds alone, whatever clock and ports they
// come from.
#pragma once

#include <cstdint>
#include <optional>

namespace culvert::replay {

// With whoever takes nothing.
inline constexpr double kPatienceSeconds = 10;

// When it ends besides when everything is sent. 0: not for that reason.
struct EndRules {
  double seconds = 0;
  uint64_t count = 0;                    // packets received
  double idle_s = 0;                     // since the last packet was received
  double patience_s = kPatienceSeconds;  // with a port that takes nothing; never 0
};

// Whether anything more will come, after the last packet was sent.
class Silence {
 public:
  // Of whom it is told. Who only receives waits for the first packet as long as it takes.
  struct Watched {
    bool sent_here = false;
    bool tracked = false;  // only marked packets are counted
  };
  // `now`: seconds of any clock that is the one of over(), too.
  Silence(const EndRules& rules, Watched watched, double now) noexcept;

  // Whether nothing came for long enough. `packets`: that have come, of those that it waits for.
  [[nodiscard]] bool over(uint64_t packets, double now) noexcept;

 private:
  Watched watched_;
  double idle_s_;  // 0: never over
  double most_s_;  // from the beginning, whatever comes; 0: no limit
  double began_, last_;
  uint64_t packets_ = 0;
};

// Whether nothing moves any more although something waits. Times are seconds, from `since` on; `limit`: how long it may
// last.
class Standstill {
 public:
  Standstill(double since, double limit) noexcept : since_(since), limit_(limit) {}

  // `taken`: packets that have found a taker, of all times. `waits`: whether one is due that has not. True if that has
  // been so for longer than the limit, and none was taken meanwhile.
  [[nodiscard]] bool over(uint64_t taken, bool waits, double now) noexcept;

 private:
  double since_, limit_;
  uint64_t taken_ = 0;
};

// How far a run is.
struct HowFar {
  double elapsed_s = 0;
  uint64_t sent = 0, to_send = 0;  // packets; to_send 0: there is no end to them, or nobody sends
  uint64_t received = 0;
  double receive_rate = 0;  // packets a second, of late
};
// Seconds until the first of what ends the run: all is sent, `seconds`, `count`. Nothing if none of them will, or
// if that cannot be told yet.
[[nodiscard]] std::optional<double> seconds_left(const EndRules& rules, const HowFar& far) noexcept;

}  // namespace culvert::replay
