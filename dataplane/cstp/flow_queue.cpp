// Turns, places and limits of a tunnel's flows.
#include "dataplane/cstp/flow_queue.hpp"

#include <bit>

namespace culvert::cstp {

namespace {

// RFC 8289 §5.6: as long as no more than one packet waits behind it, none has waited too long.
constexpr uint32_t kMtu = 1500;

// When a packet came. Nobody else needs the field once a packet has found its way.
void set_arrival(rte_mbuf* m, dp::Time now) noexcept {
  m->hash.usr = static_cast<uint32_t>(now);
}
[[nodiscard]] uint32_t waited(const rte_mbuf* m, uint32_t now) noexcept {
  return now - m->hash.usr;
}

}  // namespace

struct FlowQueue::Waiting {
  FlowQueue& queue;
  Flow& flow;
  uint32_t now;
  const QueueVerdicts& verdicts;

  [[nodiscard]] rte_mbuf* take(uint32_t& time) const noexcept {
    rte_mbuf* m = queue.take(flow);
    time = m == nullptr || queue.bytes_ <= kMtu ? 0 : waited(m, now);
    return m;
  }
  [[nodiscard]] bool mark(rte_mbuf* m) const noexcept { return verdicts.mark(verdicts.arg, m); }
  void discard(rte_mbuf* m) const noexcept { verdicts.drop(verdicts.arg, m); }
};

void FlowQueue::append(List& list, uint8_t flow) noexcept {
  flows_[flow].next = kNone;
  (list.tail != kNone ? flows_[list.tail].next : list.head) = flow;
  list.tail = flow;
}

void FlowQueue::remove_head(List& list) noexcept {
  list.head = flows_[list.head].next;
  if (list.head == kNone) list.tail = kNone;
}

rte_mbuf* FlowQueue::take(Flow& flow) noexcept {
  rte_mbuf* m = flow.head;
  if (m == nullptr) return nullptr;
  flow.head = m->next;
  if (flow.head == nullptr) flow.tail = nullptr;
  m->next = nullptr;
  flow.bytes -= m->pkt_len;
  bytes_ -= m->pkt_len;
  --packets_;
  return m;
}

// Any place that is free serves any flow, so that flows share one only when there are more of them
// than places.
uint8_t FlowQueue::place_of(uint16_t flow) noexcept {
  uint32_t same = 0;
  for (uint32_t i = 0; i < kFlows; ++i)
    same |= static_cast<uint32_t>(names_[i] == flow) << i;
  if (same & listed_) return static_cast<uint8_t>(std::countr_zero(same & listed_));
  uint32_t place = flow % kFlows;
  if (!crowded_) {
    const uint32_t free = ~listed_ & ((1u << kFlows) - 1);
    if (free == 0) {
      crowded_ = true;
    } else {
      // What CoDel has learned of this flow is still there, perhaps.
      place = static_cast<uint32_t>(std::countr_zero((same & free) != 0 ? same & free : free));
    }
  }
  if ((listed_ >> place & 1) == 0) {
    if (names_[place] != flow) flows_[place].codel = {};
    names_[place] = flow;
  }
  return static_cast<uint8_t>(place);
}

void FlowQueue::push(rte_mbuf* m, uint16_t flow, dp::Time now) noexcept {
  const uint8_t place = place_of(flow);
  Flow& f = flows_[place];
  if ((listed_ >> place & 1) == 0) {
    listed_ = static_cast<uint16_t>(listed_ | 1u << place);
    f.deficit = kQuantum;
    append(fresh_, place);
  }
  set_arrival(m, now);
  m->next = nullptr;
  (f.tail != nullptr ? f.tail->next : f.head) = m;
  f.tail = m;
  f.bytes += m->pkt_len;
  bytes_ += m->pkt_len;
  ++packets_;
}

// RFC 8290 §4.2.
rte_mbuf* FlowQueue::pop(dp::Time now, const CodelTimes& times,
                         const QueueVerdicts& verdicts) noexcept {
  for (;;) {
    List& list = fresh_.head != kNone ? fresh_ : others_;
    const uint8_t place = list.head;
    if (place == kNone) {
      crowded_ = false;
      return nullptr;
    }
    Flow& f = flows_[place];
    if (f.deficit <= 0) {
      f.deficit += kQuantum;
      remove_head(list);
      append(others_, place);
      continue;
    }
    Waiting waiting{*this, f, static_cast<uint32_t>(now), verdicts};
    rte_mbuf* m = f.codel.dequeue(waiting, static_cast<uint32_t>(now), times);
    if (m != nullptr) {
      f.deficit -= static_cast<int32_t>(m->pkt_len);
      return m;
    }
    remove_head(list);
    if (&list == &fresh_ && others_.head != kNone) {
      // Not forgotten at once, or a flow could always be a fresh one.
      append(others_, place);
    } else {
      listed_ = static_cast<uint16_t>(listed_ & ~(1u << place));
    }
  }
}

rte_mbuf* FlowQueue::pop_fattest() noexcept {
  Flow* fattest = &flows_[0];
  for (Flow& f : flows_) {
    if (f.bytes > fattest->bytes) fattest = &f;
  }
  return take(*fattest);
}

}  // namespace culvert::cstp
