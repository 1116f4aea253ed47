// Prepare, seal, finish. Drops: svc_flow_control. One CSTP packet a record.
//
// A packet may be dropped only before it is sealed: a record that has its sequence number must be
// sent.
#include "dataplane/cstp/seal_burst.hpp"

#include <rte_mbuf.h>

#include "crypto/record/key_prefetch.hpp"
#include "dataplane/cstp/frame.hpp"
#include "dataplane/cstp/key_update.hpp"
#include "dataplane/cstp/setup.hpp"

namespace culvert::cstp {

using crypto::record::ContentType;
using dp::DropReason;

void refuse_down(Context& c, Tunnel& t, DropReason reason, rte_mbuf* m) noexcept {
  dp::count(c.tunnels.counters(c.tunnels.slot_of(t)).tx_dropped);
  dp::drop(c.drops, reason, m);
}

bool record_fits(const Tunnel& t, const rte_mbuf* m) noexcept {
  return m->nb_segs == 1 && rte_pktmbuf_headroom(m) >= t.overhead.prefix + kHeaderSize &&
         rte_pktmbuf_tailroom(m) >= t.overhead.suffix;
}

void SealBurst::add(Tunnel& t, rte_mbuf* m) noexcept {
  if (count_ == dp::kBurst) finish();
  const uint32_t slot = c_.tunnels.slot_of(t);
  const uint32_t inner = m->pkt_len;
  const uint32_t head = t.overhead.prefix + kHeaderSize;
  auto* record = reinterpret_cast<uint8_t*>(rte_pktmbuf_prepend(m, static_cast<uint16_t>(head)));
  rte_pktmbuf_append(m, t.overhead.suffix);
  write_header(record + t.overhead.prefix, PacketType::data, static_cast<uint16_t>(inner));
  ops_[count_] = {&c_.tunnels.keys(slot).tx, record, inner + kHeaderSize,
                  ContentType::application_data, 0};
  if (slot != last_) {
    crypto::record::prefetch_part(*ops_[count_].keys,
                                  crypto::record::key_part(t.cipher, vaes_, inner));
  }
  last_ = slot;
  records_[count_] = m;
  dp::meta(m).conn = conn_of(c_, t);
  t.burst_bytes += m->pkt_len;
  ++count_;
}

void SealBurst::finish() noexcept {
  crypto::record::seal(c_.mb, {ops_.data(), count_});
  for (uint32_t i = 0; i < count_; ++i) {
    rte_mbuf* m = records_[i];
    const ConnId conn = dp::meta(m).conn;
    Tunnel& t = c_.tunnels[conn.slot];
    t.burst_bytes = 0;
    // What padding did not need.
    rte_pktmbuf_trim(m, static_cast<uint16_t>(m->pkt_len - ops_[i].record_size));
    if (ops_[i].record_size == 0 || !c_.tcp.send(conn, m)) {
      // The room was looked at, so the numbers are used up, or a record before this one has ended the
      // tunnel. A number that is spent must arrive, so the tunnel has to end.
      refuse_down(c_, t, DropReason::svc_flow_control, m);
      if (t.phase == Phase::tunnel) {
        end(c_, t, EndReason::timed_out);
        c_.tcp.abort(conn, now_);
      }
      continue;
    }
    sent(t, ops_[i]);
  }
  count_ = 0;
  last_ = UINT32_MAX;
}

void SealBurst::sent(Tunnel& t, const crypto::record::SealOp& op) noexcept {
  t.last_tx = now_;
  dp::TunnelCounters& n = c_.tunnels.counters(c_.tunnels.slot_of(t));
  n.last_data_us.store(now_, std::memory_order_relaxed);
  dp::count(n.tx_packets);
  dp::count(n.tx_bytes, op.payload_size - kHeaderSize);
  dp::count(n.tx_records);
  dp::count(c_.tunnels.records_sealed);
  note_sealed(c_, t, op.record_size);
}

}  // namespace culvert::cstp
