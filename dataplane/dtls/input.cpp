// DTLS input: in: UDP packets to the box; out: inner packets, answers, handshake messages for
// control, and what belongs to other workers.
//
// Flows are looked up in a burst; what they lead to is opened in a burst. What leads nowhere is the
// rare case, looked at one by one after that.
#include "dataplane/dtls/input.hpp"

#include <array>

#include "dataplane/dtls/datagram.hpp"
#include "dataplane/dtls/open_burst.hpp"
#include "dataplane/dtls/punt.hpp"
#include "dataplane/dtls/record_walk.hpp"
#include "dataplane/dtls/roaming.hpp"
#include "dataplane/worker/steering.hpp"

namespace culvert::dtls {

namespace {

using dp::DropReason;
using dp::Handoff;

// What travels with a datagram from worker to worker, in PacketMeta::conn.
struct Journey {
  uint8_t landed;  // the worker that should have a route for the flow
  uint32_t hops;   // workers that have tried it in vain
};

Journey journey_of(const Context& c, rte_mbuf* m) noexcept {
  const dp::PacketMeta& meta = dp::meta(m);
  if (meta.handoff == Handoff::none) return {c.worker, 0};
  return {static_cast<uint8_t>(meta.conn.slot), meta.conn.generation};
}

void pass_on(Context& c, rte_mbuf* m, uint8_t to, Handoff what, Journey journey) noexcept {
  dp::PacketMeta& meta = dp::meta(m);
  meta.handoff = what;
  meta.conn = {to, journey.landed, journey.hops};
  c.edges.handoff.push(m);
}

// A record of a tunnel that no flow leads to.
void seek(Context& c, const Datagram& d, const Record& record, OpenBurst& burst,
          Time now) noexcept {
  Journey journey = journey_of(c, d.packet);
  ReceiveSide* side = nullptr;
  if (record.type == ContentType::application_data) {
    side = find_moved(c, d, record, journey.landed, now);
  }
  if (side != nullptr) {
    burst.add(d, *side, now);
    return;
  }
  // Round the workers once, beginning where the flow lands. A datagram that was routed here is not
  // passed on: its route is old.
  const bool seeking = dp::meta(d.packet).handoff == Handoff::dtls_seek;
  const bool begins = !seeking && journey.landed == c.worker && c.workers > 1 &&
                      record.type == ContentType::application_data && c.seeks.take(now);
  if (begins || (seeking && journey.hops + 1 < c.workers)) {
    const auto next = static_cast<uint8_t>(c.worker + 1 == c.workers ? 0 : c.worker + 1);
    ++journey.hops;
    pass_on(c, d.packet, next, Handoff::dtls_seek, journey);
    return;
  }
  dp::drop(c.drops, DropReason::dtls_unknown, d.packet);
}

void unknown_flow(Context& c, const Datagram& d, Steering steering, OpenBurst& burst,
                  Time now) noexcept {
  if (!c.listeners.contains(d.flow.local, d.flow.local_port)) {
    dp::drop(c.drops, DropReason::ip_protocol, d.packet);
    return;
  }
  if (steering == Steering::by_owner && dp::meta(d.packet).handoff == Handoff::none) {
    const uint8_t owner = dp::owner_of(d.flow, c.workers);
    if (owner != c.worker) {
      pass_on(c, d.packet, owner, Handoff::datagram, {owner, 0});
      return;
    }
  }
  RecordWalk walk(d.data(), d.size);
  Record record;
  PuntRange handshake;
  for (;;) {
    const WalkResult result = walk.next(record);
    if (result == WalkResult::end) break;
    if (result != WalkResult::record) {
      // Whoever sends garbage gets none of it to OpenSSL.
      dp::drop(
          c.drops,
          result == WalkResult::malformed ? DropReason::dtls_malformed : DropReason::dtls_short,
          d.packet);
      return;
    }
    if (record.of_tunnel() && handshake.empty()) {
      seek(c, d, record, burst, now);
      return;
    }
    if (!record.of_handshake() || !handshake.add(record)) {
      // Application data behind a handshake that is not finished, or in the clear.
      c.drops.add_packet(DropReason::dtls_unknown, d.packet);
    }
  }
  if (!handshake.empty()) punt(c, d, handshake, now);
  rte_pktmbuf_free(d.packet);
}

}  // namespace

void input(Context& c, dp::Batch& packets, Steering steering, Time now) noexcept {
  std::array<Datagram, dp::kBurst> datagrams;
  std::array<uint32_t, dp::kBurst> hashes;
  uint32_t count = 0;
  for (rte_mbuf* m : packets) {
    Datagram& d = datagrams[count];
    if (!read_datagram(m, d)) {
      const bool served = c.listeners.contains(d.flow.local, d.flow.local_port);
      dp::drop(c.drops, served ? DropReason::dtls_short : DropReason::ip_protocol, m);
      continue;
    }
    hashes[count] = c.receive.hash(d.flow);
    c.receive.prefetch(hashes[count]);
    ++count;
  }
  packets.clear();

  for (uint32_t i = 0; i < count; ++i) {
    const Datagram& d = datagrams[i];
    if (d.size < crypto::record::kDtlsHeaderSize) continue;
    c.receive.prefetch_side(
        hashes[i], crypto::record::dtls_sequence(d.data()) & crypto::record::kDtlsSequenceMask);
  }

  OpenBurst burst(c);
  std::array<uint32_t, dp::kBurst> unknown;
  uint32_t unknown_count = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const Datagram& d = datagrams[i];
    const Target target = c.receive.find_flow(hashes[i], d.flow);
    if (target.side != nullptr) {
      burst.add(d, *target.side, now);
    } else if (target.route != nullptr && journey_of(c, d.packet).landed == c.worker) {
      pass_on(c, d.packet, static_cast<uint8_t>(target.route->side.worker), Handoff::datagram,
              {c.worker, 0});
    } else {
      unknown[unknown_count++] = i;
    }
  }
  burst.finish(now);

  for (uint32_t k = 0; k < unknown_count; ++k) {
    const uint32_t i = unknown[k];
    const Datagram& d = datagrams[i];
    // The one before may have moved a tunnel here.
    const Target target = c.receive.find_flow(hashes[i], d.flow);
    if (target.side != nullptr) {
      burst.add(d, *target.side, now);
    } else {
      unknown_flow(c, d, steering, burst, now);
    }
  }
  burst.finish(now);
}

}  // namespace culvert::dtls
