// Thresholds, and what a slot carries.
#include "tools/search/bottleneck.hpp"

#include <algorithm>
#include <cmath>

namespace culvert::search {

namespace {

constexpr double kNearLine = 0.01;  // a link's clock may be off, and a pace is rounded
constexpr double kNearSlot = 0.15;  // slot_rate() is an estimate
constexpr double kNearTester =
    0.1;  // it had a second port's worth of caches to itself when it was measured
constexpr double kBusy = 0.9;

bool near(double rate, const std::optional<double>& limit, double distance) noexcept {
  return limit && rate >= *limit * (1 - distance);
}

}  // namespace

Bottleneck bottleneck(const Evidence& e) noexcept {
  if (near(e.rate, e.line_rate, std::max(kNearLine, e.width))) return Bottleneck::nic;
  if (near(e.rate, e.slot_rate, kNearSlot)) return Bottleneck::pcie;
  if (e.tester_fell_behind || near(e.rate, e.tester_rate, kNearTester))
    return Bottleneck::generator;
  if (e.worker_busy.value_or(0) >= kBusy) return Bottleneck::worker;
  return e.at_maximum ? Bottleneck::none : Bottleneck::device;
}

const char* name_of(Bottleneck bottleneck) noexcept {
  switch (bottleneck) {
    case Bottleneck::nic: return "NIC";
    case Bottleneck::pcie: return "PCIe";
    case Bottleneck::generator: return "generator";
    case Bottleneck::worker: return "worker";
    case Bottleneck::none: return "none";
    case Bottleneck::device: break;
  }
  return "device";
}

double slot_rate(const Slot& slot, double frame) noexcept {
  constexpr double kHeader = 24, kMostData = 256, kDescriptors = 32;
  // PCI Express 1 and 2 send 10 bits for 8, later ones 130 for 128.
  const double share = slot.transfers <= 5e9 ? 8.0 / 10 : 128.0 / 130;
  const double bytes = frame + std::ceil(frame / kMostData) * kHeader + kDescriptors + kHeader;
  return slot.transfers * share * slot.lanes / 8 / bytes;
}

}  // namespace culvert::search
