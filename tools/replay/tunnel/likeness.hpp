// Whether what came out of a tunnel is what went in.
#pragma once

#include <cstdint>
#include <span>

namespace culvert::replay {

enum class Likeness : uint8_t {
  intact,   // but for what every router changes: hops left, and the IPv4 checksum, which is right
  clamped,  // and but for a lowered maximum segment size in a SYN, with a TCP checksum that fits
  changed,
};

// `sent`: as it was put together, with any number; `arrived`: an IP packet. Numbers are not compared.
[[nodiscard]] Likeness compare(std::span<const uint8_t> sent,
                               std::span<const uint8_t> arrived) noexcept;

}  // namespace culvert::replay
