#include "dataplane/dtls/roaming.hpp"

#include <cstring>

namespace culvert::dtls {

namespace {

// Out of place: what fails is zeroed, and may fit the next one's keys.
bool opens(Context& c, ReceiveSide& s, const Datagram& d, const Record& record) noexcept {
  crypto::record::OpenOp op{};
  op.keys = &c.receive.keys(c.receive.slot_of(s));
  op.record = d.data() + record.offset;
  op.record_size = record.size;
  op.payload = c.scratch;
  crypto::record::open(c.mb, {&op, 1});
  dp::count(c.counters.trials);
  return op.status == crypto::record::OpenStatus::ok;
}

}  // namespace

ReceiveSide* find_moved(Context& c, const Datagram& d, const Record& record, uint8_t landed,
                        Time now) noexcept {
  ReceiveSide* found = nullptr;
  c.receive.visit_candidates(d.flow, [&](ReceiveSide& s) {
    if (record.epoch() != s.epoch || record.number() < s.window.next()) return false;
    if (!c.trials.take(now)) return true;
    if (!opens(c, s, d, record)) return false;
    found = &s;
    return true;
  });
  if (found == nullptr) return nullptr;
  c.receive.map(*found, d.flow);
  found->landed = landed;
  found->moved = now;
  dp::count(c.counters.moves);
  c.receive.owe(*found, owed::kMoved);
  tell_transmit_side(c, *found);
  return found;
}

void tell_transmit_side(Context& c, const ReceiveSide& s) noexcept {
  if (s.transmit.worker == c.worker) {
    if (TransmitSide* t = c.transmit.find(s.transmit)) t->path.set(s.flow);
    return;
  }
  rte_mbuf* m = rte_pktmbuf_alloc(c.pool);
  if (m == nullptr) return;
  std::memcpy(rte_pktmbuf_append(m, sizeof s.flow), &s.flow, sizeof s.flow);
  dp::PacketMeta& meta = dp::meta(m);
  meta = {};
  meta.conn = s.transmit;
  meta.handoff = dp::Handoff::dtls_move;
  c.edges.handoff.push(m);
}

void take_move(Context& c, rte_mbuf* notice) noexcept {
  dp::Flow flow;
  std::memcpy(&flow, rte_pktmbuf_mtod(notice, const void*), sizeof flow);
  if (TransmitSide* t = c.transmit.find(dp::meta(notice).conn)) t->path.set(flow);
  rte_pktmbuf_free(notice);
}

}  // namespace culvert::dtls
