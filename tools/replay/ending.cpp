// Silences and estimates.
#include "tools/replay/ending.hpp"

#include <algorithm>

namespace culvert::replay {

namespace {

constexpr double kSettleSeconds = 0.3;  // nothing came for so long: nothing more will
// What is not marked may be anybody's, and there may be no end to it. RFC 2544 §23 waits two seconds for what is left.
constexpr double kSettleMostSeconds = 2;
// A device may have so much in its queues; but what goes round in a loop comes for ever.
constexpr double kTrackedMostSeconds = 10;

double most_seconds(const EndRules& rules, const Silence::Watched& watched) noexcept {
  if (!watched.sent_here || rules.idle_s > 0) return 0;
  return watched.tracked ? kTrackedMostSeconds : kSettleMostSeconds;
}

}  // namespace

Silence::Silence(const EndRules& rules, Watched watched, double now) noexcept
    : watched_(watched),
      idle_s_(watched.sent_here && rules.idle_s == 0 ? kSettleSeconds : rules.idle_s),
      most_s_(most_seconds(rules, watched)),
      began_(now),
      last_(now) {}

bool Silence::over(uint64_t packets, double now) noexcept {
  if (packets != packets_ || (packets == 0 && !watched_.sent_here)) last_ = now;
  packets_ = packets;
  if (most_s_ > 0 && now - began_ > most_s_) return true;
  return idle_s_ > 0 && now - last_ > idle_s_;
}

bool Standstill::over(uint64_t taken, bool waits, double now) noexcept {
  if (taken != taken_ || !waits) since_ = now;
  taken_ = taken;
  return now - since_ > limit_;
}

std::optional<double> seconds_left(const EndRules& rules, const HowFar& far) noexcept {
  std::optional<double> left;
  const auto bound = [&](double seconds) {
    left = std::max(0.0, std::min(left.value_or(seconds), seconds));
  };
  const auto rest = [](uint64_t all, uint64_t done) {
    return static_cast<double>(all - std::min(all, done));
  };
  if (far.to_send != 0 && far.sent != 0) {
    bound(far.elapsed_s * rest(far.to_send, far.sent) / static_cast<double>(far.sent));
  }
  if (rules.seconds > 0) bound(rules.seconds - far.elapsed_s);
  if (rules.count != 0 && far.receive_rate > 0) {
    bound(rest(rules.count, far.received) / far.receive_rate);
  }
  return left;
}

}  // namespace culvert::replay
