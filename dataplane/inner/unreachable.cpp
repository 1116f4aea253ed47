#include "dataplane/inner/unreachable.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <rte_ip.h>
#include <rte_mbuf.h>

#include "dataplane/packet/checksum.hpp"

namespace culvert::dp {

namespace {

constexpr unsigned kLargestError = 576;  // RFC 1812 §4.3.2.3

}  // namespace

bool may_answer(const rte_mbuf* packet) noexcept {
  const auto& ip = *rte_pktmbuf_mtod(packet, const Ipv4Header*);
  const unsigned header = ip.header_size();
  if ((ip.fragment & Ipv4Header::kOffsetMask) != 0) return false;
  const uint32_t src = ip.src;
  if (src == 0 || src >= 0xe0000000 || (src >> 24) == 127) return false;
  if (ip.protocol == static_cast<uint8_t>(IpProtocol::icmp)) {
    if (packet->data_len <= header) return false;
    const uint8_t type = *rte_pktmbuf_mtod_offset(packet, const uint8_t*, header);
    // Only queries may be answered: echo, timestamp, information, mask, and their replies.
    return type == 0 || type == 8 || (type >= 13 && type <= 18);
  }
  return true;
}

void UnreachableLimit::set_rate(uint32_t per_second, uint32_t burst) {
  if (per_second == 0 || per_second > 1'000'000 || burst == 0) {
    throw std::invalid_argument(
        "icmp unreachable: rate-limit and burst-size must be at least 1, the rate at most 1000000");
  }
  const uint64_t interval_us = 1'000'000 / per_second;
  interval_us_.store(interval_us, std::memory_order_relaxed);
  burst_us_.store(interval_us * (burst - 1), std::memory_order_relaxed);
  // What a slower rate has put off must not hold up a faster one for longer than this.
  next_us_.store(0, std::memory_order_relaxed);
}

bool UnreachableLimit::allow(uint64_t now_us) noexcept {
  const uint64_t interval_us = interval_us_.load(std::memory_order_relaxed);
  const uint64_t burst_us = burst_us_.load(std::memory_order_relaxed);
  uint64_t next = next_us_.load(std::memory_order_relaxed);
  for (;;) {
    if (next > now_us + burst_us) {
      suppressed_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    const uint64_t after = std::max(next, now_us) + interval_us;
    if (next_us_.compare_exchange_weak(next, after, std::memory_order_relaxed)) break;
  }
  sent_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

rte_mbuf* make_fragmentation_needed(const rte_mbuf* packet, const IpAddress& source,
                                    uint16_t next_hop_mtu, rte_mempool* pool) noexcept {
  const auto* original = rte_pktmbuf_mtod(packet, const Ipv4Header*);
  constexpr unsigned kHeaders = sizeof(Ipv4Header) + sizeof(IcmpHeader);
  const unsigned quote = std::min<unsigned>(packet->data_len, kLargestError - kHeaders);
  rte_mbuf* m = rte_pktmbuf_alloc(pool);
  if (m == nullptr) return nullptr;
  auto* to =
      reinterpret_cast<uint8_t*>(rte_pktmbuf_append(m, static_cast<uint16_t>(kHeaders + quote)));
  if (to == nullptr) {
    rte_pktmbuf_free(m);
    return nullptr;
  }
  auto* ip = reinterpret_cast<Ipv4Header*>(to);
  auto* icmp = reinterpret_cast<IcmpHeader*>(to + sizeof(Ipv4Header));
  // RFC 1812 §4.3.2.5: precedence of errors is internetwork control (0xc0).
  *ip = {0x45,
         0xc0,
         static_cast<uint16_t>(kHeaders + quote),
         0,
         0,
         64,
         static_cast<uint8_t>(IpProtocol::icmp),
         0,
         source.v4_value(),
         original->src};
  *icmp = {IcmpHeader::kUnreachable, 4, 0, next_hop_mtu};
  std::memcpy(to + kHeaders, original, quote);

  fill_ipv4_checksum(*ip);
  icmp->checksum =
      be16::from_raw(static_cast<uint16_t>(~rte_raw_cksum(icmp, sizeof *icmp + quote)));
  return m;
}

}  // namespace culvert::dp
