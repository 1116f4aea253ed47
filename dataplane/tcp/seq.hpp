// Sequence numbers: a circle of 2^32 (RFC 9293 §3.4), so that "before" only means something within
// half of it.
#pragma once

#include <cstdint>

namespace culvert::tcp {

struct Seq {
  uint32_t v = 0;

  friend constexpr bool operator==(Seq, Seq) = default;
  friend constexpr bool operator<(Seq a, Seq b) noexcept {
    return static_cast<int32_t>(a.v - b.v) < 0;
  }
  friend constexpr bool operator>(Seq a, Seq b) noexcept { return b < a; }
  friend constexpr bool operator<=(Seq a, Seq b) noexcept { return !(b < a); }
  friend constexpr bool operator>=(Seq a, Seq b) noexcept { return !(a < b); }
  friend constexpr Seq operator+(Seq a, uint32_t n) noexcept { return Seq{a.v + n}; }
  friend constexpr Seq operator-(Seq a, uint32_t n) noexcept { return Seq{a.v - n}; }
  // The distance from b up to a.
  friend constexpr uint32_t operator-(Seq a, Seq b) noexcept { return a.v - b.v; }
  constexpr Seq& operator+=(uint32_t n) noexcept {
    v += n;
    return *this;
  }
};

[[nodiscard]] constexpr Seq max(Seq a, Seq b) noexcept {
  return a < b ? b : a;
}
[[nodiscard]] constexpr Seq min(Seq a, Seq b) noexcept {
  return b < a ? b : a;
}

// A mark that moves only at certain events, while `now` moves on: one that is left far behind follows, or after half of
// the circle it would lie ahead.
[[nodiscard]] constexpr Seq kept_behind(Seq mark, Seq now) noexcept {
  return mark < now && now - mark > 1u << 30 ? now - 1u : mark;
}

}  // namespace culvert::tcp
