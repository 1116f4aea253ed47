// A packet in one line, as in `show capture NAME`.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "control/capture/pcapng.hpp"
#include "dataplane/packet/drop.hpp"

namespace culvert::control {

// What a dropped packet began with. The reason says so where it can, else the bytes do: classification strips
// Ethernet's header, and what is about to be sent has one again.
[[nodiscard]] pcapng::LinkType link_type(dp::DropReason reason, std::span<const uint8_t> packet,
                                         uint32_t size) noexcept;

// "10.48.66.200.5001 > 10.10.10.1.40000: TCP, length 1418"; for other types what they are.
[[nodiscard]] std::string packet_text(pcapng::LinkType type, std::span<const uint8_t> packet,
                                      uint32_t size);

// "Drop-reason: (mp-svc-no-fragment) SVC Module unable to fragment packet", as an ASA has it.
[[nodiscard]] std::string drop_text(dp::DropReason reason);

}  // namespace culvert::control
