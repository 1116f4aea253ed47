// How wide and how fast a card's slot is, as the kernel says.
#pragma once

#include <optional>
#include <string>

#include "tools/search/bottleneck.hpp"

namespace culvert::replay {

// `folder`: the device's in /sys/bus/pci/devices. Nothing if it does not say.
[[nodiscard]] std::optional<search::Slot> read_slot(const std::string& folder);

}  // namespace culvert::replay
