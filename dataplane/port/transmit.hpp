// One worker's way out of one port: collects frames and sends them in bursts.
//
// Takes finished Ethernet frames (l2_len set; l3_len, l4_len too if ol_flags asks for checksums or
// segmentation). Drops: tx_full, tx_refused, handoff_full, no_buffer.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include <rte_ring.h>

#include "dataplane/packet/drop.hpp"
#include "dataplane/port/port.hpp"

namespace culvert::dp {

// Written by one worker, read by control (relaxed).
struct TransmitCounters {
  std::atomic<uint64_t> packets{0};
  std::atomic<uint64_t> bytes{0};
  std::atomic<uint64_t> handed_over{0};  // to the worker that has the queue
  std::atomic<uint64_t> prepare_failures{
      0};                           // refused by rte_eth_tx_prepare; dropped as tx_refused
  std::atomic<uint64_t> copied{0};  // chains that the port cannot take, copied into one buffer
};

class PortTx {
 public:
  // `to_owner`: the ring to the worker that has the transmit queue (owner()), if this worker has
  // none; that worker pushes what it finds there with meta.handoff == Handoff::transmit into its
  // own PortTx. `pool` is for copies of chains.
  PortTx(const Port& port, uint16_t worker, rte_ring* to_owner, rte_mempool* pool,
         DropCounters& drops) noexcept;
  PortTx(const PortTx&) = delete;
  PortTx& operator=(const PortTx&) = delete;
  ~PortTx();

  // The worker whose queue `worker` uses on the port: itself, if there are enough queues.
  [[nodiscard]] static uint16_t owner(const Port& port, uint16_t worker) noexcept {
    return static_cast<uint16_t>(worker % port.tx_queues());
  }

  void push(rte_mbuf* m) noexcept {
    if (size_ == kCapacity) [[unlikely]] {
      flush();
      if (size_ == kCapacity) {
        drop(*drops_, DropReason::tx_full, m);
        return;
      }
    }
    frames_[size_++] = m;
    if (size_ % kBurst == 0) flush();
  }
  // At the end of each loop. What the port does not take now stays for the next time, while there
  // is room.
  void flush() noexcept;

  [[nodiscard]] uint32_t waiting() const noexcept { return size_; }
  [[nodiscard]] const TransmitCounters& counters() const noexcept { return counters_; }

 private:
  static constexpr uint32_t kCapacity = 4 * kBurst;

  void prepare() noexcept;
  [[nodiscard]] rte_mbuf* single_buffer(rte_mbuf* m) noexcept;
  void hand_over() noexcept;
  void keep_rest(uint32_t sent) noexcept;

  std::array<rte_mbuf*, kCapacity> frames_;
  uint32_t size_ = 0;
  uint32_t prepared_ = 0;  // the first ones need no more work
  uint16_t port_;
  uint16_t queue_;
  bool port_prepares_;
  uint16_t max_segments_;
  uint16_t max_tso_segments_;
  PortCapabilities capabilities_;
  rte_ring* to_owner_;
  rte_mempool* pool_;
  DropCounters* drops_;
  TransmitCounters counters_;
};

}  // namespace culvert::dp
