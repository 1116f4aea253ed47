// TCP options: MSS, window scale, timestamps, SACK (RFC 9293 §3.2, RFC 7323, RFC 2018).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/tcp/seq.hpp"

namespace culvert::tcp {

inline constexpr uint32_t kMaxOptionBytes = 40;
inline constexpr uint32_t kTimestampBytes = 12;  // with the two NOPs that align it
inline constexpr uint8_t kMaxWindowScale = 14;   // RFC 7323 §2.3

struct SackBlock {
  Seq start;
  Seq end;  // one past the last byte
  friend constexpr bool operator==(const SackBlock&, const SackBlock&) = default;
};

struct Options {
  uint16_t mss = 0;  // 0: absent
  uint8_t window_scale = 0;
  uint8_t sack_count = 0;
  bool has_window_scale = false;
  bool sack_permitted = false;
  bool has_timestamps = false;
  uint32_t ts_value = 0;
  uint32_t ts_echo = 0;
  std::array<SackBlock, 4> sack{};
};

// Reads the bytes between the fixed header and the payload. False if a length is impossible (the
// segment is then dropped by name); unknown options are skipped (RFC 9293 MUST-6).
[[nodiscard]] bool parse_options(std::span<const uint8_t> bytes, Options& out) noexcept;

// Builds the option bytes of one segment; always a multiple of four.
class OptionWriter {
 public:
  void mss(uint16_t value) noexcept;
  void window_scale(uint8_t shift) noexcept;
  void sack_permitted() noexcept;
  void timestamps(uint32_t value, uint32_t echo) noexcept;
  // As many blocks as fit.
  void sack(std::span<const SackBlock> blocks) noexcept;
  [[nodiscard]] std::span<const uint8_t> bytes() const noexcept { return {bytes_.data(), size_}; }
  [[nodiscard]] uint32_t size() const noexcept { return size_; }

 private:
  void put(uint8_t byte) noexcept { bytes_[size_++] = byte; }
  void put32(uint32_t value) noexcept;
  std::array<uint8_t, kMaxOptionBytes> bytes_;
  uint32_t size_ = 0;
};

}  // namespace culvert::tcp
