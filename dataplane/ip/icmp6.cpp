// Echo replies of IPv6, made in place.
#include "dataplane/ip/icmp6.hpp"

#include <utility>

#include "dataplane/packet/address.hpp"
#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dp {

namespace {

constexpr uint8_t kHopLimit = 64;

// The reply has no extension headers.
void make_reply6(rte_mbuf* m, unsigned l3_size) noexcept {
  close_gap(m, sizeof(Ipv6Header), l3_size);
  auto* ip = header_at<Ipv6Header>(m, 0);
  auto* icmp = header_at<Icmp6Header>(m, sizeof(Ipv6Header));
  // The pseudo header sums the same with its addresses exchanged: only the type changes.
  icmp->checksum =
      updated_checksum(icmp->checksum, static_cast<uint16_t>(icmp->type << 8 | icmp->code),
                       uint16_t{Icmp6Header::kEchoReply} << 8);
  icmp->type = Icmp6Header::kEchoReply;
  ip->version_class_flow = 6u << 28;
  ip->payload_length = static_cast<uint16_t>(m->pkt_len - sizeof(Ipv6Header));
  ip->next_header = static_cast<uint8_t>(IpProtocol::icmpv6);
  ip->hop_limit = kHopLimit;
  std::swap(ip->src, ip->dst);
  meta(m).l3_size = sizeof(Ipv6Header);
  // Nothing is left for the port to do.
  m->ol_flags &= ~RTE_MBUF_F_TX_OFFLOAD_MASK;
  m->l3_len = sizeof(Ipv6Header);
}

bool is_discovery(uint8_t type) noexcept {
  return type >= Icmp6Header::kRouterSolicitation && type <= Icmp6Header::kRedirect;
}

DropReason judge_echo(IcmpState& state, rte_mbuf* m, unsigned l3_size, Time now) noexcept {
  const auto* ip = header_at<Ipv6Header>(m, 0);
  const auto* icmp = header_at<Icmp6Header>(m, l3_size);
  if (icmp->type != Icmp6Header::kEchoRequest || icmp->code != 0) return DropReason::icmp_ignored;
  // RFC 4443 §4.2 lets a node leave an echo to a group unanswered.
  if (ip->dst[0] == 0xff) return DropReason::icmp_ignored;
  if (!state.echo.take(now)) return DropReason::icmp_rate_limited;
  return DropReason::count_;
}

}  // namespace

void icmp6_input(IcmpState& state, Batch& in, const Icmp6Edges& out, DropCounters& drops,
                 Time now) noexcept {
  for (rte_mbuf* m : in) {
    const unsigned l3_size = meta(m).l3_size;
    if (!make_contiguous(m, l3_size + uint32_t{sizeof(Icmp6Header)}) ||
        !icmp6_checksum_ok(m, l3_size)) {
      drop(drops, DropReason::icmp_malformed, m);
      continue;
    }
    const uint8_t type = header_at<Icmp6Header>(m, l3_size)->type;
    if (is_discovery(type)) {
      out.discovery.push(m);
      continue;
    }
    if (type == Icmp6Header::kPacketTooBig) {
      if (!state.reports.take(now)) {
        drop(drops, DropReason::icmp_rate_limited, m);
      } else {
        out.reports.push(m);
      }
      continue;
    }
    const DropReason reason = judge_echo(state, m, l3_size, now);
    if (reason != DropReason::count_) {
      drop(drops, reason, m);
      continue;
    }
    make_reply6(m, l3_size);
    out.replies.push(m);
  }
  in.clear();
}

}  // namespace culvert::dp
