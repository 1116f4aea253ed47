#include "dataplane/packet/drop_tap.hpp"

#include <algorithm>
#include <cstring>

namespace culvert::dp {

DropTap::DropTap(const Time& now) : now_(now), slots_(std::make_unique<DropCopy[]>(kSlots)) {}

void DropTap::take(DropReason reason, const rte_mbuf& packet) noexcept {
  const auto index = static_cast<size_t>(reason);
  if (!wanted_[index].load(std::memory_order_relaxed)) return;
  const uint32_t head = head_.load(std::memory_order_relaxed);
  if (head - tail_.load(std::memory_order_acquire) == kSlots) {
    count(missed_[index]);
    return;
  }
  DropCopy& copy = slots_[head % kSlots];
  copy.at = now_;
  copy.size = packet.pkt_len;
  copy.port = packet.port;
  copy.reason = reason;
  uint32_t at = 0;
  for (const rte_mbuf* m = &packet; m != nullptr && at < DropCopy::kMost; m = m->next) {
    const uint32_t part = std::min<uint32_t>(m->data_len, DropCopy::kMost - at);
    std::memcpy(copy.data.data() + at, rte_pktmbuf_mtod(m, const uint8_t*), part);
    at += part;
  }
  copy.captured = static_cast<uint16_t>(at);
  head_.store(head + 1, std::memory_order_release);
}

const DropCopy* DropTap::front() const noexcept {
  const uint32_t tail = tail_.load(std::memory_order_relaxed);
  return tail == head_.load(std::memory_order_acquire) ? nullptr : &slots_[tail % kSlots];
}

void DropTap::pop() noexcept {
  tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

void copy_drop(DropTap& tap, DropReason reason, const rte_mbuf* packet) noexcept {
  if (packet != nullptr) tap.take(reason, *packet);
}

}  // namespace culvert::dp
