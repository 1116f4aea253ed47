// Hostile IPv6 frames against everything below TCP: header walk, reassembly, echo, neighbour
// discovery, the MSS of SYNs that pass, and the errors about what was too big. Afterwards no packet
// buffer may be missing.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "crypto/bytes.hpp"
#include "dataplane/inner/mss_clamp.hpp"
#include "dataplane/inner/too_big.hpp"
#include "dataplane/ip/icmp6.hpp"
#include "dataplane/ip/ipv6.hpp"
#include "dataplane/ip/output.hpp"
#include "dataplane/ip/reassembly.hpp"
#include "dataplane/neighbour/nd.hpp"
#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/meta.hpp"
#include "tests/fuzz/eal.hpp"

namespace {

using namespace culvert;
using namespace culvert::dp;

rte_mempool* pool = nullptr;
std::optional<Port> port;
InterfaceTable interfaces;
constexpr MacAddress kMac{2, 0, 0, 0, 0, 1};
const IpAddress kOwn = IpAddress::v6({0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

// An input is a run of frames: what to repair, how many bytes, in segments of which size. The first
// bytes are made plausible, so that inputs get past the doorman.
rte_mbuf* frame(Reader& in) {
  const auto repair = in.u8(), size = in.u8(), segment = in.u8();
  if (!segment) return nullptr;
  const auto bytes = in.bytes(std::min<size_t>(*size * 2u, in.left()));
  const size_t step = std::max<size_t>(*segment, 1);
  rte_mbuf* head = nullptr;
  size_t at = 0;
  do {
    rte_mbuf* m = rte_pktmbuf_alloc(pool);
    const size_t n = std::min(step, bytes->size() - at);
    std::copy_n(bytes->begin() + static_cast<ptrdiff_t>(at), n,
                reinterpret_cast<uint8_t*>(rte_pktmbuf_append(m, static_cast<uint16_t>(n))));
    at += n;
    if (head == nullptr) {
      head = m;
    } else if (rte_pktmbuf_chain(head, m) != 0) {
      rte_pktmbuf_free(m);
      break;
    }
  } while (at < bytes->size());
  meta(head) = {};
  constexpr uint32_t kHeaders = sizeof(EthernetHeader) + sizeof(Ipv6Header);
  if ((*repair & 1) == 0 || !make_contiguous(head, kHeaders)) return head;
  auto* ethernet = header_at<EthernetHeader>(head, 0);
  ethernet->type = uint16_t{0x86dd};
  auto* ip = header_at<Ipv6Header>(head, sizeof(EthernetHeader));
  ip->version_class_flow = 6u << 28;
  ip->payload_length = static_cast<uint16_t>(head->pkt_len - kHeaders);
  if ((*repair & 2) != 0) ip->hop_limit = 255;
  ethernet->dst = kMac;
  if ((*repair & 4) != 0) {
    ip->dst = kOwn.bytes();
  } else if ((*repair & 8) != 0) {
    ip->dst = solicited_node(kOwn).bytes();
    ethernet->dst = {0x33, 0x33, 0xff, 0, 0, 1};
  }
  return head;
}

// Half of the ICMPv6 messages get the checksum that lets them in.
void repair_checksums(Batch& batch) {
  for (rte_mbuf* m : batch) {
    const unsigned l3 = meta(m).l3_size;
    if ((m->pkt_len & 1) != 0 || l3 != sizeof(Ipv6Header) ||
        !make_contiguous(m, l3 + uint32_t{sizeof(Icmp6Header)})) {
      continue;
    }
    fill_icmp6_checksum(m);
  }
}

void free_all(Batch& batch) {
  rte_pktmbuf_free_bulk(batch.data(), batch.size());
  batch.clear();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  fuzz::start_eal(256, {"--vdev", "net_null0"});
  pool = rte_pktmbuf_pool_create("fuzz", 4095, 32, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  port.emplace("net_null0");
  port->configure({.pool = pool, .rx_descriptors = 64, .tx_descriptors = 64});
  Interface interface;
  interface.mac = kMac;
  interface.port = port->id();
  interface.up = true;
  interface.link_local = link_local_of(kMac);
  interface.ipv6[interface.ipv6_count++] = {kOwn, 64};
  interfaces.add(interface);
  return pool == nullptr ? 1 : 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const unsigned before = rte_mempool_avail_count(pool);
  {
    DropCounters drops;
    NeighbourCache neighbours({}, drops);
    PortTx tx(*port, 0, nullptr, pool, drops);
    LinkContext link{interfaces, {&tx}, neighbours, pool, drops};
    Reassembly reassembly({}, drops);
    IcmpState icmp;
    NdState nd;
    ClassifyEdges edges;
    Batch in, replies, discovery, reports;
    Time now = 1'000'000;
    Reader reader({data, size});
    while (rte_mbuf* m = frame(reader)) {
      in.push(m);
      classify(in, port->id(), interfaces, edges, drops);
      if (!edges.local_fragment.empty()) reassembly.input(edges.local_fragment, edges, now);
      repair_checksums(edges.local_icmp6);
      icmp6_input(icmp, edges.local_icmp6, {replies, discovery, reports}, drops, now);
      nd_input(link, nd, discovery, now);
      for (rte_mbuf* through : edges.transit) {
        if (const uint32_t at = syn_at(through); at != 0) clamp_syn(through, at, {1380, 536});
        if (!may_answer6(through)) continue;
        rte_pktmbuf_free(make_packet_too_big(through, kOwn, 1280, pool));
      }
      for (Batch* edge : {&edges.arp, &edges.local_tcp, &edges.local_udp, &edges.local_icmp,
                          &edges.local_other, &edges.transit, &replies, &reports}) {
        free_all(*edge);
      }
      now += 10'000;
      neighbour_poll(link, now);
      // The port would send it: here it goes nowhere.
      tx.flush();
    }
    reassembly.poll(now + 100'000'000);
  }
  if (rte_mempool_avail_count(pool) != before) std::abort();
  return 0;
}
