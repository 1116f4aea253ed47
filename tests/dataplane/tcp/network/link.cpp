// What one packet meets on its way, in this order: loss, the queue, the wire, then lateness, a double, a flipped bit.
#include "tests/dataplane/tcp/network/link.hpp"

#include <algorithm>
#include <cmath>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "dataplane/packet/meta.hpp"

namespace culvert::tcp::test {

namespace {

constexpr uint32_t kIp = sizeof(rte_ipv4_hdr);

bool bare_ack(const rte_mbuf* m) {
  const auto* tcp = rte_pktmbuf_mtod_offset(m, const rte_tcp_hdr*, kIp);
  return tcp->tcp_flags == RTE_TCP_ACK_FLAG && m->pkt_len == kIp + (tcp->data_off >> 4) * 4u;
}

}  // namespace

bool Link::lost(const rte_mbuf* m, Time now) {
  if (now >= burst_ends_ && dice_.happens(config_.burst_begins)) {
    const double mean = static_cast<double>(config_.burst_lasts);
    const double uniform = static_cast<double>(dice_.below(1'000'000) + 1) / 1e6;
    burst_ends_ = now + 1 + static_cast<Time>(-std::log(uniform) * mean);
  }
  if (now < burst_ends_ || dice_.happens(config_.loss)) return true;
  return dice_.happens(config_.ack_loss) && bare_ack(m);
}

rte_mbuf* Link::flip_a_bit(rte_mbuf* m) {
  const uint64_t bit = dice_.below((m->pkt_len - kIp) * 8u);
  auto* byte = rte_pktmbuf_mtod_offset(m, uint8_t*, kIp + bit / 8);
  *byte = static_cast<uint8_t>(*byte ^ 1u << (bit % 8));
  ++counters_.corrupted;
  return m;
}

// The options become NOPs, and the checksum is right again, as such boxes do it.
void Link::strip_options(rte_mbuf* m) const {
  auto* tcp = rte_pktmbuf_mtod_offset(m, rte_tcp_hdr*, kIp);
  if ((tcp->tcp_flags & RTE_TCP_SYN_FLAG) == 0) return;
  auto* at = reinterpret_cast<uint8_t*>(tcp) + sizeof *tcp;
  const uint8_t* end = reinterpret_cast<uint8_t*>(tcp) + (tcp->data_off >> 4) * 4;
  while (at < end && *at != 0) {
    const uint8_t size = *at == 1 ? 1 : at[1];
    const bool strip = (*at == 3 && config_.strip_scale) || (*at == 4 && config_.strip_sack) ||
                       (*at == 8 && config_.strip_timestamps);
    if (strip) std::fill_n(at, size, uint8_t{1});
    at += size;
  }
  tcp->cksum = 0;
  tcp->cksum = rte_ipv4_udptcp_cksum(rte_pktmbuf_mtod(m, const rte_ipv4_hdr*), tcp);
}

Link::Carried Link::carry(rte_mbuf* m, Time now) {
  Carried out;
  if (lost(m, now)) {
    ++counters_.lost;
    rte_pktmbuf_free(m);
    return out;
  }
  Time at = now;
  if (config_.rate != 0) {
    const uint64_t nanoseconds = now * 1000;
    const uint64_t wait = busy_until_ > nanoseconds ? busy_until_ - nanoseconds : 0;
    const uint64_t queued = wait * config_.rate / 8'000'000'000;
    if (config_.queue != 0 && queued + m->pkt_len > config_.queue) {
      ++counters_.overflowed;
      rte_pktmbuf_free(m);
      return out;
    }
    counters_.most_queued = std::max(counters_.most_queued, queued + m->pkt_len);
    const uint64_t on_wire = m->pkt_len * 8'000'000'000u / config_.rate;
    counters_.queued_by_time += m->pkt_len * (wait + on_wire) / 1000;
    busy_until_ = nanoseconds + wait + on_wire;
    at = (busy_until_ + 999) / 1000;
  }
  at += config_.delay;
  if (config_.jitter != 0) at += dice_.below(config_.jitter + 1);
  if (dice_.happens(config_.reorder)) {
    at += dice_.between(1, std::max<Time>(config_.reorder_by, 1));
    ++counters_.reordered;
  } else {
    at = last_arrival_ = std::max(at, last_arrival_);
  }
  if (config_.strip_sack || config_.strip_timestamps || config_.strip_scale) strip_options(m);
  out.packet[0] = m;
  out.at[0] = at;
  if (dice_.happens(config_.duplicate)) {
    if (rte_mbuf* copy = rte_pktmbuf_copy(m, m->pool, 0, UINT32_MAX)) {
      dp::meta(copy) = dp::meta(m);
      out.packet[1] = copy;
      out.at[1] = at + dice_.below(2000);
      ++counters_.duplicated;
    }
  }
  if (dice_.happens(config_.corrupt)) out.packet[0] = flip_a_bit(m);
  for (const rte_mbuf* p : out.packet) {
    if (p == nullptr) continue;
    ++counters_.packets;
    counters_.bytes += p->pkt_len;
  }
  return out;
}

}  // namespace culvert::tcp::test
