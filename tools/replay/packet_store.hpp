// A capture's frames in memory that ports can send from, huge pages if there are any: each frame once, side
// by side, with a packet buffer (mbuf) that points at it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <rte_mbuf.h>

#include "dataplane/packet/pool.hpp"

namespace culvert::replay {

// Frames of up to this size are in another pool than larger ones: net_memif has a faster way for bursts
// from a pool whose frames all fit its buffers, which have this size by default.
inline constexpr uint32_t kSmallFrame = 2048;

struct StoreSize {
  uint64_t small = 0, large = 0;  // frames
  uint64_t bytes = 0;             // sum of stored_size() over them
};

// The bytes that a frame of this size takes, its trailer included.
[[nodiscard]] constexpr uint64_t stored_size(uint32_t frame) noexcept {
  return (uint64_t{frame} + 63) / 64 * 64;  // whole cache lines
}
// What must be given to DPDK for a store.
[[nodiscard]] uint64_t memory_for(const StoreSize& size) noexcept;

// How a sender keeps a frame while a driver sends it: the store holds one reference to each buffer for
// ever, and a sender adds one for each time that it hands the buffer to a driver, which takes it off when
// the frame is out. So nothing is copied, nothing returns to the pool, and a frame may be in a driver's
// queue more than once. (The port must not have RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE, which promises single
// references; dp::Port never asks for it.)
class PacketStore {
 public:
  // `name`: of its memory; unique in the process, at most 20 characters. `numa`: where, or
  // SOCKET_ID_ANY. Throws Failure if the memory is not there.
  PacketStore(const std::string& name, const StoreSize& size, int numa);
  ~PacketStore();
  PacketStore(const PacketStore&) = delete;
  PacketStore& operator=(const PacketStore&) = delete;

  // A copy of `frame`, with room for `trailer` bytes more at its end (which the buffer counts as part of
  // it). Null if there is no more room.
  [[nodiscard]] rte_mbuf* add(std::span<const uint8_t> frame, uint32_t trailer) noexcept;

 private:
  [[nodiscard]] uint8_t* place(uint64_t size) noexcept;

  dp::PacketPool small_, large_;
  uint8_t* memory_ = nullptr;
  uint64_t size_ = 0, used_ = 0;
  uint64_t page_ = 0;  // no frame crosses the border of two; 0: there are none
  rte_mbuf_ext_shared_info shared_{};
};

}  // namespace culvert::replay
