// IP addresses and transport flows of either family.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/bytes.hpp"

namespace culvert::dp {

// An IPv4 address is kept IPv4-mapped (RFC 4291 §2.5.5.2), so that tables and flows have one key
// for both families.
class IpAddress {
 public:
  constexpr IpAddress() = default;  // ::
  [[nodiscard]] static constexpr IpAddress v4(uint32_t host_order) noexcept {
    IpAddress a;
    a.bytes_[10] = a.bytes_[11] = 0xff;
    a.bytes_[12] = static_cast<uint8_t>(host_order >> 24);
    a.bytes_[13] = static_cast<uint8_t>(host_order >> 16);
    a.bytes_[14] = static_cast<uint8_t>(host_order >> 8);
    a.bytes_[15] = static_cast<uint8_t>(host_order);
    return a;
  }
  [[nodiscard]] static constexpr IpAddress v6(const std::array<uint8_t, 16>& bytes) noexcept {
    IpAddress a;
    a.bytes_ = bytes;
    return a;
  }
  // Dotted quad or RFC 4291 text; nullopt for anything else.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] constexpr bool is_v4() const noexcept {
    for (size_t i = 0; i < 10; ++i) {
      if (bytes_[i] != 0) return false;
    }
    return bytes_[10] == 0xff && bytes_[11] == 0xff;
  }
  [[nodiscard]] constexpr bool is_unspecified() const noexcept { return *this == IpAddress{}; }
  // Host order; only meaningful if is_v4().
  [[nodiscard]] constexpr uint32_t v4_value() const noexcept {
    return (uint32_t{bytes_[12]} << 24) | (uint32_t{bytes_[13]} << 16) |
           (uint32_t{bytes_[14]} << 8) | bytes_[15];
  }
  [[nodiscard]] constexpr const std::array<uint8_t, 16>& bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::string to_string() const;

  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<uint8_t, 16> bytes_{};
};
static_assert(sizeof(IpAddress) == 16);

// What one session's client is called inside its tunnel: an address of either family or of both.
// Unspecified: none of that family.
struct InnerAddresses {
  IpAddress v4;
  IpAddress v6;

  [[nodiscard]] constexpr bool empty() const noexcept {
    return v4.is_unspecified() && v6.is_unspecified();
  }
  friend constexpr bool operator==(const InnerAddresses&, const InnerAddresses&) = default;
};

// A TCP or UDP flow as this box sees it. Ports in host order.
struct Flow {
  IpAddress local;
  IpAddress remote;
  uint16_t local_port = 0;
  uint16_t remote_port = 0;

  friend constexpr bool operator==(const Flow&, const Flow&) = default;
};
static_assert(sizeof(Flow) == 36);

}  // namespace culvert::dp
