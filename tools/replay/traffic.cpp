// Rates of what was sent or received.
#include "tools/replay/pace.hpp"
#include "tools/replay/report.hpp"

namespace culvert::replay {

namespace {

double per_second(double amount, double seconds) noexcept {
  return seconds > 0 ? amount / seconds : 0;
}

// All packets but the first one: between two packets there is one gap.
double gaps(const Traffic& t) noexcept {
  return t.packets < 2 ? 0 : static_cast<double>(t.packets - 1) / static_cast<double>(t.packets);
}

double bits(const Traffic& t, uint32_t around) noexcept {
  const double bytes = static_cast<double>(t.bytes) + t.filling +
                       static_cast<double>(t.packets) * static_cast<double>(around);
  return per_second(8 * bytes * gaps(t), t.seconds);
}

}  // namespace

double Traffic::packets_per_second() const noexcept {
  return per_second(static_cast<double>(packets) * gaps(*this), seconds);
}
double Traffic::layer2_bits_per_second() const noexcept {
  return bits(*this, kFrameCheck);
}
double Traffic::layer1_bits_per_second() const noexcept {
  return bits(*this, kFrameCheck + kPreambleAndGap);
}

}  // namespace culvert::replay
