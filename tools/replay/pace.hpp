// How fast packets are to be sent, and what that means in bits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace culvert::replay {

// What Ethernet (IEEE 802.3) puts around the bytes of a frame that a capture has. Frames are counted as
// a wire carries them, whatever the port: filled up to 60 bytes.
inline constexpr uint32_t kLeastFrame = 60;
inline constexpr uint32_t kFrameCheck = 4;
inline constexpr uint32_t kPreambleAndGap = 20;

[[nodiscard]] constexpr uint32_t bytes_on_layer2(uint32_t frame) noexcept {
  return std::max(frame, kLeastFrame) + kFrameCheck;
}
[[nodiscard]] constexpr uint32_t bytes_on_layer1(uint32_t frame) noexcept {
  return bytes_on_layer2(frame) + kPreambleAndGap;
}

enum class PaceKind : uint8_t {
  recorded,            // as in the capture, `value` times as fast
  packets_per_second,  // `value` of them, evenly
  layer1_bits,         // `value` bits a second, preamble and gap between frames included
  layer2_bits,         // `value` bits a second of frames with their check sequence
  unlimited,           // as fast as the port takes them
};

struct Pace {
  PaceKind kind = PaceKind::recorded;
  double value = 1;
  // Recorded gaps that are longer become this long; 0: none does. Seconds, before the factor.
  double longest_gap_s = 0;
};

// "1000", "2.5M", "10G": k, M, G and T are powers of 1000. Throws std::invalid_argument with what is
// wrong with it.
[[nodiscard]] double parse_rate(std::string_view text);
// "recorded timing x 2", "1 Mpps", "10 Gbit/s on layer 1"
[[nodiscard]] std::string describe(const Pace& pace);
// With three digits: "14.9 M"
[[nodiscard]] std::string with_prefix(double value);

}  // namespace culvert::replay
