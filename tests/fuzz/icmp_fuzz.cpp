// Hostile ICMP and ICMPv6 messages to the box, and the packets that they claim to quote. Afterwards no
// packet buffer may be missing, and nothing that is believed of a path may be out of bounds.
//
// An input is a run of messages: family (bit 0) and whether the checksum is made right (bit 1), how large
// the buffers are that it lies in, its length, its bytes from the ICMP type on.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "crypto/bytes.hpp"
#include "dataplane/ip/classify.hpp"
#include "dataplane/ip/icmp6.hpp"
#include "dataplane/ip/ipv6.hpp"
#include "dataplane/ip/path_report.hpp"
#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/meta.hpp"
#include "tests/fuzz/eal.hpp"

namespace {

using namespace culvert;
using namespace culvert::dp;

rte_mempool* pool = nullptr;
constexpr uint32_t kOwn4 = 0xc0000201, kRouter4 = 0xcb007101;
constexpr std::array<uint8_t, 16> kOwn6{0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr std::array<uint8_t, 16> kRouter6{0x20, 1, 0x0d, 0xb8, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};

rte_mbuf* chain(std::span<const uint8_t> bytes, size_t step) {
  rte_mbuf* head = nullptr;
  for (size_t at = 0; at < bytes.size(); at += step) {
    rte_mbuf* m = rte_pktmbuf_alloc(pool);
    const size_t n = std::min(step, bytes.size() - at);
    std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(at), n,
                reinterpret_cast<uint8_t*>(rte_pktmbuf_append(m, static_cast<uint16_t>(n))));
    if (head == nullptr) {
      head = m;
    } else if (rte_pktmbuf_chain(head, m) != 0) {
      rte_pktmbuf_free(m);
      break;
    }
  }
  meta(head) = {};
  return head;
}

uint16_t ones_complement(std::span<const uint8_t> bytes, uint32_t sum) {
  for (size_t i = 0; i < bytes.size(); ++i)
    sum += uint32_t{bytes[i]} << (i % 2 == 0 ? 8 : 0);
  while (sum > 0xffff)
    sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

// Null at the end of the input, or for a message of nothing.
rte_mbuf* message(Reader& in) {
  const auto kind = in.u8(), step = in.u8(), size = in.u8();
  if (!size) return nullptr;
  const auto body = in.bytes(std::min<size_t>(*size, in.left()));
  const bool v4 = (*kind & 1) == 0;
  const size_t l3 = v4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
  std::array<uint8_t, sizeof(Ipv6Header) + 256> bytes{};
  const auto total = static_cast<uint16_t>(l3 + body->size());
  std::copy(body->begin(), body->end(), bytes.begin() + static_cast<ptrdiff_t>(l3));
  if (v4) {
    auto* ip = reinterpret_cast<Ipv4Header*>(bytes.data());
    ip->version_ihl = 0x45;
    ip->total_length = total;
    ip->protocol = 1;
    ip->src = kRouter4;
    ip->dst = kOwn4;
    fill_ipv4_checksum(*ip);
  } else {
    auto* ip = reinterpret_cast<Ipv6Header*>(bytes.data());
    ip->version_class_flow = 6u << 28;
    ip->payload_length = static_cast<uint16_t>(body->size());
    ip->next_header = 58;
    ip->src = kRouter6;
    ip->dst = kOwn6;
  }
  if ((*kind & 2) != 0 && body->size() >= sizeof(IcmpHeader)) {
    bytes[l3 + 2] = bytes[l3 + 3] = 0;
    const std::span<const uint8_t> icmp(bytes.data() + l3, body->size());
    uint32_t pseudo = 0;
    if (!v4) {
      const std::span<const uint8_t> addresses(bytes.data() + 8, 32);
      pseudo = static_cast<uint16_t>(~ones_complement(addresses, 0)) +
               static_cast<uint32_t>(body->size()) + 58;
    }
    const uint16_t sum = ones_complement(icmp, pseudo);
    bytes[l3 + 2] = static_cast<uint8_t>(sum >> 8);
    bytes[l3 + 3] = static_cast<uint8_t>(sum);
  }
  return chain({bytes.data(), total}, std::max<size_t>(*step, 1));
}

void read(rte_mbuf* m) {
  PathReport report;
  const bool v4 = meta(m).family == 4;
  if (read_path_report(m, report) == DropReason::count_) {
    const uint16_t floor = v4 ? kLeastPathMtu4 : kLeastPathMtu6;
    const bool ours = report.flow.local == (v4 ? IpAddress::v4(kOwn4) : IpAddress::v6(kOwn6));
    if (report.mtu < floor || !ours || (report.below_floor && !v4)) std::abort();
  }
  rte_pktmbuf_free(m);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  fuzz::start_eal(128);
  pool = rte_pktmbuf_pool_create("fuzz", 4095, 32, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  return pool == nullptr ? 1 : 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const unsigned before = rte_mempool_avail_count(pool);
  {
    DropCounters drops;
    IcmpState state;
    Batch in, replies, discovery, reports;
    Time now = kSecond;
    Reader reader({data, size});
    while (rte_mbuf* m = message(reader)) {
      const bool v4 = (*rte_pktmbuf_mtod(m, const uint8_t*) >> 4) == 4;
      const DropReason reason = v4 ? check_ipv4(m) : check_ipv6(m);
      if (reason != DropReason::count_) {
        drop(drops, reason, m);
        continue;
      }
      in.push(m);
      if (v4) {
        icmp_input(state, in, replies, reports, drops, now);
      } else {
        icmp6_input(state, in, {replies, discovery, reports}, drops, now);
      }
      for (rte_mbuf* report : reports)
        read(report);
      reports.clear();
      for (Batch* batch : {&replies, &discovery}) {
        rte_pktmbuf_free_bulk(batch->data(), batch->size());
        batch->clear();
      }
      now += kSecond;
    }
  }
  if (rte_mempool_avail_count(pool) != before) std::abort();
  return 0;
}
