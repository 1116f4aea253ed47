// A worker's parts put together, and the sinks that join its stages.
#include "dataplane/worker/worker.hpp"

#include <algorithm>
#include <stdexcept>

#include <rte_random.h>
#include <unistd.h>

#include "dataplane/cstp/output.hpp"
#include "dataplane/cstp/setup.hpp"
#include "dataplane/dtls/output.hpp"
#include "dataplane/inner/validate.hpp"
#include "dataplane/port/tcp_offload.hpp"

namespace culvert::dp {

namespace {

tcp::EndpointConfig endpoint_config(uint8_t worker, const DataplaneSpec& spec, rte_mempool* pool) {
  tcp::EndpointConfig config;
  config.worker = worker;
  // Every session, as many again in set-up or TIME-WAIT, and some for those who knock in vain.
  config.max_connections = 2 * spec.max_sessions + 256;
  unsigned mtu = 9198;
  for (const InterfaceSpec& interface : spec.interfaces)
    mtu = std::min(mtu, interface.mtu);
  config.interface_mtu = static_cast<uint16_t>(mtu);
  // Who can predict it chooses the connections that he resets or collides (RFC 6528 §3, RFC 4086).
  if (getentropy(config.isn_key, sizeof config.isn_key) != 0)
    throw std::runtime_error("the system gives no random numbers for TCP's secrets");
  config.first_receive_buffer = cstp::kFirstRoom;
  config.pool = pool;
  return config;
}

tcp::Offload offload(const std::vector<std::unique_ptr<Port>>& ports) {
  tcp::Offload o = kMostOffload;
  for (const auto& port : ports)
    limit_to(o, port->capabilities());
  return o;
}

}  // namespace

Worker::Worker(uint8_t worker, Dataplane& dataplane, const DataplaneSpec& spec)
    : index(worker),
      workers(static_cast<uint8_t>(spec.workers)),
      shared(dataplane),
      clock(dataplane.start_tsc_),
      mb(spec.isa),
      neighbours(NeighbourConfig{}, drops),
      link{dataplane.interfaces_, {}, neighbours, dataplane.pool_.get(), drops},
      reassembly(ReassemblyConfig{}, drops),
      output{link, dataplane.routes_.get(), dataplane.routes6_.get()},
      tcp(endpoint_config(worker, spec, dataplane.pool_.get()), offload(dataplane.ports_), drops,
          {[](void* self, Batch& segments) {
             auto& w = *static_cast<Worker*>(self);
             ip_output(w.output, segments, w.now);
           },
           this}),
      // Half of the buffers may wait, so that as many again can be on their way.
      tunnels(2 * spec.max_sessions + 256, dataplane.pool_->size / 2 / spec.workers),
      cstp{worker,
           tcp,
           tunnels,
           dataplane.mailbox(worker),
           mb,
           drops,
           dataplane.pool_.get(),
           large_record.record()},
      dtls_receive(spec.max_sessions, {rte_rand(), rte_rand()}),
      dtls_transmit(spec.max_sessions),
      dtls{.worker = worker,
           .workers = workers,
           .receive = dtls_receive,
           .transmit = dtls_transmit,
           .mailbox = dataplane.mailbox(worker),
           .mb = mb,
           .drops = drops,
           .pool = dataplane.pool_.get(),
           .scratch = large_record.record(),
           .homes = dataplane.dtls_homes_.data(),
           .edges = {up_sink(), dtls_reply_sink(), handoff_sink(), out_sink()},
           .message_reserve = dataplane.mailbox(worker).available_for_control() / 2},
      oversized(*dataplane.sessions_, dataplane.mailbox(worker),
                dataplane.mailbox(worker).available_for_control() / 2),
      down_context{worker,
                   *dataplane.sessions_,
                   dataplane.pools_,
                   drops,
                   dataplane.unreachable_,
                   dataplane.unreachable6_,
                   dataplane.pool_.get(),
                   oversized},
      handoff(spec.workers),
      sleep_when_idle(spec.sleep_when_idle) {
  take_settings(spec.settings);
  for (const auto& port : dataplane.ports_) {
    const uint16_t owner = PortTx::owner(*port, worker);
    rte_ring* to_owner = owner == worker ? nullptr : dataplane.mesh_->ring(worker, owner);
    tx.push_back(std::make_unique<PortTx>(*port, worker, to_owner, dataplane.pool_.get(), drops));
    link.tx[tx.size() - 1] = tx.back().get();
    handed_to_owner.push_back(0);
  }
}

Worker::~Worker() {
  for (Batch* batch :
       {&up, &out, &down, &seal, &seal_dtls, &dtls_replies, &made_here, &to_hand_over}) {
    rte_pktmbuf_free_bulk(batch->data(), batch->size());
  }
  for (Batch& batch : handoff)
    rte_pktmbuf_free_bulk(batch.data(), batch.size());
}

BatchSink Worker::up_sink() noexcept {
  return {[](void* self, Batch& packets) {
            auto& w = *static_cast<Worker*>(self);
            validate_inner(packets, w.drops);
            const uint32_t clamped = clamp_up(packets, w.down_context.mss, w.shared.sessions());
            if (clamped != 0) count(w.counters.mss_clamped, clamped);
            count(w.counters.inner_up, packets.size());
            w.route_up(packets);
          },
          this, &up};
}

BatchSink Worker::out_sink() noexcept {
  return {[](void* self, Batch& packets) {
            auto& w = *static_cast<Worker*>(self);
            ip_output(w.output, packets, w.now);
          },
          this, &out};
}

BatchSink Worker::down_sink() noexcept {
  return {[](void* self, Batch&) { static_cast<Worker*>(self)->run_down(); }, this, &down};
}

BatchSink Worker::seal_sink() noexcept {
  return {[](void* self, Batch& packets) {
            auto& w = *static_cast<Worker*>(self);
            count(w.counters.inner_down, packets.size());
            cstp::output(w.cstp, packets.span(), w.now);
            packets.clear();
          },
          this, &seal};
}

BatchSink Worker::seal_dtls_sink() noexcept {
  return {[](void* self, Batch& packets) {
            auto& w = *static_cast<Worker*>(self);
            count(w.counters.inner_down, packets.size());
            dtls::output(w.dtls, packets.span(), dtls::Framing::inner_packet, w.now);
            packets.clear();
          },
          this, &seal_dtls};
}

BatchSink Worker::dtls_reply_sink() noexcept {
  return {[](void* self, Batch& packets) {
            auto& w = *static_cast<Worker*>(self);
            dtls::output(w.dtls, packets.span(), dtls::Framing::cdtp_packet, w.now);
            packets.clear();
          },
          this, &dtls_replies};
}

BatchSink Worker::made_here_sink() noexcept {
  // Never flushes in practice: the limit on errors is far below a batch, and every user empties it.
  return {[](void* self, Batch& packets) {
            auto& w = *static_cast<Worker*>(self);
            for (rte_mbuf* m : packets)
              drop(w.drops, DropReason::no_buffer, m);
            packets.clear();
          },
          this, &made_here};
}

BatchSink Worker::handoff_sink() noexcept {
  return {[](void* self, Batch& packets) {
            auto& w = *static_cast<Worker*>(self);
            for (rte_mbuf* m : packets)
              w.hand_over(m, meta(m).conn.worker);
            packets.clear();
          },
          this, &to_hand_over};
}

void Worker::hand_over(rte_mbuf* m, uint8_t to) noexcept {
  if (handoff[to].full()) flush_handoff(to);
  handoff[to].push(m);
}

void Worker::flush_handoff(uint8_t to) noexcept {
  Batch& batch = handoff[to];
  if (batch.empty()) return;
  count(counters.handed_over, shared.mesh_->put(index, to, batch.span(), drops));
  batch.clear();
}

}  // namespace culvert::dp
