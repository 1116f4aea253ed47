// Echo replies, made in place.
#include "dataplane/ip/icmp.hpp"

#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dp {

namespace {

constexpr uint8_t kReplyTtl = 64;  // RFC 1700's default

// The reply has no options: RFC 1122 §3.2.2.6 would have source routes reversed, which nobody
// should use.
void make_reply(rte_mbuf* m, unsigned l3_size) noexcept {
  close_gap(m, sizeof(Ipv4Header), l3_size);
  auto* ip = header_at<Ipv4Header>(m, 0);
  auto* icmp = header_at<IcmpHeader>(m, sizeof(Ipv4Header));
  icmp->checksum =
      updated_checksum(icmp->checksum, static_cast<uint16_t>(icmp->type << 8 | icmp->code),
                       uint16_t{IcmpHeader::kEchoReply} << 8);
  icmp->type = IcmpHeader::kEchoReply;
  ip->version_ihl = 0x45;
  ip->total_length = static_cast<uint16_t>(m->pkt_len);
  ip->fragment = 0;
  ip->ttl = kReplyTtl;
  const be32 asker = ip->src;
  ip->src = ip->dst;
  ip->dst = asker;
  fill_ipv4_checksum(*ip);
  meta(m).l3_size = sizeof(Ipv4Header);
  // Nothing is left for the port to do.
  m->ol_flags &= ~RTE_MBUF_F_TX_OFFLOAD_MASK;
  m->l3_len = sizeof(Ipv4Header);
}

bool is_report(const IcmpHeader& icmp) noexcept {
  return icmp.type == IcmpHeader::kUnreachable && icmp.code == IcmpHeader::kFragmentationNeeded;
}

DropReason judge(IcmpState& state, const IcmpHeader& icmp, Time now) noexcept {
  if (is_report(icmp)) {
    return state.reports.take(now) ? DropReason::count_ : DropReason::icmp_rate_limited;
  }
  if (icmp.type != IcmpHeader::kEchoRequest || icmp.code != 0) return DropReason::icmp_ignored;
  return state.echo.take(now) ? DropReason::count_ : DropReason::icmp_rate_limited;
}

}  // namespace

void icmp_input(IcmpState& state, Batch& in, Batch& replies, Batch& reports, DropCounters& drops,
                Time now) noexcept {
  for (rte_mbuf* m : in) {
    const unsigned l3_size = meta(m).l3_size;
    if (!make_contiguous(m, l3_size + uint32_t{sizeof(IcmpHeader)}) ||
        !icmp_checksum_ok(m, l3_size)) {
      drop(drops, DropReason::icmp_malformed, m);
      continue;
    }
    const auto& icmp = *header_at<IcmpHeader>(m, l3_size);
    const DropReason reason = judge(state, icmp, now);
    if (reason != DropReason::count_) {
      drop(drops, reason, m);
    } else if (is_report(icmp)) {
      reports.push(m);
    } else {
      make_reply(m, l3_size);
      replies.push(m);
    }
  }
  in.clear();
}

}  // namespace culvert::dp
