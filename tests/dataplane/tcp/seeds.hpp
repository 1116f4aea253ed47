// How many random runs a test of TCP makes.
#pragma once

#include <cstdint>

namespace culvert::tcp::test {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

// A quarter under a sanitizer: there each takes ten times as long, and what is looked for is how memory is used, which
// the same paths show again and again. The release build makes them all.
consteval uint32_t seeds(uint32_t all) {
  return kSanitized ? all / 4 : all;
}

}  // namespace culvert::tcp::test
