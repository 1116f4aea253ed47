#include "tests/dataplane/tcp_peer/link.hpp"

#include <algorithm>
#include <utility>

#include <rte_ethdev.h>

#include "dataplane/packet/contiguous.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/meta.hpp"

namespace culvert::tcp_peer {

using namespace culvert::dp;

namespace {

void drop_all(Batch& batch, DropReason reason, DropCounters& drops) {
  for (rte_mbuf* m : batch)
    drop(drops, reason, m);
  batch.clear();
}

}  // namespace

OpenPort::OpenPort(const std::string& device, const Options& options, rte_mempool* pool)
    : port_(device, options.offload ? DriverFaults::ignore : DriverFaults::avoid) {
  port_.configure({.pool = pool, .mtu = options.mtu});
  port_.start();
  Interface interface;
  if (options.address.is_v4()) {
    interface.ipv4 = options.address.v4_value();
    interface.prefix = options.prefix;
  } else {
    interface.link_local = link_local_of(port_.mac());
    interface.ipv6[interface.ipv6_count++] = {options.address, options.prefix};
  }
  interface.mac = port_.mac();
  interface.mtu = port_.mtu();
  interface.port = port_.id();
  interface.up = true;
  interface.nameif = "peer";
  interfaces_.add(interface);
}

Link::Link(const OpenPort& port, rte_mempool* pool, std::vector<dp::IpAddress> also_ours, Time now)
    : port_(port.port()),
      also_ours_(std::move(also_ours)),
      neighbours_({}, drops_),
      tx_(port_, 0, nullptr, pool, drops_),
      link_{.interfaces = port.interfaces(),
            .neighbours = neighbours_,
            .pool = pool,
            .drops = drops_},
      routes_("peer", port.interfaces(), {}),
      routes6_("peer6", port.interfaces(), {}),
      output_{.link = link_, .routes = &routes_, .routes6 = &routes6_},
      reassembly_({}, drops_),
      now_(now) {
  link_.tx[0] = &tx_;
  announcer_.announce(0, now);
}

bool Link::receive(tcp::Endpoint& endpoint, Time now) {
  now_ = now;
  burst_.set_size(rte_eth_rx_burst(port_.id(), 0, burst_.data(), kBurst));
  if (burst_.empty()) return false;
  classify(burst_, port_.id(), link_.interfaces, edges_, drops_);
  arp_input(link_, arp_, edges_.arp, now);
  reassembly_.input(edges_.local_fragment, edges_, now);
  icmp_input(icmp_, edges_.local_icmp, replies_, reports_, drops_, now);
  icmp6_input(icmp_, edges_.local_icmp6, {replies_, discovery_, reports_}, drops_, now);
  nd_input(link_, nd_, discovery_, now);
  for (rte_mbuf* m : reports_) {
    dp::PathReport report;
    DropReason reason = read_path_report(m, report);
    if (reason == DropReason::count_) reason = endpoint.path_report(report, now);
    if (reason == DropReason::count_) {
      rte_pktmbuf_free(m);
    } else {
      drop(drops_, reason, m);
    }
  }
  reports_.clear();
  ip_output(output_, replies_, now);
  drop_all(edges_.local_udp, DropReason::ip_protocol, drops_);
  drop_all(edges_.local_other, DropReason::ip_protocol, drops_);
  take_ours(endpoint, now);
  endpoint.input(edges_.local_tcp.span(), now);
  edges_.local_tcp.clear();
  return true;
}

// Whole TCP segments to the addresses that connections come from; to the stages below they are somebody
// else's.
void Link::take_ours(tcp::Endpoint& endpoint, Time now) {
  Batch ours;
  for (rte_mbuf* m : edges_.transit) {
    bool tcp = false;
    IpAddress to;
    if (meta(m).family == 4) {
      const auto* ip = rte_pktmbuf_mtod(m, const Ipv4Header*);
      tcp = ip->protocol == static_cast<uint8_t>(IpProtocol::tcp) && !ip->is_fragment();
      to = IpAddress::v4(ip->dst);
    } else {
      const auto* ip = rte_pktmbuf_mtod(m, const Ipv6Header*);
      tcp = ip->next_header == static_cast<uint8_t>(IpProtocol::tcp);
      to = IpAddress::v6(ip->dst);
    }
    const uint32_t want = meta(m).l3_size + uint32_t{sizeof(TcpHeader)};
    if (tcp && std::find(also_ours_.begin(), also_ours_.end(), to) != also_ours_.end() &&
        make_contiguous(m, std::min(want, m->pkt_len))) {
      ours.push(m);
    } else {
      drop(drops_, DropReason::ip_not_forwarded, m);
    }
  }
  edges_.transit.clear();
  endpoint.input(ours.span(), now);
}

void Link::transmit(Time now) {
  now_ = now;
  reassembly_.poll(now);
  neighbour_poll(link_, now);
  announcer_.poll(link_, now);
  tx_.flush();
}

tcp::SegmentSink Link::sink() noexcept {
  return {[](void* self, Batch& segments) {
            auto& link = *static_cast<Link*>(self);
            ip_output(link.output_, segments, link.now_);
          },
          this};
}

}  // namespace culvert::tcp_peer
