// Which packets belong together: those of a flow go to one queue, so that they stay in order.
#pragma once

#include <cstdint>
#include <span>

namespace culvert::replay {

// The same for both directions of a conversation, and for all fragments of a pair of hosts. What is not
// IP is told apart by its MAC addresses. The bytes need not be a whole frame.
[[nodiscard]] uint32_t flow_hash(std::span<const uint8_t> frame) noexcept;

}  // namespace culvert::replay
