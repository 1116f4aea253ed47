// The two ways through the tunnels, and the way out of the ports.
#include <algorithm>

#include "dataplane/cstp/control_packet.hpp"
#include "dataplane/cstp/output.hpp"
#include "dataplane/cstp/setup.hpp"
#include "dataplane/cstp/tcp_events.hpp"
#include "dataplane/dtls/messages.hpp"
#include "dataplane/dtls/timers.hpp"
#include "dataplane/inner/destination.hpp"
#include "dataplane/inner/validate.hpp"
#include "dataplane/ip/icmp6.hpp"
#include "dataplane/ip/ipv6.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/worker/worker.hpp"

namespace culvert::dp {

namespace {

constexpr Time kSweepInterval = 10 * kMillisecond;  // of the tunnels' timers

}  // namespace

void Worker::connection_event(const tcp::Event& event, cstp::OpenBurst& burst) noexcept {
  if ((event.bits & tcp::event::kOpened) != 0) cstp::opened(cstp, event.conn, now);
  cstp::Tunnel* t = tunnels.find(event.conn);
  if (t == nullptr) {
    if ((event.bits & tcp::event::kClosed) != 0) tcp.release(event.conn);
    return;
  }
  cstp::take_event(cstp, *t, event, burst, up_sink(), now);
}

bool Worker::tunnels_up() noexcept {
  cstp::OpenBurst burst(cstp);
  cstp::read_owed(cstp, burst, up_sink(), now);
  for (uint32_t count = 1; count != 0;) {
    std::array<tcp::Event, kBurst> events;
    for (count = 0; count < kBurst; ++count) {
      events[count] = tcp.next_event();
      if (events[count].conn.generation == 0) break;
      tunnels.prefetch(events[count].conn.slot);
    }
    for (uint32_t i = 0; i < count; ++i)
      connection_event(events[i], burst);
  }
  burst.finish(up_sink(), now);
  if (!up.empty()) up_sink().flush(this, up);
  // No packet has to come for what is owed: this worker must not sleep on it.
  return std::any_of(tunnels.owing.begin(), tunnels.owing.end(), [this](uint32_t slot) {
    return (tunnels[slot].owed & cstp::owed::kRead) != 0;
  });
}

// Packets that came out of tunnels: to the box, to another client, or where the routes say.
void Worker::route_up(Batch& packets) noexcept {
  if (packets.empty()) return;
  const Destinations to(*shared.sessions_, packets);
  for (uint32_t i = 0; i < packets.size(); ++i) {
    rte_mbuf* m = packets[i];
    const IpAddress& dst = to.addresses[i];
    if (to.sessions[i] != nullptr) {
      meta(m).port = tunnel_port;
      down_sink().push(m);
    } else if (dst.is_v4() ? shared.interfaces_.by_address(dst.v4_value()) != nullptr
                           : shared.interfaces_.by_address6(dst) != nullptr) {
      to_own_address(m);
    } else if (in_pool(shared.pools_, dst)) {
      drop(drops, DropReason::svc_no_session, m);
    } else {
      out_sink().push(m);
    }
  }
  packets.clear();
  if (!edges.local_icmp.empty()) answer_echoes();
  if (!edges.local_icmp6.empty()) {
    answer_echoes6();
    // A tunnel is no link: whoever speaks of neighbours there has something else in mind.
    for (rte_mbuf* m : discovery)
      drop(drops, DropReason::icmp_ignored, m);
    discovery.clear();
  }
  // No connection or tunnel of the box goes through a client.
  for (rte_mbuf* m : path_reports)
    drop(drops, DropReason::icmp_ignored, m);
  path_reports.clear();
}

// A client may ping the box; nothing else in it listens on the inside of a tunnel.
void Worker::to_own_address(rte_mbuf* m) noexcept {
  if (meta(m).family == 4) {
    const auto* ip = rte_pktmbuf_mtod(m, const Ipv4Header*);
    if (ip->protocol == static_cast<uint8_t>(IpProtocol::icmp) && !ip->is_fragment()) {
      edges.local_icmp.push(m);
      return;
    }
  } else {
    const ExtensionWalk walk = walk_extensions(m);
    if (walk.reason != DropReason::count_) {
      drop(drops, walk.reason, m);
      return;
    }
    if (walk.protocol == static_cast<uint8_t>(IpProtocol::icmpv6) && !walk.fragment) {
      edges.local_icmp6.push(m);
      return;
    }
  }
  drop(drops, DropReason::ip_protocol, m);
}

void Worker::answer_echoes6() noexcept {
  route_made_here();
  icmp6_input(icmp, edges.local_icmp6, {made_here, discovery, path_reports}, drops, now);
  route_made_here();
}

void Worker::answer_echoes() noexcept {
  route_made_here();  // the replies need the whole batch's room
  icmp_input(icmp, edges.local_icmp, made_here, path_reports, drops, now);
  route_made_here();
}

// ICMP of our own may be for a host on a link or for a client.
void Worker::route_made_here() noexcept {
  while (!made_here.empty()) {
    // Routing one to a client may run the down stage, which may make more: those get the next round.
    Batch routed = made_here;
    made_here.clear();
    for (rte_mbuf* m : routed) {
      if (shared.sessions_->lookup(destination_of(m)) != nullptr) {
        down_sink().push(m);
      } else {
        out_sink().push(m);
      }
    }
  }
}

void Worker::run_down() noexcept {
  inner_down(down, down_context, shared.reply_from_,
             {seal_sink(), seal_dtls_sink(), handoff_sink(), made_here_sink()}, now);
  if (down_context.mss_clamped != 0) [[unlikely]] {
    count(counters.mss_clamped, down_context.mss_clamped);
    down_context.mss_clamped = 0;
  }
}

bool Worker::tunnels_down() noexcept {
  if (!down.empty()) run_down();
  // ICMP errors to clients are small: they pass the check and make no errors of their own.
  if (!made_here.empty()) {
    route_made_here();
    if (!down.empty()) run_down();
  }
  if (!seal.empty()) seal_sink().flush(this, seal);
  if (!seal_dtls.empty()) seal_dtls_sink().flush(this, seal_dtls);
  return cstp::output_waiting(cstp, now);
}

void Worker::announce() noexcept {
  if (announce_wanted.load(std::memory_order_relaxed) != 0) [[unlikely]] {
    const uint32_t wanted = announce_wanted.exchange(0, std::memory_order_relaxed);
    for (const Interface& interface : link.interfaces) {
      if ((wanted >> interface.index & 1) != 0) announcer.announce(interface.index, now);
    }
  }
  announcer.poll(link, now);
}

void Worker::transmit() noexcept {
  cstp::settle(cstp);
  dtls::settle(dtls);
  if (now - last_sweep >= kSweepInterval) {
    cstp::sweep_timers(cstp, now, now - last_sweep);
    dtls::sweep_timers(dtls, now, now - last_sweep);
    reassembly.poll(now);
    oversized.poll(now);
    last_sweep = now;
  }
  if (now - last_pressure >= kMillisecond) {
    tcp.share_buffers();
    last_pressure = now;
  }
  if (now - last_snapshot >= kSecond) {
    neighbour_snapshot.write(neighbours, now);
    counters.tcp_buffers.store(tcp.buffers_held(), std::memory_order_relaxed);
    last_snapshot = now;
  }
  if (!dtls_replies.empty()) dtls_reply_sink().flush(this, dtls_replies);
  tcp.poll(now);
  neighbour_poll(link, now);
  if (index == 0) announce();
  if (!out.empty()) ip_output(output, out, now);
  for (size_t i = 0; i < tx.size(); ++i) {
    tx[i]->flush();
    // Full bursts have gone since the last loop, too.
    const uint64_t handed = tx[i]->counters().handed_over.load(std::memory_order_relaxed);
    if (handed == handed_to_owner[i]) continue;
    handed_to_owner[i] = handed;
    shared.mesh_->ring_bell(PortTx::owner(*shared.ports_[i], index));
  }
  if (workers > 1) {
    if (!to_hand_over.empty()) handoff_sink().flush(this, to_hand_over);
    for (uint8_t to = 0; to < workers; ++to)
      flush_handoff(to);
  }
}

}  // namespace culvert::dp
