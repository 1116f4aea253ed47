#include "tools/replay/tunnel/ring_cable.hpp"

#include <atomic>

#include <rte_dev.h>
#include <rte_eth_ring.h>
#include <rte_mbuf.h>

#include "tools/replay/failure.hpp"

namespace culvert::replay {

void RingCable::Drain::operator()(rte_ring* ring) const noexcept {
  void* frame = nullptr;
  while (rte_ring_dequeue(ring, &frame) == 0)
    rte_pktmbuf_free(static_cast<rte_mbuf*>(frame));
  rte_ring_free(ring);
}

RingCable::RingCable(const std::string& wish, rte_mempool* pool, uint16_t mtu) {
  static std::atomic<unsigned> next{0};  // names are the process's
  const std::string name = wish + std::to_string(next.fetch_add(1)) + '-';
  for (unsigned i = 0; i < 2; ++i) {
    const std::string ring = name + std::to_string(i);
    rings_[i].reset(rte_ring_create(ring.c_str(), kFrames, SOCKET_ID_ANY,
                                    RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ));
    if (!rings_[i]) throw Failure("There is no memory for rings: give --tester-rate.");
  }
  for (unsigned i = 0; i < 2; ++i) {
    rte_ring* const in = rings_[i].get();
    rte_ring* const out = rings_[1 - i].get();
    const std::string end = name + std::to_string(i);
    if (rte_eth_from_rings(end.c_str(), &in, 1, &out, 1, 0) < 0)
      throw Failure("DPDK makes no net_ring device: give --tester-rate.");
    ends_[i] = std::make_unique<dp::Port>("net_ring_" + end);
    ends_[i]->configure({.pool = pool, .mtu = mtu, .verbatim = true});
    ends_[i]->start();
  }
}

RingCable::~RingCable() {
  for (unsigned i = 0; i < 2; ++i) {
    if (!ends_[i]) continue;
    const std::string device = ends_[i]->name();
    ends_[i].reset();
    rte_eal_hotplug_remove("vdev", device.c_str());
  }
}

}  // namespace culvert::replay
