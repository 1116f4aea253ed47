// Bounds what of the log belongs to those who have not logged in: whoever opens connections all day
// long must neither fill a disk nor push everybody else's messages out of the buffer.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <utility>

namespace culvert::control {

class StrangerLimit {
 public:
  static constexpr double kPerSecond = 20;  // messages of one number, in the long run
  static constexpr double kBurst =
      400;  // and at once: fifty clients after a power cut are no flood

  using Time = std::chrono::system_clock::time_point;

  // Whether a message may be logged. With `yes` comes how many of its number were not, before.
  struct Verdict {
    bool yes = true;
    uint64_t left_out = 0;
  };
  Verdict ask(unsigned number, Time now) noexcept {
    const auto found = std::ranges::find(numbers_, number, &Entry::number);
    if (found == numbers_.end()) return {};
    Entry& e = *found;
    // A clock that was set back is no reason to stay silent.
    const auto passed = std::chrono::duration<double>(now - e.last).count();
    e.credit = std::min(kBurst, e.credit + std::max(passed, 0.0) * kPerSecond);
    e.last = now;
    if (e.credit < 1) {
      ++e.left_out;
      return {.yes = false};
    }
    e.credit -= 1;
    return {.left_out = std::exchange(e.left_out, 0)};
  }

 private:
  struct Entry {
    unsigned number = 0;
    double credit = kBurst;
    Time last{};
    uint64_t left_out = 0;
  };
  // What can be provoked without a password: refused users and certificates, cookies that are none,
  // TLS connections that come to nothing, questions to a RADIUS server that does not answer.
  std::array<Entry, 14> numbers_{{{113005},
                                  {113014},
                                  {113015},
                                  {716039},
                                  {717022},
                                  {717027},
                                  {722003},
                                  {722004},
                                  {725001},
                                  {725002},
                                  {725006},
                                  {725007},
                                  {725012},
                                  {725014}}};
};

}  // namespace culvert::control
