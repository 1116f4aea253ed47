// Values of the headers in which the headend grants a tunnel.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>
#include <vector>

namespace culvert::client {

// 0 for what is no number, or more than `most`.
[[nodiscard]] inline unsigned header_number(std::string_view text, unsigned most) noexcept {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value <= most ? value : 0;
}

inline constexpr size_t kMostDtlsIdBytes = 32;  // RFC 5246 §7.4.1.2: a session id

// An id for DTLS, in hexadecimal digits; empty if it is none.
[[nodiscard]] inline std::vector<uint8_t> header_id(std::string_view text) {
  if (text.size() % 2 != 0 || text.size() > 2 * kMostDtlsIdBytes) return {};
  std::vector<uint8_t> out;
  for (size_t i = 0; i < text.size(); i += 2) {
    uint8_t byte = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (error != std::errc{} || end != text.data() + i + 2) return {};
    out.push_back(byte);
  }
  return out;
}

}  // namespace culvert::client
