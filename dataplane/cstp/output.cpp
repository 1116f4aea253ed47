// CSTP output: in: inner packets that passed the MTU check; out: TLS records in the connections'
// send queues. Drops: svc_no_channel, svc_flow_control, svc_no_prepend. One CSTP packet a record.
//
// A packet may be dropped only before it is sealed: a record that has its sequence number must be
// sent.
#include "dataplane/cstp/output.hpp"

#include <array>

#include <rte_mbuf.h>

#include "crypto/record/key_prefetch.hpp"
#include "dataplane/cstp/frame.hpp"
#include "dataplane/cstp/key_update.hpp"
#include "dataplane/cstp/setup.hpp"

namespace culvert::cstp {

namespace {

using crypto::record::ContentType;
using crypto::record::SealOp;
using dp::DropReason;

void refuse(Context& c, Tunnel& t, DropReason reason, rte_mbuf* m) noexcept {
  dp::count(c.tunnels.counters(c.tunnels.slot_of(t)).tx_dropped);
  dp::drop(c.drops, reason, m);
}

}  // namespace

void output(Context& c, std::span<rte_mbuf*> packets, Time now) noexcept {
  std::array<SealOp, dp::kBurst> ops;
  std::array<rte_mbuf*, dp::kBurst> records;
  uint32_t count = 0;

  const bool vaes = c.mb.isa() == crypto::Isa::avx512;
  uint32_t last = UINT32_MAX;
  for (rte_mbuf* m : packets) {
    const ConnId& conn = dp::meta(m).conn;
    if (conn.slot == last) continue;
    last = conn.slot;
    c.tunnels.prefetch(last);
    c.tcp.prefetch(conn);
  }
  last = UINT32_MAX;
  for (rte_mbuf* m : packets) {
    const ConnId& conn = dp::meta(m).conn;
    Tunnel* t = conn.slot < c.tunnels.slots() ? &c.tunnels[conn.slot] : nullptr;
    // A Channel carries the low 16 bits of the generation.
    if (t == nullptr || t->phase != Phase::tunnel ||
        static_cast<uint16_t>(t->generation) != static_cast<uint16_t>(conn.generation)) {
      dp::drop(c.drops, DropReason::svc_no_channel, m);
      continue;
    }
    const uint32_t inner = m->pkt_len;
    const uint32_t record_size = inner + kHeaderSize + t->overhead.total();
    if (data_room(c, conn_of(c, *t)) < t->burst_bytes + record_size || t->close_notify_sent) {
      refuse(c, *t, DropReason::svc_flow_control, m);
      continue;
    }
    const uint32_t head = t->overhead.prefix + kHeaderSize;
    if (m->nb_segs != 1 || rte_pktmbuf_headroom(m) < head ||
        rte_pktmbuf_tailroom(m) < t->overhead.suffix) {
      refuse(c, *t, DropReason::svc_no_prepend, m);
      continue;
    }
    auto* record = reinterpret_cast<uint8_t*>(rte_pktmbuf_prepend(m, static_cast<uint16_t>(head)));
    rte_pktmbuf_append(m, t->overhead.suffix);
    write_header(record + t->overhead.prefix, PacketType::data, static_cast<uint16_t>(inner));
    const uint32_t slot = c.tunnels.slot_of(*t);
    ops[count] = {&c.tunnels.keys(slot).tx, record, inner + kHeaderSize,
                  ContentType::application_data, 0};
    if (slot != last) {
      crypto::record::prefetch_part(*ops[count].keys,
                                    crypto::record::key_part(t->cipher, vaes, inner));
    }
    last = slot;
    records[count] = m;
    dp::meta(m).conn = conn_of(c, *t);
    t->burst_bytes += record_size;
    ++count;
  }

  crypto::record::seal(c.mb, {ops.data(), count});

  for (uint32_t i = 0; i < count; ++i) {
    rte_mbuf* m = records[i];
    const ConnId conn = dp::meta(m).conn;
    Tunnel& t = c.tunnels[conn.slot];
    const uint32_t size = ops[i].payload_size;
    t.burst_bytes = 0;
    // What padding did not need.
    rte_pktmbuf_trim(m, static_cast<uint16_t>(m->pkt_len - ops[i].record_size));
    if (ops[i].record_size == 0 || !c.tcp.send(conn, m)) {
      // TCP bounds a queue by buffers as well as by bytes; or the numbers are used up. A number that
      // is spent must arrive, so the tunnel has to end.
      refuse(c, t, DropReason::svc_flow_control, m);
      if (t.phase == Phase::tunnel) {
        end(c, t, EndReason::timed_out);
        c.tcp.abort(conn, now);
      }
      continue;
    }
    t.last_tx = now;
    dp::TunnelCounters& n = c.tunnels.counters(conn.slot);
    n.last_data_us.store(now, std::memory_order_relaxed);
    dp::count(n.tx_packets);
    dp::count(n.tx_bytes, size - kHeaderSize);
    dp::count(n.tx_records);
    dp::count(c.tunnels.records_sealed);
    note_sealed(c, t, size);
  }
}

}  // namespace culvert::cstp
