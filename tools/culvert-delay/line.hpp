// One line: two ports, and a direction each way.
#pragma once

#include <array>
#include <string>

#include <rte_mbuf.h>

#include "dataplane/packet/counter.hpp"
#include "dataplane/port/port.hpp"
#include "tools/culvert-delay/lateness.hpp"
#include "tools/culvert-delay/path.hpp"
#include "tools/culvert-delay/schedule.hpp"

namespace culvert::delay {

struct DirectionCounters {  // one thread writes, any may read
  dp::Counter received, received_bytes, sent, sent_bytes;
  dp::Counter lost, queue_full, held_back, duplicated;
  dp::Counter no_room;        // more on its way than the program has room for: raise --packets
  dp::Counter unsent;         // the port did not take it
  dp::Counter longest_queue;  // bytes
};

class Direction {
 public:
  Direction(const dp::Port& from, const dp::Port& to, rte_mempool* pool, const Impairment& what,
            uint64_t seed, uint64_t number, size_t capacity)
      : from_(from), to_(to), pool_(pool), path_(what, seed, number), schedule_(capacity) {}
  ~Direction();
  Direction(const Direction&) = delete;
  Direction& operator=(const Direction&) = delete;

  // What has come, into the line; how many packets.
  unsigned receive(Nanoseconds now) noexcept;
  // What is due, out of it.
  void send_due(Nanoseconds now) noexcept;
  [[nodiscard]] Nanoseconds next_due() const noexcept { return schedule_.next_due(); }

  [[nodiscard]] const DirectionCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] const Lateness& lateness() const noexcept { return lateness_; }
  [[nodiscard]] const dp::Port& from() const noexcept { return from_; }

 private:
  void accept(rte_mbuf* m, Nanoseconds now) noexcept;
  void put(rte_mbuf* m, const Verdict& verdict) noexcept;

  const dp::Port& from_;
  const dp::Port& to_;
  rte_mempool* pool_;
  Path path_;
  Schedule<rte_mbuf*> schedule_;
  DirectionCounters counters_;
  Lateness lateness_;
};

class Line {
 public:
  Line(const std::string& a, const std::string& b, rte_mempool* pool, uint16_t mtu,
       const std::array<Impairment, 2>& ways, uint64_t seed, size_t capacity);

  [[nodiscard]] std::array<Direction, 2>& directions() noexcept { return directions_; }
  [[nodiscard]] const std::array<Direction, 2>& directions() const noexcept { return directions_; }

 private:
  // A port that takes whatever comes by: nothing is addressed to it.
  struct OpenPort {
    OpenPort(const std::string& device, rte_mempool* pool, uint16_t mtu);
    dp::Port port;
  };

  OpenPort a_, b_;
  std::array<Direction, 2> directions_;
};

}  // namespace culvert::delay
