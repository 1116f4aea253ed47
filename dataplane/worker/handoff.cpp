#include "dataplane/worker/handoff.hpp"

#include <stdexcept>
#include <string>

#include <rte_lcore.h>

namespace culvert::dp {

HandoffMesh::HandoffMesh(unsigned workers, unsigned ring_size)
    : workers_(workers), rings_(size_t{workers} * workers), bells_(workers), next_(workers) {
  for (unsigned from = 0; from < workers; ++from) {
    for (unsigned to = 0; to < workers; ++to) {
      if (from == to) continue;
      const std::string name = "handoff_" + std::to_string(from) + "_" + std::to_string(to);
      auto& slot = rings_[from * workers + to];
      slot.reset(rte_ring_create(name.c_str(), ring_size, SOCKET_ID_ANY,
                                 RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ));
      if (slot == nullptr) {
        throw std::runtime_error(
            "no memory for the rings between workers: raise `memory` in the dataplane section");
      }
    }
  }
}

HandoffMesh::~HandoffMesh() {
  for (auto& ring : rings_) {
    void* m = nullptr;
    while (ring != nullptr && rte_ring_sc_dequeue(ring.get(), &m) == 0) {
      rte_pktmbuf_free(static_cast<rte_mbuf*>(m));
    }
  }
}

uint32_t HandoffMesh::put(unsigned from, unsigned to, std::span<rte_mbuf*> packets,
                          DropCounters& drops) noexcept {
  const auto count = static_cast<unsigned>(packets.size());
  const unsigned went = rte_ring_sp_enqueue_burst(
      ring(from, to), reinterpret_cast<void* const*>(packets.data()), count, nullptr);
  for (unsigned i = went; i < count; ++i)
    drop(drops, DropReason::handoff_full, packets[i]);
  if (went != 0) bells_[to]->ring();
  return went;
}

void HandoffMesh::take(unsigned to, Batch& out) noexcept {
  const auto after = [this](unsigned w) { return w + 1 == workers_ ? 0 : w + 1; };
  // A worker has no ring to itself: whoever were asked in its place would come first twice a round.
  if (next_[to] == to) next_[to] = after(to);
  unsigned from = next_[to];
  next_[to] = after(from);
  for (unsigned i = 0; i < workers_ && !out.full(); ++i, from = after(from)) {
    if (from == to) continue;
    const uint32_t have = out.size();
    const unsigned n =
        rte_ring_sc_dequeue_burst(ring(from, to), reinterpret_cast<void**>(out.data() + have),
                                  Batch::capacity() - have, nullptr);
    out.set_size(have + n);
  }
}

bool HandoffMesh::empty(unsigned to) const noexcept {
  for (unsigned from = 0; from < workers_; ++from) {
    if (from != to && rte_ring_empty(ring(from, to)) == 0) return false;
  }
  return true;
}

unsigned HandoffMesh::entries() const noexcept {
  unsigned n = 0;
  for (const auto& ring : rings_)
    n += ring == nullptr ? 0 : rte_ring_count(ring.get());
  return n;
}

}  // namespace culvert::dp
