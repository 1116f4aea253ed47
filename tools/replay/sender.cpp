// References instead of copies: see packet_store.hpp.
#include "tools/replay/sender.hpp"

#include <algorithm>
#include <array>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_prefetch.h>

#include "tools/replay/mark.hpp"

namespace culvert::replay {

namespace {

// A round that is shorter is repeated in memory, so that bursts are not cut short at its end.
constexpr size_t kLeastRound = 2048;
constexpr uint32_t kAhead = 8;  // packets that are fetched into the cache before they are needed

uint8_t* end_of(rte_mbuf* m) noexcept {
  return rte_pktmbuf_mtod_offset(m, uint8_t*, m->data_len);
}

}  // namespace

Sender::Sender(SenderConfig config)
    : port_(config.port),
      queue_(config.queue),
      burst_(std::clamp(config.burst, 1u, kMostPerBurst)),
      packets_(std::move(config.packets)),
      due_(std::move(config.due)),
      period_(config.period),
      left_(config.limit != 0    ? config.limit
            : config.rounds == 0 ? UINT64_MAX
                                 : packets_.size() * config.rounds),
      deadline_(config.deadline == 0 ? UINT64_MAX : config.deadline),
      total_(left_ == UINT64_MAX ? 0 : left_),
      stream_(config.stream),
      copies_(config.copies) {
  const size_t round = packets_.size();
  if (round == 0) left_ = total_ = 0;
  const bool once = config.rounds == 1 && config.limit == 0;
  if (round == 0 || once || round >= kLeastRound) return;
  const size_t times = (kLeastRound + round - 1) / round;
  for (size_t copy = 1; copy < times; ++copy) {
    for (size_t i = 0; i < round; ++i) {
      packets_.push_back(packets_[i]);
      if (!due_.empty()) due_.push_back(due_[i] + copy * period_);
    }
  }
  period_ *= times;
}

// How many packets from next_ on are to go now. Those that hold a reference were ready before.
uint32_t Sender::ready(uint64_t now) const noexcept {
  const uint64_t most = std::min({uint64_t{burst_}, left_, uint64_t{packets_.size() - next_}});
  if (due_.empty()) return static_cast<uint32_t>(most);
  const uint64_t* due = due_.data() + next_;
  const uint64_t elapsed = now - round_began_;
  if (now < round_began_) return 0;
  uint32_t n = held_;
  while (n < most && due[n] <= elapsed)
    ++n;
  return n;
}

uint32_t Sender::send_as_they_are(uint32_t n, uint64_t& bytes) noexcept {
  rte_mbuf** packets = packets_.data() + next_;
  for (uint32_t i = held_; i < n; ++i) {
    if (next_ + i + kAhead < packets_.size()) rte_prefetch0(packets[i + kAhead]);
    rte_mbuf_refcnt_update(packets[i], 1);
  }
  const uint32_t sent = rte_eth_tx_burst(port_, queue_, packets, static_cast<uint16_t>(n));
  held_ = n - sent;
  for (uint32_t i = 0; i < sent; ++i)
    bytes += packets[i]->pkt_len;
  return sent;
}

// Each frame is marked anew. One that the driver still holds from a round before must not change.
uint32_t Sender::send_marked(uint32_t n, uint64_t& bytes) noexcept {
  std::array<rte_mbuf*, kMostPerBurst> out;
  uint32_t made = 0;
  for (; made < n; ++made) {
    rte_mbuf* m = packets_[next_ + made];
    if (rte_mbuf_refcnt_read(m) == 1) {
      rte_mbuf_refcnt_update(m, 1);
    } else {
      m = rte_pktmbuf_copy(m, copies_, 0, UINT32_MAX);
      if (m == nullptr) break;
    }
    out[made] = m;
  }
  const uint64_t tick = rte_rdtsc();
  for (uint32_t i = 0; i < made; ++i)
    write_mark(end_of(out[i]), {.stream = *stream_, .sequence = sequence_ + i, .tick = tick});
  const uint32_t sent = rte_eth_tx_burst(port_, queue_, out.data(), static_cast<uint16_t>(made));
  for (uint32_t i = sent; i < made; ++i)
    rte_pktmbuf_free(out[i]);
  sequence_ += sent;
  for (uint32_t i = 0; i < sent; ++i)
    bytes += packets_[next_ + i]->pkt_len;
  return sent;
}

void Sender::advance(uint32_t sent, uint64_t tick) noexcept {
  if (!due_.empty()) {
    const uint64_t elapsed = tick - round_began_;
    for (uint32_t i = 0; i < sent; ++i)
      lateness_.add(elapsed - due_[next_ + i]);
  }
  if (first_tick_ == 0) first_tick_ = tick;
  last_tick_ = tick;
  left_ -= total_ == 0 ? 0 : sent;
  next_ += sent;
  if (next_ < packets_.size()) return;
  next_ = 0;
  round_began_ += period_;
}

bool Sender::poll(uint64_t now) noexcept {
  if (left_ == 0 || now > deadline_) return false;
  const uint32_t n = ready(now);
  if (n == 0) return true;
  uint64_t bytes = 0;
  const uint32_t sent = stream_ ? send_marked(n, bytes) : send_as_they_are(n, bytes);
  if (sent < n) dp::count(counters_.refusals);
  if (sent == 0) return true;
  dp::count(counters_.packets, sent);
  dp::count(counters_.bytes, bytes);
  advance(sent, rte_rdtsc());
  return left_ != 0;
}

}  // namespace culvert::replay
