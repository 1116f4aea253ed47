// One direction of a simulated wire: rate, delay, a queue, and everything that goes wrong on real ones.
#pragma once

#include <cstdint>

#include <rte_mbuf.h>

#include "dataplane/tcp/endpoint.hpp"
#include "tests/dataplane/tcp/network/dice.hpp"

namespace culvert::tcp::test {

// Probabilities from 0 to 1, times in microseconds.
struct LinkConfig {
  uint64_t rate = 0;   // bits a second, counting IP packets; 0: no limit
  Time delay = 5'000;  // of the bare wire
  uint32_t queue = 0;  // bytes that wait for the wire, drop-tail; 0: no limit
  double loss = 0;     // each packet by itself
  // Losses in bursts (Gilbert and Elliott, in time): with this probability a burst begins with a packet, and
  // nothing comes through for a time of this mean.
  double burst_begins = 0;
  Time burst_lasts = 0;
  double ack_loss = 0;  // more, of segments that do nothing but acknowledge
  double reorder = 0;   // a packet is late by up to `reorder_by`, and those behind it pass
  Time reorder_by = 0;
  double duplicate = 0;
  double corrupt = 0;  // one bit behind the IP header is flipped
  Time jitter = 0;     // up to so much later, in order
  // What a box on the way takes out of SYNs.
  bool strip_sack = false;
  bool strip_timestamps = false;
  bool strip_scale = false;
};

struct LinkCounters {
  uint64_t packets = 0;  // that reached the far end, doubles too
  uint64_t bytes = 0;
  uint64_t lost = 0;
  uint64_t overflowed = 0;
  uint64_t reordered = 0;
  uint64_t duplicated = 0;
  uint64_t corrupted = 0;
  uint64_t most_queued = 0;     // bytes
  uint64_t queued_by_time = 0;  // byte-microseconds, for the mean
};

class Link {
 public:
  Link(const LinkConfig& config, uint64_t seed) : config_(config), dice_(seed) {}

  struct Carried {
    rte_mbuf* packet[2] = {nullptr, nullptr};  // none if it is lost, two if it is doubled
    Time at[2] = {0, 0};
  };
  // Takes an IPv4 packet of one buffer that carries TCP.
  [[nodiscard]] Carried carry(rte_mbuf* m, Time now);
  [[nodiscard]] const LinkCounters& counters() const { return counters_; }
  [[nodiscard]] const LinkConfig& config() const { return config_; }
  // From now on.
  void change(const LinkConfig& config) { config_ = config; }

 private:
  [[nodiscard]] bool lost(const rte_mbuf* m, Time now);
  [[nodiscard]] rte_mbuf* flip_a_bit(rte_mbuf* m);
  void strip_options(rte_mbuf* m) const;

  LinkConfig config_;
  Dice dice_;
  LinkCounters counters_;
  Time burst_ends_ = 0;
  uint64_t busy_until_ = 0;  // nanoseconds
  Time last_arrival_ = 0;    // of those in order
};

}  // namespace culvert::tcp::test
