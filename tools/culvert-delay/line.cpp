#include "tools/culvert-delay/line.hpp"

#include <rte_ethdev.h>

namespace culvert::delay {

namespace {
constexpr uint16_t kBurst = 32;
}

Direction::~Direction() {
  while (schedule_.size() != 0)
    rte_pktmbuf_free(schedule_.take());
}

unsigned Direction::receive(Nanoseconds now) noexcept {
  std::array<rte_mbuf*, kBurst> burst;
  const uint16_t came = rte_eth_rx_burst(from_.id(), 0, burst.data(), kBurst);
  for (uint16_t i = 0; i < came; ++i)
    accept(burst[i], now);
  if (came != 0) {
    counters_.longest_queue.store(path_.bottleneck().longest(), std::memory_order_relaxed);
  }
  return came;
}

void Direction::accept(rte_mbuf* m, Nanoseconds now) noexcept {
  dp::count(counters_.received);
  dp::count(counters_.received_bytes, m->pkt_len);
  const Verdict verdict = path_.next(m->pkt_len, now);
  switch (verdict.fate) {
    case Fate::lost: dp::count(counters_.lost); return rte_pktmbuf_free(m);
    case Fate::queue_full: dp::count(counters_.queue_full); return rte_pktmbuf_free(m);
    case Fate::held_back: dp::count(counters_.held_back); break;
    case Fate::sent: break;
  }
  rte_mbuf* copy = verdict.duplicate ? rte_pktmbuf_copy(m, pool_, 0, UINT32_MAX) : nullptr;
  put(m, verdict);
  if (copy == nullptr) return;
  dp::count(counters_.duplicated);
  put(copy, verdict);
}

void Direction::put(rte_mbuf* m, const Verdict& verdict) noexcept {
  const bool there_was_room = verdict.fate == Fate::held_back ? schedule_.add_late(m, verdict.due)
                                                              : schedule_.add(m, verdict.due);
  if (there_was_room) return;
  dp::count(counters_.no_room);
  rte_pktmbuf_free(m);
}

void Direction::send_due(Nanoseconds now) noexcept {
  std::array<rte_mbuf*, kBurst> burst;
  while (schedule_.next_due() <= now) {
    uint16_t size = 0;
    uint64_t bytes = 0;
    while (size < kBurst && schedule_.next_due() <= now) {
      lateness_.add(now - schedule_.next_due());
      burst[size] = schedule_.take();
      bytes += burst[size++]->pkt_len;
    }
    const uint16_t went = rte_eth_tx_burst(to_.id(), 0, burst.data(), size);
    for (uint16_t i = went; i < size; ++i) {
      bytes -= burst[i]->pkt_len;
      rte_pktmbuf_free(burst[i]);
    }
    dp::count(counters_.sent, went);
    dp::count(counters_.sent_bytes, bytes);
    dp::count(counters_.unsent, size - went);
  }
}

Line::OpenPort::OpenPort(const std::string& device, rte_mempool* pool, uint16_t mtu)
    : port(device) {
  port.configure({.pool = pool, .mtu = mtu});
  port.start();
  (void)rte_eth_promiscuous_enable(port.id());
}

Line::Line(const std::string& a, const std::string& b, rte_mempool* pool, uint16_t mtu,
           const std::array<Impairment, 2>& ways, uint64_t seed, size_t capacity)
    : a_(a, pool, mtu),
      b_(b, pool, mtu),
      directions_{Direction(a_.port, b_.port, pool, ways[0], seed, 0, capacity),
                  Direction(b_.port, a_.port, pool, ways[1], seed, 1, capacity)} {}

}  // namespace culvert::delay
