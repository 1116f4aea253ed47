// The cubic function and its Reno-friendly region.
#include "dataplane/tcp/cubic.hpp"

#include <algorithm>
#include <cmath>

namespace culvert::tcp {

namespace {

constexpr double kC = 0.4;  // §5: segments per second cubed
constexpr double kAlpha = 3 * (1 - Cubic::kBeta) / (1 + Cubic::kBeta);  // §4.3

double seconds(Time microseconds) noexcept {
  return static_cast<double>(microseconds) / 1e6;
}

}  // namespace

uint32_t Cubic::after_loss(uint32_t window, uint32_t mss) noexcept {
  const double segments = static_cast<double>(window) / mss;
  // Fast convergence: a window that shrinks from one loss to the next makes room for newcomers.
  w_max_ = static_cast<float>(segments < w_max_ ? segments * (1 + kBeta) / 2 : segments);
  epoch_began_ = 0;
  return std::max(static_cast<uint32_t>(window * kBeta), 2 * mss);
}

uint32_t Cubic::on_ack(uint32_t window, uint32_t mss, uint32_t acked, Time now, Time rtt) noexcept {
  const double segments = static_cast<double>(window) / mss;
  if (epoch_began_ == 0) {
    epoch_began_ = now;
    if (w_max_ < segments) w_max_ = static_cast<float>(segments);
    k_ = static_cast<float>(std::cbrt((w_max_ - segments) / kC));
    estimate_ = segments;
    remainder_ = 0;
  }
  last_ack_ = now;
  const double acked_segments = static_cast<double>(acked) / mss;
  // §4.3 would go on with a whole segment a round trip once the estimate is where the last loss was. Linux
  // does not, and beside it that pace takes twice its share.
  estimate_ += kAlpha * acked_segments / segments;
  const auto cubic = [&](double t) { return kC * std::pow(t - k_, 3) + w_max_; };
  const double t = seconds(now - epoch_began_);
  double grown = segments;
  if (cubic(t) < estimate_) {
    grown = std::max(segments, estimate_);
  } else {
    const double target = std::clamp(cubic(t + seconds(rtt)), segments, 1.5 * segments);
    grown += (target - segments) / segments * acked_segments;
  }
  const double bytes = grown * mss + remainder_;
  const auto whole = static_cast<uint32_t>(bytes);
  remainder_ = static_cast<float>(bytes - whole);
  return whole;
}

}  // namespace culvert::tcp
