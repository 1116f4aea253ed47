// Reads the fields of a message from its front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "crypto/bytes.hpp"

namespace culvert::control {

// Takes bytes off the front; once there are too few, everything is empty and ok() is false.
class Cursor {
 public:
  explicit Cursor(std::span<const uint8_t> bytes) noexcept : bytes_(bytes) {}
  [[nodiscard]] std::span<const uint8_t> take(size_t size) noexcept {
    if (!ok_ || size > bytes_.size()) {
      ok_ = false;
      return {};
    }
    const auto front = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return front;
  }
  // A vector with one byte of length in front (RFC 5246 §4.3).
  [[nodiscard]] std::span<const uint8_t> take_vector() noexcept {
    const auto size = take(1);
    return size.empty() ? size : take(size[0]);
  }
  // The same with two.
  [[nodiscard]] std::span<const uint8_t> take_long_vector() noexcept {
    const auto size = take(2);
    return size.empty() ? size : take(load_be<uint16_t>(size.data()));
  }
  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] bool at_end() const noexcept { return bytes_.empty(); }

 private:
  std::span<const uint8_t> bytes_;
  bool ok_ = true;
};

}  // namespace culvert::control
