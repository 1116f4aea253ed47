// What a sender puts behind a frame, if asked to, so that a receiver can tell which it is and when it left.
#pragma once

#include <cstdint>
#include <cstring>

namespace culvert::replay {

// In this machine's byte order: ticks of the time stamp counter mean nothing on another one.
struct Mark {
  static constexpr uint32_t kMagic = 0xc9a7e15b;

  uint32_t magic = kMagic;
  uint32_t stream = 0;    // one sender's queue: a random number of the process, and the queue's
  uint64_t sequence = 0;  // from 0
  uint64_t tick = 0;      // of the time stamp counter, when the frame was handed to the port
};
static_assert(sizeof(Mark) == 24);

inline constexpr uint32_t kMarkSize = sizeof(Mark);

// `end`: behind the frame's last byte, of which there are at least kMarkSize.
inline void write_mark(uint8_t* end, const Mark& mark) noexcept {
  std::memcpy(end - kMarkSize, &mark, kMarkSize);
}
// False if there is none.
[[nodiscard]] inline bool read_mark(const uint8_t* end, Mark& mark) noexcept {
  std::memcpy(&mark, end - kMarkSize, kMarkSize);
  return mark.magic == Mark::kMagic;
}

}  // namespace culvert::replay
