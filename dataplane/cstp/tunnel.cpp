#include "dataplane/cstp/tunnel.hpp"

#include <stdexcept>

#include <rte_malloc.h>
#include <rte_mbuf.h>

namespace culvert::cstp {

void TunnelTable::FreeKeys::operator()(Keys* k) const noexcept {
  rte_free(k);
}

TunnelTable::TunnelTable(uint32_t slots, uint32_t waiting)
    : backlog(slots, waiting), tunnels_(slots), counters_(slots) {
  keys_.reset(static_cast<Keys*>(rte_zmalloc("tunnel_keys", sizeof(Keys) * slots, 64)));
  if (keys_ == nullptr) {
    throw std::runtime_error(
        "no memory for the tunnels' keys: raise `memory` in the dataplane section, or lower "
        "`sessions`");
  }
  active.reserve(slots);
  owing.reserve(slots);
}

TunnelTable::~TunnelTable() {
  for (uint32_t slot : active) {
    keys_[slot].rx.clear();
    keys_[slot].tx.clear();
    while (rte_mbuf* m = take_waiting(tunnels_[slot]))
      rte_pktmbuf_free(m);
  }
}

Tunnel& TunnelTable::open(const ConnId& conn) noexcept {
  Tunnel& t = tunnels_[conn.slot];
  const bool listed = t.listed;  // a slot may still stand in `owing` with nothing owed
  const bool ready = t.ready;    // and likewise in `backlog.ready`
  t = Tunnel{};
  t.listed = listed;
  t.ready = ready;
  t.phase = Phase::setup;
  t.generation = conn.generation;
  t.active_index = static_cast<uint32_t>(active.size());
  active.push_back(conn.slot);
  return t;
}

void TunnelTable::close(Tunnel& t) noexcept {
  const uint32_t slot = slot_of(t);
  keys_[slot].rx.clear();
  keys_[slot].tx.clear();
  const uint32_t last = active.back();
  active[t.active_index] = last;
  tunnels_[last].active_index = t.active_index;
  active.pop_back();
  t.phase = Phase::unused;
  t.owed = 0;
}

rte_mbuf* TunnelTable::take_waiting(Tunnel& t) noexcept {
  if (t.queue == Backlog::kNoQueue) return nullptr;
  rte_mbuf* m = backlog[t.queue].pop_fattest();
  backlog.removed(1);
  if (backlog[t.queue].empty()) {
    backlog.give_back(t.queue);
    t.queue = Backlog::kNoQueue;
  }
  return m;
}

void TunnelTable::owe(Tunnel& t, uint8_t bits) noexcept {
  t.owed |= bits;
  if (t.listed) return;
  t.listed = true;
  owing.push_back(slot_of(t));
}

}  // namespace culvert::cstp
