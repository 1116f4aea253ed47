// A burst in, counted and freed or passed on.
#include "tools/replay/receiver.hpp"

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "tools/replay/arrival_time.hpp"
#include "tools/replay/mark.hpp"

namespace culvert::replay {

namespace {

constexpr uint16_t kReceivedAtOnce = 64;
constexpr size_t kMostStreams = 64;

// Its last bytes are read where they lie, if the mark is not spread over two buffers.
bool mark_of(rte_mbuf* m, Mark& mark) noexcept {
  if (m->pkt_len < kMarkSize) return false;
  rte_mbuf* last = rte_pktmbuf_lastseg(m);
  if (last->data_len >= kMarkSize) {
    return read_mark(rte_pktmbuf_mtod_offset(last, const uint8_t*, last->data_len), mark);
  }
  std::array<uint8_t, kMarkSize> copy;
  const void* at = rte_pktmbuf_read(m, m->pkt_len - kMarkSize, kMarkSize, copy.data());
  return read_mark(static_cast<const uint8_t*>(at) + kMarkSize, mark);
}

}  // namespace

Receiver::Receiver(const ReceiverConfig& config)
    : port_(config.port),
      queue_(config.queue),
      marks_(config.marks),
      prefix_(config.prefix),
      writer_(config.writer) {
  if (!marks_) return;
  for (size_t i = 0; i < kMostStreams; ++i)
    streams_.push_back(std::make_unique<Stream>());
}

Stream* Receiver::stream(uint32_t name) noexcept {
  if (prefix_ && name >> 8 != *prefix_) return nullptr;
  for (size_t i = 0; i < used_; ++i) {
    if (streams_[i]->name.load(std::memory_order_relaxed) == name) return streams_[i].get();
  }
  if (used_ == streams_.size()) return nullptr;
  streams_[used_]->name.store(name, std::memory_order_relaxed);
  return streams_[used_++].get();
}

// How many packets had one.
uint32_t Receiver::read_marks(rte_mbuf** packets, uint32_t n, uint64_t now) noexcept {
  Mark mark;
  uint32_t marked = 0;
  for (uint32_t i = 0; i < n; ++i) {
    Stream* of = mark_of(packets[i], mark) ? stream(mark.stream) : nullptr;
    if (of == nullptr) {
      dp::count(counters_.unmarked);
      continue;
    }
    ++marked;
    of->sequence.add(mark.sequence);
    // Two cores' counters may differ by a few ticks.
    latency_.add(now > mark.tick ? now - mark.tick : 0);
  }
  for (size_t i = 0; i < used_; ++i) {
    Stream& of = *streams_[i];
    of.distinct.store(of.sequence.distinct(), std::memory_order_relaxed);
    of.end.store(of.sequence.end(), std::memory_order_release);
  }
  return marked;
}

void Receiver::pass_on(rte_mbuf** packets, uint32_t n, uint64_t now) noexcept {
  for (uint32_t i = 0; i < n; ++i)
    set_arrival_time(packets[i], now);
  const uint32_t taken =
      rte_ring_enqueue_burst(writer_, reinterpret_cast<void**>(packets), n, nullptr);
  if (taken == n) return;
  dp::count(counters_.unwritten, n - taken);
  rte_pktmbuf_free_bulk(packets + taken, n - taken);
}

uint32_t Receiver::poll() noexcept {
  std::array<rte_mbuf*, kReceivedAtOnce> packets;
  const uint16_t n = rte_eth_rx_burst(port_, queue_, packets.data(), kReceivedAtOnce);
  if (n == 0) return 0;
  const uint64_t now = rte_rdtsc();
  uint64_t bytes = 0;
  for (uint16_t i = 0; i < n; ++i)
    bytes += packets[i]->pkt_len;
  const uint32_t awaited = marks_ ? read_marks(packets.data(), n, now) : n;
  if (first_tick_ == 0) first_tick_ = now;
  last_tick_ = now;
  if (writer_ != nullptr) {
    pass_on(packets.data(), n, now);
  } else {
    rte_pktmbuf_free_bulk(packets.data(), n);
  }
  // Last, so that who sees a packet counted finds what was read of it.
  dp::count(counters_.awaited, awaited);
  dp::count(counters_.packets, n);
  dp::count(counters_.bytes, bytes);
  return n;
}

}  // namespace culvert::replay
