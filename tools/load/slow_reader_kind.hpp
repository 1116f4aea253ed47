// Clients that log in like all others, and then read what comes down badly.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace culvert::load {

enum class SlowReaderKind : uint8_t {
  hung,     // reads nothing any more, and soon says nothing either: a device that hangs
  stopped,  // reads nothing any more, and goes on asking
  trickle,  // reads what fits a small buffer once a second
  tiny,  // reads at once, into a buffer for hardly more than a record, so that each window is tiny
};
inline constexpr size_t kSlowReaderKinds = 4;

// As on the command line and in reports.
inline constexpr std::array<std::string_view, kSlowReaderKinds> kSlowReaderNames{"hung", "stopped",
                                                                                 "trickle", "tiny"};

// How many of each kind.
using SlowReaderNumbers = std::array<uint32_t, kSlowReaderKinds>;

// Bytes of TCP's receive buffer.
[[nodiscard]] constexpr uint32_t receive_buffer_of(SlowReaderKind kind) noexcept {
  switch (kind) {
    case SlowReaderKind::trickle: return 4096;
    case SlowReaderKind::tiny: return 2048;
    default: return 16'384;
  }
}

}  // namespace culvert::load
