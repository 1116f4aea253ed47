// Where packets come from: ports, other workers, and (as messages) control. What is for the box
// itself is dealt with at once; what is for clients is put on `down`.
#include <rte_ethdev.h>

#include "dataplane/cstp/setup.hpp"
#include "dataplane/dtls/input.hpp"
#include "dataplane/dtls/messages.hpp"
#include "dataplane/dtls/roaming.hpp"
#include "dataplane/ip/ipv6.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/worker/steering.hpp"
#include "dataplane/worker/worker.hpp"

namespace culvert::dp {

namespace {

constexpr unsigned kMessagesPerLoop = 32;  // so that set-up never holds packets up for long

// Of so many packets that came at once: if they are a whole batch, there are probably more.
tcp::Inflow inflow_of(uint32_t packets) noexcept {
  return packets == Batch::capacity() ? tcp::Inflow::behind : tcp::Inflow::in_time;
}

// By arp_input() and nd_input(), by dtls::input(), and by ask_next_worker().
bool is_read_later(Handoff what) noexcept {
  return what == Handoff::neighbour || what == Handoff::datagram || what == Handoff::dtls_seek ||
         what == Handoff::path_report;
}

void drop_all(DropCounters& drops, DropReason reason, Batch& packets) noexcept {
  for (rte_mbuf* m : packets)
    drop(drops, reason, m);
  packets.clear();
}

}  // namespace

bool Worker::receive() noexcept {
  bool busy = false;
  for (const auto& port : shared.ports_) {
    if (index >= port->rx_queues()) continue;
    const uint16_t n = rte_eth_rx_burst(port->id(), index, received.data(), kBurst);
    if (n == 0) continue;
    busy = true;
    received.set_size(n);
    count(counters.packets_in, n);
    classify(received, port->id(), shared.interfaces_, edges, drops);
    const uint32_t passed = edges.arp.size() + edges.local_tcp.size() + edges.local_udp.size() +
                            edges.local_icmp.size() + edges.local_icmp6.size() +
                            edges.local_fragment.size() + edges.local_other.size() +
                            edges.transit.size();
    const uint8_t interface = shared.interfaces_.by_port(port->id())->index;
    const bool is_guarded = (guarded >> interface & 1) != 0;
    if (passed < n) count(dropped_on[interface], n - passed);
    if (is_guarded) {
      drop_forged(edges.local_icmp);
      drop_forged(edges.local_icmp6);
    }
    // A port that spreads flows over as many queues as there are workers has chosen the owner
    // already.
    box_edges(inflow_of(n), port->spread() == Spread::tuple && port->rx_queues() == workers);
    transit_edge(is_guarded);
  }
  return busy;
}

// ICMP from outside in a client's name: the answer would go into that client's tunnel, to which nobody outside may
// send anything.
void Worker::drop_forged(Batch& in) noexcept {
  if (in.empty()) return;
  uint32_t kept = 0;
  for (rte_mbuf* m : in) {
    const IpAddress source = source_of(m);
    if (in_pool(shared.pools_, source) || shared.sessions_->lookup(source) != nullptr) {
      drop(drops, DropReason::svc_spoof_detect, m);
    } else {
      in[kept++] = m;
    }
  }
  in.set_size(kept);
}

void Worker::box_edges(tcp::Inflow inflow, bool hardware_steered) noexcept {
  if (!edges.arp.empty()) {
    if (workers > 1) share_neighbours(edges.arp);
    arp_input(link, arp, edges.arp, now);
  }
  if (!edges.local_fragment.empty()) {
    if (hardware_steered && workers > 1) {
      // The port hashed fragments without their ports, so nobody knows which worker owns the flow.
      drop_all(drops, DropReason::fragment_failed, edges.local_fragment);
    } else {
      reassembly.input(edges.local_fragment, edges, now);
    }
  }
  if (!edges.local_icmp.empty()) {
    answer_echoes();
    take_path_reports();
  }
  if (!edges.local_icmp6.empty()) {
    answer_echoes6();
    take_path_reports();
    if (workers > 1) share_neighbours(discovery);
    nd_input(link, nd, discovery, now);
  }
  if (!edges.local_udp.empty()) {
    const bool owned = workers == 1 || hardware_steered;
    dtls::input(dtls, edges.local_udp, owned ? dtls::Steering::by_port : dtls::Steering::by_owner,
                now);
  }
  if (!edges.local_other.empty()) drop_all(drops, DropReason::ip_protocol, edges.local_other);
  if (!edges.local_tcp.empty()) steer_tcp(inflow, hardware_steered);
}

void Worker::steer_tcp(tcp::Inflow inflow, bool hardware_steered) noexcept {
  Batch& segments = edges.local_tcp;
  if (workers > 1 && !hardware_steered) {
    uint32_t kept = 0;
    for (rte_mbuf* m : segments) {
      const PacketMeta& packet = meta(m);
      // Too short for ports: TCP input drops it by name, whoever's it is.
      uint8_t owner = index;
      if (m->data_len >= packet.l3_size + sizeof(TcpHeader)) {
        const auto* header = rte_pktmbuf_mtod_offset(m, const TcpHeader*, packet.l3_size);
        owner = owner_of({destination_of(m), source_of(m), header->dst_port, header->src_port},
                         workers);
      }
      if (owner == index) {
        segments[kept++] = m;
      } else {
        meta(m).handoff = Handoff::outside;
        hand_over(m, owner);
      }
    }
    segments.set_size(kept);
  }
  tcp.input(segments.span(), now, inflow);
  segments.clear();
}

// Each worker has its own neighbour cache, and an answer comes to one of them.
void Worker::share_neighbours(Batch& messages) noexcept {
  for (rte_mbuf* m : messages) {
    if (meta(m).handoff == Handoff::neighbour || !shared_neighbours.take(now)) continue;
    for (uint8_t to = 0; to < workers; ++to) {
      if (to == index) continue;
      rte_mbuf* copy = rte_pktmbuf_copy(m, link.pool, 0, UINT32_MAX);
      if (copy == nullptr) return;  // each worker can ask for itself
      meta(copy) = meta(m);
      meta(copy).handoff = Handoff::neighbour;
      hand_over(copy, to);
    }
  }
}

void Worker::transit_edge(bool is_guarded) noexcept {
  if (edges.transit.empty()) return;
  if (!is_guarded) {
    const BatchSink sink = down_sink();
    for (rte_mbuf* m : edges.transit)
      sink.push(m);
    edges.transit.clear();
    return;
  }
  for (rte_mbuf* m : edges.transit) {
    drop(drops,
         in_pool(shared.pools_, destination_of(m)) ? DropReason::svc_spoof_detect
                                                   : DropReason::ip_not_forwarded,
         m);
  }
  edges.transit.clear();
}

bool Worker::take_over() noexcept {
  if (workers == 1) return false;
  shared.mesh_->take(index, arrived);
  if (arrived.empty()) return false;
  count(counters.taken_over, arrived.size());
  const tcp::Inflow inflow = inflow_of(arrived.size());
  for (rte_mbuf* m : arrived) {
    PacketMeta& packet = meta(m);
    const Handoff what = packet.handoff;
    // Before it goes on, for then it may be a port's, or freed.
    if (!is_read_later(what)) packet.handoff = Handoff::none;
    switch (what) {
      case Handoff::outside: edges.local_tcp.push(m); break;
      case Handoff::neighbour: (packet.family == 6 ? discovery : edges.arp).push(m); break;
      case Handoff::tunnel: seal_sink().push(m); break;
      case Handoff::inner_down: down_sink().push(m); break;
      case Handoff::transmit: tx[shared.interfaces_.by_port(packet.port)->index]->push(m); break;
      case Handoff::datagram:
      case Handoff::dtls_seek: edges.local_udp.push(m); break;
      case Handoff::dtls_reply: dtls_reply_sink().push(m); break;
      case Handoff::path_report: path_reports.push(m); break;
      case Handoff::dtls_move: dtls::take_move(dtls, m); break;
      case Handoff::none: rte_pktmbuf_free(m); break;
    }
  }
  arrived.clear();
  // Before anything comes up: what clients send to the box's own addresses passes through the same
  // two batches, and is dropped from them.
  if (!path_reports.empty()) take_path_reports();
  if (!discovery.empty()) nd_input(link, nd, discovery, now);
  if (!edges.arp.empty()) arp_input(link, arp, edges.arp, now);
  if (!edges.local_udp.empty()) {
    dtls::input(dtls, edges.local_udp, dtls::Steering::by_owner, now);
  }
  if (!edges.local_tcp.empty()) {
    tcp.input(edges.local_tcp.span(), now, inflow);
    edges.local_tcp.clear();
  }
  return true;
}

void Worker::take_settings(const WorkerSettings& settings) noexcept {
  tcp.set_mss_limits(settings.tcpmss, settings.tcpmss_minimum);
  down_context.mss = {settings.tcpmss, settings.tcpmss_minimum};
  down_context.answer_too_big = settings.answer_too_big;
  cstp.sealing_limit = dtls.sealing_limit = settings.sealing_limit;
  // Sessions outlive the service of the interface that they came by, and so does what protects them.
  guarded |= settings.guarded;
  tunnel_port = shared.interfaces_.port_outside(guarded);
}

bool Worker::obey() noexcept {
  Mailbox& mailbox = shared.mailbox(index);
  unsigned n = 0;
  while (n < kMessagesPerLoop) {
    Message* m = mailbox.from_control();
    if (m == nullptr) break;
    if (m->kind == MessageKind::settings) {
      take_settings(m->settings);
    } else if (dtls::is_for_dtls(m->kind)) {
      dtls::on_message(dtls, *m, now);
    } else {
      cstp::on_message(cstp, *m, now);
    }
    mailbox.free(m);
    ++n;
  }
  return n != 0;
}

}  // namespace culvert::dp
