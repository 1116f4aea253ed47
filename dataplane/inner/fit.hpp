// Does an inner packet fit the tunnel? The check that Cisco's note 116881 is about, as one pure
// function.
#pragma once

#include <cstdint>

namespace culvert::dp {

enum class Fit : uint8_t {
  passes,
  fragment,  // larger, and may be cut: DF clear, or the group policy says df-bit-ignore
  too_big,   // larger, and may not: drop mp-svc-no-fragment, tell the sender
};

// `length`: bytes of the inner IP packet. `threshold`: MTU of the channel that carries it at this
// moment.
[[nodiscard]] constexpr Fit fit(uint32_t length, bool dont_fragment, uint16_t threshold,
                                bool df_bit_ignore) noexcept {
  if (length <= threshold) return Fit::passes;
  return dont_fragment && !df_bit_ignore ? Fit::too_big : Fit::fragment;
}

}  // namespace culvert::dp
