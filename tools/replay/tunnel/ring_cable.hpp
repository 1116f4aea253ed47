// Two ports of this very process, and a ring in memory each way between them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include <rte_mempool.h>
#include <rte_ring.h>

#include "dataplane/port/port.hpp"

namespace culvert::replay {

// Both ends are started, have the MAC address 0 and one queue each way. No frame is copied: what one end sends, the
// other receives in the same buffers.
class RingCable {
 public:
  static constexpr unsigned kFrames = 4096;  // in each ring, at most; more is not taken

  // `name`: at most 12 characters. Throws Failure.
  RingCable(const std::string& name, rte_mempool* pool, uint16_t mtu);
  ~RingCable();
  RingCable(const RingCable&) = delete;
  RingCable& operator=(const RingCable&) = delete;

  [[nodiscard]] const dp::Port& end(unsigned which) const noexcept { return *ends_[which]; }
  // Frames that this end has not received yet.
  [[nodiscard]] unsigned waiting_at(unsigned which) const noexcept {
    return rte_ring_count(rings_[which].get());
  }

 private:
  struct Drain {
    void operator()(rte_ring* ring) const noexcept;
  };
  std::array<std::unique_ptr<rte_ring, Drain>, 2> rings_;  // by the end that receives
  std::array<std::unique_ptr<dp::Port>, 2> ends_;
};

}  // namespace culvert::replay
