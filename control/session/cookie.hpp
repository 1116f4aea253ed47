// Session cookies: 256 random bits that the client keeps and of which we keep only the hash.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace culvert::control {

using CookieHash = std::array<uint8_t, 32>;

inline constexpr size_t kCookieSize = 64;  // hex digits

// A new cookie; the caller wipes it when it has been sent. Throws std::runtime_error without
// entropy.
[[nodiscard]] std::string make_cookie();
[[nodiscard]] bool looks_like_cookie(std::string_view text) noexcept;
// SHA-256: the cookie is random enough that no slow hash is needed.
[[nodiscard]] CookieHash hash_cookie(std::string_view text) noexcept;
[[nodiscard]] bool same_cookie(const CookieHash& a, const CookieHash& b) noexcept;  // constant time

}  // namespace culvert::control
