// The bytes that both ends know: byte i of a stream is b[i mod 65521], b[j] = (j * j + 7 * (j >>
// 8)) & 255. The period is a prime, so that no segment or buffer size hides a byte that is out of
// its place.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace culvert::tcp_peer {

class Pattern {
 public:
  static constexpr uint32_t kPeriod = 65521;
  static constexpr uint32_t kMost = 16384;  // bytes of one at()

  Pattern() noexcept {
    for (uint32_t i = 0; i < bytes_.size(); ++i) {
      const uint32_t j = i % kPeriod;
      bytes_[i] = static_cast<uint8_t>(j * j + 7 * (j >> 8));
    }
  }

  // `size` <= kMost bytes from `position`.
  [[nodiscard]] std::span<const uint8_t> at(uint64_t position, uint32_t size) const noexcept {
    return std::span(bytes_).subspan(position % kPeriod, size);
  }

  // How many of the first bytes are as they should be. At most kMost bytes.
  [[nodiscard]] size_t equal(uint64_t position, std::span<const uint8_t> bytes) const noexcept {
    const auto wanted = at(position, static_cast<uint32_t>(bytes.size()));
    return static_cast<size_t>(std::mismatch(bytes.begin(), bytes.end(), wanted.begin()).first -
                               bytes.begin());
  }

 private:
  std::array<uint8_t, kPeriod + kMost> bytes_;
};

}  // namespace culvert::tcp_peer
