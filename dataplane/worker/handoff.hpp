// Packets from one worker to another: a full mesh of single-producer single-consumer rings.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <rte_ring.h>

#include "dataplane/packet/batch.hpp"
#include "dataplane/packet/drop.hpp"
#include "dataplane/session/doorbell.hpp"

namespace culvert::dp {

// meta.handoff says what the packet is there for. A ring that is full drops: handoff_full.
class HandoffMesh {
 public:
  // Throws std::runtime_error if the memory is not there.
  HandoffMesh(unsigned workers, unsigned ring_size);
  ~HandoffMesh();
  HandoffMesh(const HandoffMesh&) = delete;
  HandoffMesh& operator=(const HandoffMesh&) = delete;

  // The bell of the worker that reads; workers ring each other's.
  void set_bell(unsigned worker, Doorbell* bell) noexcept { bells_[worker] = bell; }

  // Passes all packets on and counts what did not go; returns how many went.
  uint32_t put(unsigned from, unsigned to, std::span<rte_mbuf*> packets,
               DropCounters& drops) noexcept;
  // Up to the batch's free room; whose ring comes first moves on with each call.
  void take(unsigned to, Batch& out) noexcept;
  [[nodiscard]] bool empty(unsigned to) const noexcept;
  [[nodiscard]] unsigned entries() const noexcept;  // packets in all rings, for the leak test

  // For a producer that puts packets in by itself (PortTx); it rings no bell.
  [[nodiscard]] rte_ring* ring(unsigned from, unsigned to) const noexcept {
    return rings_[size_t{from} * workers_ + to].get();
  }
  void ring_bell(unsigned worker) noexcept { bells_[worker]->ring(); }

 private:
  struct Free {
    void operator()(rte_ring* r) const noexcept { rte_ring_free(r); }
  };
  unsigned workers_;
  std::vector<std::unique_ptr<rte_ring, Free>> rings_;
  std::vector<Doorbell*> bells_;
  std::vector<unsigned> next_;  // per reader: the ring to look at first
};

}  // namespace culvert::dp
