// CSTP output: in: inner packets that passed the MTU check; out: TLS records in the connections'
// send queues, as many as TCP can soon send; the rest waits, unsealed. Drops: svc_no_channel,
// svc_flow_control, svc_no_prepend, svc_deleting.
//
// What waits in TCP can neither be dropped nor overtaken, and to the connections inside the tunnel a
// packet that comes late without end looks like a path that grows longer, not like a congested one: TCP
// in TCP. So what waits, waits here, where CoDel drops or marks it early and small flows go first.
#include "dataplane/cstp/output.hpp"

#include <rte_mbuf.h>

#include "dataplane/cstp/frame.hpp"
#include "dataplane/cstp/seal_burst.hpp"
#include "dataplane/inner/ecn.hpp"
#include "dataplane/inner/flow_name.hpp"

namespace culvert::cstp {

namespace {

using dp::DropReason;

// Records that one tunnel seals before it is another's turn.
constexpr uint32_t kRecordsSealedPerTurn = 64;

struct PacketVerdict {
  Context& c;
  Tunnel& t;

  static void drop(void* arg, rte_mbuf* m) noexcept {
    auto& self = *static_cast<PacketVerdict*>(arg);
    self.c.tunnels.backlog.removed(1);
    refuse_down(self.c, self.t, DropReason::svc_flow_control, m);
  }
  static bool mark(void* arg, rte_mbuf* m) noexcept {
    if (!dp::mark_congestion(m)) return false;
    auto& self = *static_cast<PacketVerdict*>(arg);
    dp::count(self.c.tunnels.counters(self.c.tunnels.slot_of(self.t)).tx_marked);
    return true;
  }
};

void wait(Context& c, Tunnel& t, rte_mbuf* m, Time now) noexcept {
  Backlog& backlog = c.tunnels.backlog;
  const uint32_t limit = backlog.limit();
  if (t.queue == Backlog::kNoQueue) {
    // A connection that is closing will want nothing any more.
    if (limit > 0 && c.tcp.may_send(conn_of(c, t))) t.queue = backlog.take();
    if (t.queue == Backlog::kNoQueue) {
      refuse_down(c, t, DropReason::svc_flow_control, m);
      return;
    }
    c.tcp.want_room(conn_of(c, t));
  }
  FlowQueue& queue = backlog[t.queue];
  queue.push(m, dp::flow_name(m), now);
  backlog.added();
  if (queue.packets() > limit) {
    backlog.removed(1);
    refuse_down(c, t, DropReason::svc_flow_control, queue.pop_fattest());
  }
}

// Takes its turn. True: it would have gone on.
bool seal_waiting(Context& c, Tunnel& t, SealBurst& burst, Time now) noexcept {
  const ConnId conn = conn_of(c, t);
  PacketVerdict verdict{c, t};
  const QueueVerdicts verdicts{PacketVerdict::drop, PacketVerdict::mark, &verdict};
  const auto times = CodelTimes::of_round_trip(c.tcp.round_trip(conn));
  const uint32_t largest = rte_pktmbuf_data_room_size(c.pool);
  for (uint32_t records = 0; burst.wants(t, largest); ++records) {
    if (records == kRecordsSealedPerTurn) return true;
    rte_mbuf* m = c.tunnels.backlog[t.queue].pop(now, times, verdicts);
    if (m != nullptr) {
      c.tunnels.backlog.removed(1);
      burst.add(t, m);
      if (t.queue == Backlog::kNoQueue) return false;  // it has ended
    }
    if (c.tunnels.backlog[t.queue].empty()) {
      c.tunnels.backlog.give_back(t.queue);
      t.queue = Backlog::kNoQueue;
      return false;
    }
  }
  c.tcp.want_room(conn);
  return false;
}

}  // namespace

void output(Context& c, std::span<rte_mbuf*> packets, Time now) noexcept {
  uint32_t last = UINT32_MAX;
  for (rte_mbuf* m : packets) {
    const ConnId& conn = dp::meta(m).conn;
    if (conn.slot == last) continue;
    last = conn.slot;
    c.tunnels.prefetch(last);
    c.tcp.prefetch(conn);
  }
  SealBurst burst(c, now);
  for (rte_mbuf* m : packets) {
    const ConnId& conn = dp::meta(m).conn;
    Tunnel* t = conn.slot < c.tunnels.slots() ? &c.tunnels[conn.slot] : nullptr;
    // A Channel carries the low 16 bits of the generation.
    if (t == nullptr || t->phase != Phase::tunnel ||
        static_cast<uint16_t>(t->generation) != static_cast<uint16_t>(conn.generation)) {
      dp::drop(c.drops, DropReason::svc_no_channel, m);
      continue;
    }
    if (!record_fits(*t, m)) {
      refuse_down(c, *t, DropReason::svc_no_prepend, m);
    } else if (t->close_notify_sent) {
      refuse_down(c, *t, DropReason::svc_flow_control, m);
    } else if (t->queue == Backlog::kNoQueue &&
               burst.wants(*t, m->pkt_len + kHeaderSize + t->overhead.total())) {
      burst.add(*t, m);
    } else {
      wait(c, *t, m, now);
    }
  }
  burst.finish();
}

void has_room(Context& c, Tunnel& t) noexcept {
  if (t.ready || t.queue == Backlog::kNoQueue) return;
  t.ready = true;
  c.tunnels.backlog.ready.push_back(c.tunnels.slot_of(t));
}

bool output_waiting(Context& c, Time now) noexcept {
  auto& ready = c.tunnels.backlog.ready;
  if (ready.empty()) return false;
  SealBurst burst(c, now);
  size_t kept = 0;
  for (const uint32_t slot : ready) {
    Tunnel& t = c.tunnels[slot];
    t.ready = t.queue != Backlog::kNoQueue && seal_waiting(c, t, burst, now);
    if (t.ready) ready[kept++] = slot;
  }
  ready.resize(kept);
  burst.finish();
  return kept != 0;
}

}  // namespace culvert::cstp
