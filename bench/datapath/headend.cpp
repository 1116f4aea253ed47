#include "bench/datapath/headend.hpp"

#include <stdexcept>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#include "bench/huge_pages.hpp"
#include "dataplane/packet/headers.hpp"

namespace culvert::bench {
namespace {

constexpr const char* kDevices[] = {"net_ring0", "net_ring1"};
constexpr const char* kRings[] = {"ETH_RXTX0_net_ring0", "ETH_RXTX0_net_ring1"};
constexpr dp::MacAddress kFarMac{2, 0, 0, 0, 0, 1};
constexpr unsigned kStartMegabytes = 64;
constexpr unsigned kBuffers = 4095;
constexpr uint64_t kBase = uint64_t{160} << 20;
constexpr uint64_t kPerSession = 14 << 10;

// DPDK starts once a process. It takes more huge pages when tables are made, and gives them back.
const dp::Eal& eal() {
  static const dp::Eal one = [] {
    const unsigned cpu = dp::allowed_cpus().back();
    return dp::Eal({.control_core = cpu,
                    .workers = {cpu},  // its thread only waits
                    .memory_mb = kStartMegabytes,
                    .devices = {kDevices[0], kDevices[1]},
                    .on_log = {}});
  }();
  if (!one.huge_pages()) throw std::runtime_error("DPDK started without huge pages");
  return one;
}

// Closing a port takes its device away; the next headend wants both again.
void reopen_devices() {
  for (const char* device : kDevices) {
    uint16_t port = 0;
    if (rte_eth_dev_get_port_by_name(device, &port) == 0) continue;
    (void)rte_eal_hotplug_remove("vdev", device);
    if (rte_eal_hotplug_add("vdev", device, "") != 0) {
      throw std::runtime_error(std::string("DPDK cannot open ") + device + " again");
    }
  }
}

dp::DataplaneSpec spec(size_t sessions, crypto::Isa isa) {
  dp::DataplaneSpec s;
  s.interfaces = {{.nameif = "outside", .address = dp::IpAddress::v4(kOutsideIp), .prefix = 24},
                  {.nameif = "inside", .address = dp::IpAddress::v4(kInsideIp), .prefix = 24}};
  s.routes = {{.network = 0, .prefix = 0, .gateway = kRouterIp, .nameif = "outside"}};
  s.pools.v4 = {{kFirstInner, kFirstInner + static_cast<uint32_t>(sessions) - 1}};
  s.buffers = kBuffers;
  s.max_sessions = static_cast<unsigned>(sessions);
  s.isa = isa;
  s.sleep_when_idle = false;
  s.ports_do_checksums = true;
  s.settings.tcpmss = 1460;  // so that a record of 1400 bytes is one segment
  s.settings.guarded = 1;    // as `webvpn` on the outside interface has it
  return s;
}

}  // namespace

void Headend::start_dpdk() {
  want_huge_pages(uint64_t{kStartMegabytes} << 20);
  (void)eal();
}

Headend::Headend(size_t sessions, crypto::Isa isa) {
  want_huge_pages(kBase + kPerSession * sessions);
  reopen_devices();
  dataplane_ = std::make_unique<dp::Dataplane>(eal(), spec(sessions, isa));
  worker_ = &dataplane_->start_by_hand();
  for (size_t i = 0; i < rings_.size(); ++i) {
    rings_[i] = rte_ring_lookup(kRings[i]);
    if (rings_[i] == nullptr) throw std::runtime_error("the ports' rings have other names");
  }
  rte_rcu_qsbr* qsbr = dataplane_->sessions().qsbr();
  rte_rcu_qsbr_thread_register(qsbr, 0);
  rte_rcu_qsbr_thread_online(qsbr, 0);
  start_ = rte_rdtsc();
  worker_->now = worker_->clock.at(start_);
  learn_neighbours();
}

Headend::~Headend() {
  for (const Side side : {Side::outside, Side::inside}) {
    while (rte_mbuf* m = take(side))
      rte_pktmbuf_free(m);
    for (rte_mbuf* m : given_[static_cast<uint8_t>(side)])
      rte_pktmbuf_free(m);
  }
  dataplane_->stop();
}

void Headend::learn_neighbours() {
  dp::Batch waiting;
  using Source = dp::NeighbourCache::Source;
  for (const Source source : {Source::request, Source::reply}) {
    worker_->neighbours.learn(dp::IpAddress::v4(kRouterIp), 0, kFarMac, source, worker_->now,
                              waiting);
    worker_->neighbours.learn(dp::IpAddress::v4(kServerIp), 1, kFarMac, source, worker_->now,
                              waiting);
  }
}

rte_mbuf* Headend::buffer() {
  rte_mbuf* m = rte_pktmbuf_alloc(worker_->link.pool);
  if (m == nullptr) throw std::runtime_error("the packet pool is empty");
  return m;
}

void Headend::give(Side side, rte_mbuf* m) {
  const auto index = static_cast<uint8_t>(side);
  const dp::EthernetHeader ethernet{dataplane_->interfaces()[index].mac, kFarMac,
                                    static_cast<uint16_t>(dp::EtherType::ipv4)};
  std::memcpy(rte_pktmbuf_prepend(m, sizeof ethernet), &ethernet, sizeof ethernet);
  m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  given_[index].push_back(m);
}

rte_mbuf* Headend::take(Side side) {
  auto& sent = sent_[static_cast<uint8_t>(side)];
  while (!sent.empty()) {
    rte_mbuf* m = sent.front();
    sent.pop_front();
    const auto* ethernet = rte_pktmbuf_mtod(m, const dp::EthernetHeader*);
    if (ethernet->type == static_cast<uint16_t>(dp::EtherType::ipv4)) {
      rte_pktmbuf_adj(m, sizeof *ethernet);
      return m;
    }
    rte_pktmbuf_free(m);  // a neighbour is asked again: it is known all the same
  }
  return nullptr;
}

void Headend::feed(Side side, unsigned rounds) {
  auto& given = given_[static_cast<uint8_t>(side)];
  const size_t n = (given.size() + rounds - 1) / rounds;
  // What a round leaves on the ring would be mixed with what the worker sends.
  if (n > dp::kBurst) throw std::runtime_error("a port got more frames than the worker takes");
  for (size_t i = 0; i < n; ++i) {
    (void)rte_ring_enqueue(rings_[static_cast<uint8_t>(side)], given.front());
    given.pop_front();
  }
}

void Headend::drain(Side side) {
  void* m = nullptr;
  while (rte_ring_dequeue(rings_[static_cast<uint8_t>(side)], &m) == 0)
    sent_[static_cast<uint8_t>(side)].push_back(static_cast<rte_mbuf*>(m));
}

void Headend::pass(unsigned rounds) {
  for (; rounds != 0; --rounds) {
    feed(Side::outside, rounds);
    feed(Side::inside, rounds);
    round();
    drain(Side::outside);
    drain(Side::inside);
  }
}

void Headend::round() noexcept {
  dp::Worker& w = *worker_;
  w.now = w.clock.at(start_ + cycles_.all());
  const uint64_t begin = rte_rdtsc();
  (void)w.obey();
  (void)w.receive();
  (void)w.take_over();
  const uint64_t received = rte_rdtsc();
  (void)w.tunnels_up();
  const uint64_t up = rte_rdtsc();
  w.tunnels_down();
  const uint64_t down = rte_rdtsc();
  w.transmit();
  rte_rcu_qsbr_quiescent(dataplane_->sessions().qsbr(), 0);
  const uint64_t end = rte_rdtsc();
  cycles_.receive += received - begin;
  cycles_.up += up - received;
  cycles_.down += down - up;
  cycles_.transmit += end - down;
}

std::optional<std::string> Headend::news_of_drops() {
  std::optional<std::string> name;
  for (size_t i = 0; i < dropped_.size(); ++i) {
    const auto reason = static_cast<dp::DropReason>(i);
    const uint64_t n = worker_->drops.get(reason);
    if (n != dropped_[i]) name = dp::text(reason).keyword;
    dropped_[i] = n;
  }
  return name;
}

uint32_t Headend::milliseconds() const noexcept {
  return static_cast<uint32_t>(worker_->now / dp::kMillisecond);
}

uint32_t Headend::bytes_per_connection() const noexcept {
  return worker_->tcp.bytes_per_connection();
}

}  // namespace culvert::bench
