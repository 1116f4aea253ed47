// The send side of one connection: bytes from the first unacknowledged one to the last one queued.
#pragma once

#include <cstdint>

#include "dataplane/tcp/buffer_list.hpp"
#include "dataplane/tcp/seq.hpp"

namespace culvert::tcp {

class SendQueue {
 public:
  // A place in the queue: a buffer and an offset into it.
  struct Place {
    rte_mbuf* buffer = nullptr;
    uint32_t offset = 0;
  };
  enum class Cursor : uint8_t {
    fresh,
    again
  };  // first transmissions and retransmissions walk apart

  void start(Seq first, uint32_t max_bytes) noexcept {
    begin_ = first;
    max_bytes_ = max_bytes;
  }
  [[nodiscard]] Seq begin() const noexcept { return begin_; }
  [[nodiscard]] Seq end() const noexcept { return begin_ + bytes_.bytes(); }
  // Bytes that may still be queued: by size and by what the buffers cost.
  [[nodiscard]] uint32_t room() const noexcept;
  [[nodiscard]] uint32_t cost() const noexcept { return bytes_.cost(); }
  // By size alone. A burst of small records that was begun while there was room() may cost more
  // than the limit.
  [[nodiscard]] uint32_t byte_room() const noexcept {
    return bytes_.bytes() >= max_bytes_ ? 0 : max_bytes_ - bytes_.bytes();
  }
  // Takes one single-segment buffer; it fits the room.
  void push(rte_mbuf* m) noexcept;
  // Everything before `una` arrived.
  void acknowledge(Seq una) noexcept;
  // Where the byte `at` lies, begin() <= at < end().
  [[nodiscard]] Place find(Seq at, Cursor cursor) noexcept;
  // How many bytes from `at` on lie in at most `buffers` buffers.
  [[nodiscard]] uint32_t reach(Seq at, uint32_t buffers) noexcept;
  void clear() noexcept;
  [[nodiscard]] uint32_t buffers() const noexcept { return bytes_.buffers(); }

 private:
  BufferList bytes_;
  Seq begin_;
  uint32_t max_bytes_ = 0;
  rte_mbuf* cursors_[2] = {nullptr, nullptr};
};

}  // namespace culvert::tcp
