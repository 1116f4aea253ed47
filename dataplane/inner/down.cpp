// Inner down: in: packets for clients; out: packets for a tunnel's sealing stage, here or on
// another worker.
//
// The channel is read once per packet, MTU and all, so that the check and the tunnel always agree.
#include "dataplane/inner/down.hpp"

#include <algorithm>
#include <array>

#include <rte_mbuf.h>

#include "dataplane/inner/fit.hpp"
#include "dataplane/ip/fragment.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dp {

namespace {

void to_channel(rte_mbuf* m, const Channel& channel, const DownContext& c,
                const DownEdges& edges) noexcept {
  PacketMeta& packet = meta(m);
  packet.conn = {channel.worker(), channel.slot(), channel.generation()};
  if (channel.worker() == c.worker) {
    packet.handoff = Handoff::none;
    edges.seal.push(m);
  } else {
    packet.handoff = Handoff::tunnel;
    edges.handoff.push(m);
  }
}

void fragment_to_channel(rte_mbuf* m, const Channel& channel, DownContext& c,
                         const DownEdges& edges) noexcept {
  // RFC 791 §3.1: a fragment whose bytes would lie beyond 64 KiB of the datagram is no part of one.
  const auto* ip = rte_pktmbuf_mtod(m, const Ipv4Header*);
  if ((ip->fragment & Ipv4Header::kOffsetMask) * 8u + m->pkt_len - ip->header_size() > 65535) {
    drop(c.drops, DropReason::ip_bad_length, m);
    return;
  }
  // 64 KiB over the smallest MTU that a group policy may set (576) makes fewer than 128; a client
  // may ask for less.
  std::array<rte_mbuf*, 128> parts;
  if (m->pkt_len > parts.size() * fragment_payload(channel.mtu())) {
    drop(c.drops, DropReason::svc_too_many_fragments, m);
    return;
  }
  const uint32_t count = fragment_ipv4(m, channel.mtu(), c.pool, parts);
  if (count == 0) {
    drop(c.drops, DropReason::no_buffer, m);
    return;
  }
  for (uint32_t i = 0; i < count; ++i) {
    meta(parts[i]) = meta(m);
    meta(parts[i]).l3_size =
        static_cast<uint16_t>(rte_pktmbuf_mtod(parts[i], const Ipv4Header*)->header_size());
    to_channel(parts[i], channel, c, edges);
  }
  rte_pktmbuf_free(m);
}

void too_big(rte_mbuf* m, uint16_t threshold, DownContext& c, std::span<const IpAddress> reply_from,
             const DownEdges& edges, uint64_t now_us) noexcept {
  const uint16_t port = meta(m).port;
  // The limit comes last: what may not be answered must not use it up.
  if (port < reply_from.size() && reply_from[port].is_v4() && may_answer(m) &&
      c.unreachable.allow(now_us)) {
    rte_mbuf* error = make_fragmentation_needed(m, reply_from[port], threshold, c.pool);
    if (error != nullptr) {
      meta(error) = PacketMeta{};
      meta(error).family = 4;
      meta(error).l3_size = sizeof(Ipv4Header);
      edges.errors.push(error);
    }
  }
  drop(c.drops, DropReason::svc_no_fragment, m);
}

}  // namespace

bool in_pool(std::span<const PoolRange> pools, uint32_t address) noexcept {
  return std::any_of(pools.begin(), pools.end(), [address](const PoolRange& p) {
    return address >= p.first && address <= p.last;
  });
}

void inner_down(Batch& packets, DownContext& c, std::span<const IpAddress> reply_from,
                const DownEdges& edges, uint64_t now_us) noexcept {
  if (packets.empty()) return;
  std::array<IpAddress, kBurst> destinations;
  std::array<const IpAddress*, kBurst> keys;
  std::array<const Session*, kBurst> sessions;
  for (uint32_t i = 0; i < packets.size(); ++i) {
    destinations[i] = IpAddress::v4(rte_pktmbuf_mtod(packets[i], const Ipv4Header*)->dst);
    keys[i] = &destinations[i];
  }
  c.sessions.lookup({keys.data(), packets.size()}, sessions.data());

  for (uint32_t i = 0; i < packets.size(); ++i) {
    rte_mbuf* m = packets[i];
    const Session* session = sessions[i];
    if (session == nullptr) {
      drop(c.drops,
           in_pool(c.pools, destinations[i].v4_value()) ? DropReason::svc_no_session
                                                        : DropReason::ip_not_forwarded,
           m);
      continue;
    }
    if (session->home != c.worker) {
      PacketMeta& packet = meta(m);
      packet.handoff = Handoff::inner_down;
      packet.conn.worker = session->home;
      edges.handoff.push(m);
      continue;
    }
    const Channel channel = session->current_channel();
    if (channel.kind() == Channel::Kind::none) {
      drop(c.drops, DropReason::svc_no_channel, m);
      continue;
    }
    const bool df = rte_pktmbuf_mtod(m, const Ipv4Header*)->dont_fragment();
    switch (fit(m->pkt_len, df, channel.mtu(), session->df_bit_ignore)) {
      case Fit::passes: to_channel(m, channel, c, edges); break;
      case Fit::fragment: fragment_to_channel(m, channel, c, edges); break;
      case Fit::too_big: too_big(m, channel.mtu(), c, reply_from, edges, now_us); break;
    }
  }
  packets.clear();
}

}  // namespace culvert::dp
