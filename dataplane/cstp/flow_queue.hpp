// What waits for one tunnel: inner packets, one queue a flow, served in turns (RFC 8290), each watched
// by CoDel. A flow that sends less than its share is always served before those that fill the tunnel.
#pragma once

#include <array>
#include <cstdint>

#include <rte_mbuf.h>

#include "dataplane/cstp/codel.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::cstp {

// Takes the packets that are dropped, and hears of those that are marked. Plain functions and an
// argument rather than virtuals.
struct QueueVerdicts {
  void (*drop)(void* arg, rte_mbuf* m);
  bool (*mark)(void* arg, rte_mbuf* m);  // false: it cannot be marked
  void* arg;
};

// Owns the packets that are in it. Single-segment ones; their `next` and `hash` are used.
class FlowQueue {
 public:
  // Queues at a time. RFC 8290 has 1024 for a link that thousands of hosts share; this is one user's.
  static constexpr uint32_t kFlows = 16;
  // Bytes that a flow may send before it is another's turn (RFC 8290 §5.2.4: a packet's worth).
  static constexpr int32_t kQuantum = 1500;

  // `flow`: of equal value for all packets of a flow; their order is kept.
  void push(rte_mbuf* m, uint16_t flow, dp::Time now) noexcept;
  // The next to be sent, nullptr if there is none (left). Those that have waited for too long are
  // marked or dropped on the way.
  [[nodiscard]] rte_mbuf* pop(dp::Time now, const CodelTimes& times,
                              const QueueVerdicts& verdicts) noexcept;
  // The oldest packet of the flow of which most bytes wait: what has to go when there is no room (RFC
  // 8290 §4.1). nullptr if the queue is empty.
  [[nodiscard]] rte_mbuf* pop_fattest() noexcept;

  [[nodiscard]] uint32_t packets() const noexcept { return packets_; }
  [[nodiscard]] uint32_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool empty() const noexcept { return packets_ == 0; }

 private:
  static constexpr uint8_t kNone = 0xff;
  struct Flow {
    rte_mbuf* head = nullptr;
    rte_mbuf* tail = nullptr;
    uint32_t bytes = 0;
    int32_t deficit = 0;  // bytes that it may still send in this turn
    Codel codel;
    uint8_t next = kNone;  // in its list
  };
  struct List {  // of flows, in the order of their turns
    uint8_t head = kNone;
    uint8_t tail = kNone;
  };
  // One flow as Codel sees it.
  struct Waiting;

  [[nodiscard]] uint8_t place_of(uint16_t flow) noexcept;
  void append(List& list, uint8_t flow) noexcept;
  void remove_head(List& list) noexcept;
  [[nodiscard]] rte_mbuf* take(Flow& flow) noexcept;

  std::array<uint16_t, kFlows> names_{};  // of the flows that the places are for, or were
  uint16_t listed_ = 0;                   // places in either list, a bit each
  // Some place has two flows in it. Until everything is sent, places are given by name alone, so that
  // no flow is ever in two.
  bool crowded_ = false;
  List fresh_;  // flows that have just begun to wait
  List others_;
  uint32_t packets_ = 0;
  uint32_t bytes_ = 0;
  std::array<Flow, kFlows> flows_;
};

}  // namespace culvert::cstp
