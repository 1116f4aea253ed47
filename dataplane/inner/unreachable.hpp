// "Fragmentation needed" to the sender of a packet that was too big for its tunnel, at the rate
// that the ASA's `icmp unreachable rate-limit` allows.
#pragma once

#include <atomic>
#include <cstdint>

#include <rte_mempool.h>

#include "dataplane/packet/address.hpp"

struct rte_mbuf;

namespace culvert::dp {

// One for the box, shared by all workers: only packets that were dropped touch it. Generic cell
// rate: the next message may go when the theoretical arrival time has come within `burst`
// intervals.
class UnreachableLimit {
 public:
  // The ASA's default is 1 message a second, burst 1. Throws std::invalid_argument unless both are
  // at least 1 and `per_second` at most a million.
  explicit UnreachableLimit(uint32_t per_second = 1, uint32_t burst = 1) {
    set_rate(per_second, burst);
  }
  // For messages from now on; from any thread. Throws likewise, and then nothing has changed.
  void set_rate(uint32_t per_second, uint32_t burst);

  [[nodiscard]] bool allow(uint64_t now_us) noexcept;
  [[nodiscard]] uint64_t sent() const noexcept { return sent_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint64_t suppressed() const noexcept {
    return suppressed_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<uint64_t> interval_us_{0};
  std::atomic<uint64_t> burst_us_{0};
  std::atomic<uint64_t> next_us_{0};
  std::atomic<uint64_t> sent_{0};
  std::atomic<uint64_t> suppressed_{0};
};

// RFC 1122 §3.2.2: whether the sender of this IPv4 packet may get an error at all. Not for an ICMP
// error, a fragment other than the first, or a source that is no single host.
[[nodiscard]] bool may_answer(const rte_mbuf* packet) noexcept;

// A whole IPv4 packet: ICMP type 3 code 4 with `next_hop_mtu` (RFC 1191 §4), quoting as much of
// `packet` as RFC 1812 §4.3.2.3 allows (576 bytes in all). `packet` may be answered. nullptr if
// there is no buffer.
[[nodiscard]] rte_mbuf* make_fragmentation_needed(const rte_mbuf* packet, const IpAddress& source,
                                                  uint16_t next_hop_mtu,
                                                  rte_mempool* pool) noexcept;

}  // namespace culvert::dp
