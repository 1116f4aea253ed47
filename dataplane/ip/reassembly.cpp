// Reassembly through librte_ip_frag, with the checks that it leaves to its caller.
#include "dataplane/ip/reassembly.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>

#include <rte_memory.h>

#include "dataplane/ip/ipv6.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::dp {

namespace {

constexpr uint32_t kBucketEntries = 4;
constexpr Time kSweep = 100 * kMillisecond;
// librte_ip_frag does not check the bound of its death row: one call adds at most two packets'
// fragments and one.
constexpr uint32_t kRowReserve = 2 * (RTE_LIBRTE_IP_FRAG_MAX_FRAG + 1) + 1;
static_assert(kRowReserve < RTE_IP_FRAG_DEATH_ROW_MBUF_LEN);

// What librte_ip_frag would take though no sender means it.
bool sound(const Ipv4Header& ip, uint32_t pkt_len) noexcept {
  const uint32_t payload = pkt_len - ip.header_size();
  const uint32_t offset = (ip.fragment & Ipv4Header::kOffsetMask) * 8u;
  const bool more = (ip.fragment & Ipv4Header::kMoreFragments) != 0;
  if (payload == 0 || (more && payload % 8 != 0)) return false;
  // "Ping of death": the whole would be longer than its length field can say.
  return ip.header_size() + offset + payload <= 65535;
}

// The same for IPv6, and that the fragment header stands right behind the fixed one, which is all
// that librte_ip_frag knows: RFC 8200 §4.5 would let routing and hop-by-hop headers come before it,
// and nobody sends them to a box like this.
bool sound6(rte_mbuf* m) noexcept {
  constexpr uint32_t kHeaders = sizeof(Ipv6Header) + sizeof(Ipv6FragmentHeader);
  if (meta(m).l3_size != kHeaders || m->pkt_len <= kHeaders) return false;
  const auto* header = rte_pktmbuf_mtod_offset(m, const Ipv6FragmentHeader*, sizeof(Ipv6Header));
  const uint32_t payload = m->pkt_len - kHeaders;
  if (header->more() && payload % 8 != 0) return false;
  return header->offset() + payload <= 65535;
}

// RFC 6980 §5: neighbour discovery never comes in fragments.
bool is_discovery(rte_mbuf* m, const ExtensionWalk& walk) noexcept {
  if (walk.protocol != static_cast<uint8_t>(IpProtocol::icmpv6)) return false;
  if (!make_contiguous(m, walk.size + 1u)) return true;
  const uint8_t type = *header_at<const uint8_t>(m, walk.size);
  return type >= Icmp6Header::kRouterSolicitation && type <= Icmp6Header::kRedirect;
}

// The whole packet is checked anew, as if it had come in one piece. Its transport, or what shows
// that it must go.
ExtensionWalk finish(rte_mbuf* m) noexcept {
  // A port's verdict was on one fragment.
  m->ol_flags &= ~(RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_IP_CKSUM_MASK);
  ExtensionWalk walk;
  if (meta(m).family == 4) {
    const auto* ip = header_at<Ipv4Header>(m, 0);
    walk = {.protocol = ip->protocol, .size = static_cast<uint16_t>(ip->header_size())};
  } else {
    meta(m).l3_size = sizeof(Ipv6Header);
    walk = walk_extensions(m);
    // A fragment within a packet that was whole: only an attacker makes it.
    if (walk.fragment || is_discovery(m, walk)) walk.reason = DropReason::fragment_failed;
  }
  if (walk.reason != DropReason::count_) return walk;
  const uint32_t want = walk.size + uint32_t{sizeof(TcpHeader)};
  (void)make_contiguous(m, std::min(want, m->pkt_len));
  meta(m).l3_size = walk.size;
  return walk;
}

}  // namespace

Reassembly::Reassembly(const ReassemblyConfig& config, DropCounters& drops) : drops_(&drops) {
  const uint32_t packets = std::bit_ceil(std::max<uint32_t>(config.max_packets, kBucketEntries));
  // The "cycles" of librte_ip_frag are any clock's: ours are microseconds.
  table_.reset(rte_ip_frag_table_create(packets / kBucketEntries, kBucketEntries, packets,
                                        config.timeout, SOCKET_ID_ANY));
  if (!table_) {
    throw std::runtime_error(
        "No memory for the reassembly table: raise 'memory' in the configuration.");
  }
}

void Reassembly::bury(uint32_t at_least) noexcept {
  if (graveyard_.cnt < at_least) return;
  for (uint32_t i = 0; i < graveyard_.cnt; ++i)
    drops_->add_packet(DropReason::fragment_failed, graveyard_.row[i]);
  rte_ip_frag_free_death_row(&graveyard_, 0);
}

rte_mbuf* Reassembly::add4(rte_mbuf* m, Time now) noexcept {
  auto* ip = header_at<Ipv4Header>(m, 0);
  m->l2_len = 0;
  m->l3_len = ip->header_size() & 0x1ff;
  return rte_ipv4_frag_reassemble_packet(table_.get(), &graveyard_, m, now,
                                         reinterpret_cast<rte_ipv4_hdr*>(ip));
}

rte_mbuf* Reassembly::add6(rte_mbuf* m, Time now) noexcept {
  m->l2_len = 0;
  m->l3_len = sizeof(Ipv6Header) + sizeof(Ipv6FragmentHeader);
  return rte_ipv6_frag_reassemble_packet(table_.get(), &graveyard_, m, now,
                                         header_at<rte_ipv6_hdr>(m, 0),
                                         header_at<rte_ipv6_fragment_ext>(m, sizeof(Ipv6Header)));
}

void Reassembly::input(Batch& in, ClassifyEdges& out, Time now) noexcept {
  for (rte_mbuf* m : in) {
    const bool v4 = meta(m).family == 4;
    if (!(v4 ? sound(*header_at<Ipv4Header>(m, 0), m->pkt_len) : sound6(m))) {
      drop(*drops_, DropReason::fragment_failed, m);
      continue;
    }
    rte_mbuf* whole = v4 ? add4(m, now) : add6(m, now);
    bury(RTE_IP_FRAG_DEATH_ROW_MBUF_LEN - kRowReserve);
    if (whole == nullptr) continue;
    const ExtensionWalk walk = finish(whole);
    if (walk.reason != DropReason::count_) {
      drop(*drops_, walk.reason, whole);
      continue;
    }
    out.local(meta(whole).family, walk.protocol).push(whole);
  }
  in.clear();
  bury(1);
}

void Reassembly::poll(Time now) noexcept {
  if (now < next_sweep_) return;
  next_sweep_ = now + kSweep;
  // One call ends when the death row is full.
  do {
    bury(1);
    rte_ip_frag_table_del_expired_entries(table_.get(), &graveyard_, now);
  } while (graveyard_.cnt != 0);
}

}  // namespace culvert::dp
