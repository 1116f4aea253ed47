#include "dataplane/cstp/backlog.hpp"

#include <algorithm>

namespace culvert::cstp {

// A queue in use holds a packet at least, so there need not be more of them than packets.
Backlog::Backlog(uint32_t tunnels, uint32_t packets) : packets_(packets) {
  const uint32_t queues = std::min({tunnels, packets, uint32_t{kNoQueue}});
  queues_ = std::make_unique<FlowQueue[]>(queues);
  ready.reserve(tunnels);
  for (uint32_t i = queues; i-- > 0;)
    free_.push_back(static_cast<uint16_t>(i));
}

uint16_t Backlog::take() noexcept {
  if (free_.empty()) return kNoQueue;
  const uint16_t queue = free_.back();
  free_.pop_back();
  return queue;
}

void Backlog::give_back(uint16_t queue) noexcept {
  queues_[queue] = {};
  free_.push_back(queue);
}

}  // namespace culvert::cstp
