// IP addresses and transport flows of either family.
#pragma once

#include <array>
#include <bit>
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
    return IpAddress({0, kMapped | uint64_t{byte_swap(host_order)} << 32});
  }
  [[nodiscard]] static constexpr IpAddress v6(const std::array<uint8_t, 16>& bytes) noexcept {
    IpAddress a;
    a.bytes_ = bytes;
    return a;
  }
  // Dotted quad or RFC 4291 text; nullopt for anything else.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] constexpr bool is_v4() const noexcept {
    return words()[0] == 0 && static_cast<uint32_t>(words()[1]) == kMapped;
  }
  [[nodiscard]] constexpr bool is_unspecified() const noexcept {
    return (words()[0] | words()[1]) == 0;
  }
  // Host order; only meaningful if is_v4().
  [[nodiscard]] constexpr uint32_t v4_value() const noexcept {
    return byte_swap(static_cast<uint32_t>(words()[1] >> 32));
  }
  [[nodiscard]] constexpr const std::array<uint8_t, 16>& bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::string to_string() const;

  // As they lie in memory. Addresses are made, compared and hashed by these, in registers: what a byte
  // at a time has written is slow to read as a whole.
  [[nodiscard]] constexpr std::array<uint64_t, 2> words() const noexcept {
    return std::bit_cast<std::array<uint64_t, 2>>(bytes_);
  }

  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;
  friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) noexcept {
    return ((a.words()[0] ^ b.words()[0]) | (a.words()[1] ^ b.words()[1])) == 0;
  }

 private:
  static constexpr uint32_t kMapped = 0xffff0000;  // the four bytes before the IPv4 address

  explicit constexpr IpAddress(const std::array<uint64_t, 2>& words) noexcept
      : bytes_(std::bit_cast<std::array<uint8_t, 16>>(words)) {}

  std::array<uint8_t, 16> bytes_{};
};
static_assert(sizeof(IpAddress) == 16);

// Kinds of IPv6 address (RFC 4291 §2.4); false for every IPv4 address but is_v4().
[[nodiscard]] constexpr bool is_multicast6(const IpAddress& a) noexcept {
  return a.bytes()[0] == 0xff;
}
[[nodiscard]] constexpr bool is_link_local6(const IpAddress& a) noexcept {
  return a.bytes()[0] == 0xfe && (a.bytes()[1] & 0xc0) == 0x80;
}
[[nodiscard]] constexpr bool is_loopback6(const IpAddress& a) noexcept {
  std::array<uint8_t, 16> loopback{};
  loopback[15] = 1;
  return a.bytes() == loopback;
}
// The group that a neighbour solicitation for `a` goes to: ff02::1:ff and its last 24 bits (RFC
// 4291 §2.7.1).
[[nodiscard]] constexpr IpAddress solicited_node(const IpAddress& a) noexcept {
  return IpAddress::v6(
      {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a.bytes()[13], a.bytes()[14], a.bytes()[15]});
}
inline constexpr IpAddress kAllNodes =
    IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

// The IPv6 address `n` above `a`, modulo 2^128.
[[nodiscard]] constexpr IpAddress plus6(const IpAddress& a, uint32_t n) noexcept {
  std::array<uint8_t, 16> out = a.bytes();
  uint64_t carry = n;
  for (size_t i = 16; i-- > 0;) {
    carry += out[i];
    out[i] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  return IpAddress::v6(out);
}

// An address with the length of its network's prefix.
struct Ipv6Prefix {
  IpAddress address;
  uint8_t length = 0;  // bits, 0..128

  [[nodiscard]] constexpr bool contains(const IpAddress& other) const noexcept {
    for (unsigned i = 0; i < 16; ++i) {
      const int bits = int{length} - static_cast<int>(8 * i);
      if (bits <= 0) return true;
      const auto mask = static_cast<uint8_t>(bits >= 8 ? 0xff : 0xff00 >> bits);
      if (((address.bytes()[i] ^ other.bytes()[i]) & mask) != 0) return false;
    }
    return true;
  }
  // The address without the bits behind the prefix.
  [[nodiscard]] constexpr IpAddress network() const noexcept {
    std::array<uint8_t, 16> out{};
    for (unsigned i = 0; i < 16; ++i) {
      const int bits = int{length} - static_cast<int>(8 * i);
      const int mask = bits >= 8 ? 0xff : bits <= 0 ? 0 : 0xff00 >> bits;
      out[i] = static_cast<uint8_t>(address.bytes()[i] & mask);
    }
    return IpAddress::v6(out);
  }
  friend constexpr bool operator==(const Ipv6Prefix&, const Ipv6Prefix&) = default;
};

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
