// What a found rate is limited by, told from what was seen beside it.
#pragma once

#include <cstdint>
#include <optional>

namespace culvert::search {

enum class Bottleneck : uint8_t {
  nic,        // the link carries no more
  pcie,       // the slot carries no more
  generator,  // the tester sends, or receives, no more: the device may be faster
  worker,     // the headend's busiest worker is busy
  none,       // the highest rate that was tried was carried
  device,     // none of these: something in the device under test that cannot be seen from here
};

// Rates are packets a second of one port. What is not known is left out.
struct Evidence {
  double rate = 0;       // that was found
  double width = 0.005;  // relative, of the interval that it is the lower end of
  std::optional<double> line_rate{};
  std::optional<double> slot_rate{};    // slot_rate() of the narrower slot
  std::optional<double> tester_rate{};  // that the tester carries without a device
  // At the upper bound it did not send all, or had no room for what came.
  bool tester_fell_behind = false;
  bool at_maximum = false;  // no higher rate was tried
  // 0..1, of the busiest one, at the upper bound or the rate itself.
  std::optional<double> worker_busy{};
};

// The first that is near enough to the rate to be what limits it, in the order in which packets meet them.
[[nodiscard]] Bottleneck bottleneck(const Evidence& evidence) noexcept;
// "NIC", "PCIe", "generator", "worker", "none", "device"
[[nodiscard]] const char* name_of(Bottleneck bottleneck) noexcept;

struct Slot {
  double transfers = 0;  // a second and lane: 8e9 for PCIe 3
  unsigned lanes = 0;
};
// Packets a second of `frame` bytes, one way, that a slot carries at most: an estimate from PCI Express's
// encoding, 24 bytes of packet header around each 256 bytes of data, and 32 bytes of descriptors a frame.
[[nodiscard]] double slot_rate(const Slot& slot, double frame) noexcept;

}  // namespace culvert::search
