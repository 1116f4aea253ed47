// Where the inner packets of one worker's tunnels wait while TCP takes no more of them: a FlowQueue for
// each tunnel that has any, out of a stock, and as many packets in all as were agreed.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/cstp/flow_queue.hpp"

namespace culvert::cstp {

class Backlog {
 public:
  static constexpr uint16_t kNoQueue = 0xffff;
  // Of one tunnel, at most. Packets of 1400 bytes that a path of 100 Mbit/s takes 100 ms for; in
  // memory some 2.3 MB.
  static constexpr uint32_t kMostOfOne = 1000;

  // `packets` may wait in all; no more than `tunnels` have any.
  Backlog(uint32_t tunnels, uint32_t packets);

  // A queue for a tunnel that has none yet; kNoQueue if all are in use.
  [[nodiscard]] uint16_t take() noexcept;
  // An empty queue of which nobody has need any more.
  void give_back(uint16_t queue) noexcept;
  [[nodiscard]] FlowQueue& operator[](uint16_t queue) noexcept { return queues_[queue]; }

  // How many packets one tunnel may have waiting. However many tunnels are full, there is room for the
  // next one: each may have half of what is left. (Choudhury and Hahne, "Dynamic Queue Length
  // Thresholds", 1998.)
  [[nodiscard]] uint32_t limit() const noexcept {
    const uint32_t left = waiting_ < packets_ ? packets_ - waiting_ : 0;
    return left / 2 < kMostOfOne ? left / 2 : kMostOfOne;
  }
  void added() noexcept { ++waiting_; }
  void removed(uint32_t packets) noexcept { waiting_ -= packets; }
  [[nodiscard]] uint32_t waiting() const noexcept { return waiting_; }

  // Slots of tunnels whose TCP takes packets again, in the order of their turns. One may be there that
  // has nothing to send any more.
  std::vector<uint32_t> ready;

 private:
  uint32_t packets_;
  uint32_t waiting_ = 0;
  std::vector<uint16_t> free_;
  std::unique_ptr<FlowQueue[]> queues_;
};

}  // namespace culvert::cstp
