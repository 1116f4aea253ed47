// Inner down: in: packets for clients; out: packets for a tunnel's sealing stage, here or on
// another worker.
//
// The channel is read once per packet, MTU and all, so that the check and the tunnel always agree.
#include "dataplane/inner/down.hpp"

#include <algorithm>
#include <array>

#include <rte_mbuf.h>

#include "dataplane/inner/destination.hpp"
#include "dataplane/inner/fit.hpp"
#include "dataplane/inner/too_big.hpp"
#include "dataplane/ip/fragment.hpp"
#include "dataplane/ip/ipv6.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dp {

namespace {

void to_channel(rte_mbuf* m, const Channel& channel, const DownContext& c,
                const DownEdges& edges) noexcept {
  PacketMeta& packet = meta(m);
  packet.conn = {channel.worker(), channel.slot(), channel.generation()};
  if (channel.kind() == Channel::Kind::dtls) {
    // A transmit side is always its session's home's, and so is this worker.
    packet.handoff = Handoff::none;
    edges.seal_dtls.push(m);
  } else if (channel.worker() == c.worker) {
    packet.handoff = Handoff::none;
    edges.seal.push(m);
  } else {
    packet.handoff = Handoff::tunnel;
    edges.handoff.push(m);
  }
}

void fragment_to_channel(rte_mbuf* m, const Session& session, const Channel& channel, uint16_t mtu,
                         DownContext& c, const DownEdges& edges) noexcept {
  // RFC 791 §3.1: a fragment whose bytes would lie beyond 64 KiB of the datagram is no part of one.
  auto* ip = rte_pktmbuf_mtod(m, Ipv4Header*);
  if ((ip->fragment & Ipv4Header::kOffsetMask) * 8u + m->pkt_len - ip->header_size() > 65535) {
    drop(c.drops, DropReason::ip_bad_length, m);
    return;
  }
  // 64 KiB over the smallest MTU that a group policy may set (576) makes fewer than 128; a client
  // may ask for less.
  std::array<rte_mbuf*, 128> parts;
  if (m->pkt_len > parts.size() * fragment_payload(mtu)) {
    drop(c.drops, DropReason::svc_too_many_fragments, m);
    return;
  }
  // RFC 6864 §4.1: a sender may give all its packets with DF the same identification, by which the
  // client could not tell the fragments of one from those of another.
  if (ip->dont_fragment() && !ip->is_fragment()) {
    ip->id = c.next_id[c.sessions.position_of(session)]++;
  }
  const uint32_t count = fragment_ipv4(m, mtu, c.pool, parts);
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

// The message to the sender, or nullptr if it may not have one. The limit comes last: what may not
// be answered must not use it up.
rte_mbuf* make_error(const rte_mbuf* m, bool v4, const ReplySource& from, uint16_t threshold,
                     DownContext& c, uint64_t now_us) noexcept {
  if (v4) {
    if (from.v4.is_unspecified() || !may_answer(m) || !c.unreachable.allow(now_us)) return nullptr;
    return make_fragmentation_needed(m, from.v4, threshold, c.pool);
  }
  if (from.v6.is_unspecified() || !may_answer6(m) || !c.unreachable6.allow(now_us)) return nullptr;
  return make_packet_too_big(m, from.v6, threshold, c.pool);
}

// Whether the sender gets an error that names `threshold`.
bool tell_sender(const rte_mbuf* m, uint16_t port, uint16_t threshold, DownContext& c,
                 std::span<const ReplySource> reply_from, const DownEdges& edges,
                 uint64_t now_us) noexcept {
  if (!c.answer_too_big || port >= reply_from.size()) return false;
  const bool v4 = rte_pktmbuf_mtod(m, const Ipv4Header*)->version() == 4;
  rte_mbuf* error = make_error(m, v4, reply_from[port], threshold, c, now_us);
  if (error == nullptr) return false;
  meta(error) = PacketMeta{};
  meta(error).family = v4 ? 4 : 6;
  meta(error).l3_size = v4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
  edges.errors.push(error);
  return true;
}

struct Decision {
  Fit fit;
  bool tell;  // the sender hears of the tunnel's MTU although the packet gets through
};

// IPv6 packets are as if they all had DF, and there is no bit to ignore: only their sender may
// fragment them. What `dtls-fallback smart` can do for them is to send them whole where the tunnel is
// a stream, as large as the client's adapter takes them. It may have got a smaller MTU without our
// knowing, so the sender is asked for less, too.
// `mtu`: what tunnel and adapter both take.
Decision judge(const rte_mbuf* m, const Channel& channel, uint16_t mtu,
               const Session& session) noexcept {
  if (m->pkt_len <= mtu) [[likely]]
    return {Fit::passes, false};
  const uint16_t adapter_mtu = session.adapter_mtu.load(std::memory_order_relaxed);
  const bool smart = adapter_mtu != 0;
  const auto* ip = rte_pktmbuf_mtod(m, const Ipv4Header*);
  if (ip->version() == 4) {
    const bool cut = smart || session.df_bit_ignore.load(std::memory_order_relaxed);
    return {fit(m->pkt_len, ip->dont_fragment(), mtu, cut), smart && ip->dont_fragment()};
  }
  const bool stream = channel.kind() == Channel::Kind::tls;
  const Fit whole = fit(m->pkt_len, true, stream && smart ? adapter_mtu : mtu, false);
  return {whole, whole == Fit::passes};
}

}  // namespace

bool in_pool(const PoolRanges& pools, const IpAddress& address) noexcept {
  if (address.is_v4()) {
    const uint32_t value = address.v4_value();
    return std::any_of(pools.v4.begin(), pools.v4.end(),
                       [value](const PoolRange& p) { return value >= p.first && value <= p.last; });
  }
  return std::any_of(pools.v6.begin(), pools.v6.end(), [&address](const PoolRange6& p) {
    return address >= p.first && address <= p.last;
  });
}

void inner_down(Batch& packets, DownContext& c, std::span<const ReplySource> reply_from,
                const DownEdges& edges, uint64_t now_us) noexcept {
  if (packets.empty()) return;
  const Destinations to(c.sessions, packets);
  for (uint32_t i = 0; i < packets.size(); ++i) {
    rte_mbuf* m = packets[i];
    const Session* session = to.sessions[i];
    if (session == nullptr) {
      drop(c.drops,
           in_pool(c.pools, to.addresses[i]) ? DropReason::svc_no_session
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
    if (const uint32_t syn = syn_at(m); syn != 0) [[unlikely]] {
      const MssLimits limits = limits_of(c.mss, *session, channel, to.addresses[i].is_v4());
      if (clamp_syn(m, syn, limits)) ++c.mss_clamped;
    }
    const uint16_t mtu = session->mtu(channel);
    const Decision verdict = judge(m, channel, mtu, *session);
    const auto tell = [&] {
      return tell_sender(m, meta(m).port, mtu, c, reply_from, edges, now_us);
    };
    if (verdict.tell) [[unlikely]]
      (void)tell();
    switch (verdict.fit) {
      case Fit::passes: to_channel(m, channel, c, edges); break;
      case Fit::fragment: fragment_to_channel(m, *session, channel, mtu, c, edges); break;
      case Fit::too_big:
        c.oversized.add(*session, m, mtu, tell(), now_us);
        drop(c.drops, DropReason::svc_no_fragment, m);
        break;
    }
  }
  packets.clear();
}

}  // namespace culvert::dp
