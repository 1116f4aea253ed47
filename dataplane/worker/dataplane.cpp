#include "dataplane/worker/dataplane.hpp"

#include <algorithm>
#include <stdexcept>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "dataplane/packet/meta.hpp"
#include "dataplane/worker/steering.hpp"
#include "dataplane/worker/worker.hpp"

namespace culvert::dp {

namespace {

// Half of those to control are for handshakes of DTLS, which come in bursts where many clients come back.
constexpr unsigned kMessagesPerLane = 256;
constexpr unsigned kHandoffRing = 2048;

PacketPool make_pool(const Eal& eal, const DataplaneSpec& spec) {
  unsigned mtu = 1500;
  for (const InterfaceSpec& interface : spec.interfaces)
    mtu = std::max(mtu, interface.mtu);
  return make_packet_pool("packets", spec.buffers, mtu, eal.buffer_layout());
}

int run_worker(void* worker) {
  static_cast<Worker*>(worker)->run();
  return 0;
}

}  // namespace

Dataplane::Dataplane(const Eal& eal, const DataplaneSpec& spec)
    : start_tsc_(rte_rdtsc()), unreachable_(spec.unreachable_rate, spec.unreachable_burst) {
  register_packet_meta();
  pool_ = make_pool(eal, spec);
  mesh_ = std::make_unique<HandoffMesh>(spec.workers, kHandoffRing);
  open_ports(eal, spec);

  make_routes(spec);
  pools_ = spec.pools;
  sessions_ = std::make_unique<SessionTable>(spec.max_sessions, spec.workers);

  for (unsigned i = 0; i < spec.workers; ++i) {
    bells_.push_back(std::make_unique<Doorbell>());
    mesh_->set_bell(i, bells_.back().get());
    mailboxes_.push_back(
        std::make_unique<Mailbox>(i, kMessagesPerLane, control_bell_, *bells_.back()));
  }
  for (unsigned i = 0; i < spec.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(static_cast<uint8_t>(i), *this, spec));
    dtls_homes_.at(i) = &workers_.back()->dtls_transmit;
  }
}

void Dataplane::make_routes(const DataplaneSpec& spec) {
  const auto named = [this](const std::string& nameif) {
    const auto* interface = std::find_if(interfaces_.begin(), interfaces_.end(),
                                         [&](const Interface& i) { return i.nameif == nameif; });
    if (interface == interfaces_.end()) {
      throw std::runtime_error("route through '" + nameif + "': no interface has that name");
    }
    return interface->index;
  };
  std::vector<StaticRoute> routes;
  for (const RouteSpec& route : spec.routes) {
    routes.push_back({route.network, static_cast<uint8_t>(route.prefix), route.gateway,
                      named(route.nameif), static_cast<uint8_t>(route.metric)});
  }
  routes_ = std::make_unique<RouteTable>("routes", interfaces_, routes);
  std::vector<StaticRoute6> routes6;
  for (const RouteSpec6& route : spec.routes6) {
    routes6.push_back({route.destination, route.gateway, named(route.nameif),
                       static_cast<uint8_t>(route.metric)});
  }
  routes6_ = std::make_unique<RouteTable6>("routes6", interfaces_, routes6);
}

Dataplane::~Dataplane() {
  stop();
}

void Dataplane::open_ports(const Eal& eal, const DataplaneSpec& spec) {
  reply_from_.resize(64);
  // One port's MTU decides about every port's buffers: what none can have is refused first.
  for (size_t i = 0; i < spec.interfaces.size(); ++i) {
    ports_.push_back(std::make_unique<Port>(eal.devices()[i].name));
    ports_.back()->check_mtu(spec.interfaces[i].mtu);
  }
  for (size_t i = 0; i < spec.interfaces.size(); ++i) {
    const InterfaceSpec& from = spec.interfaces[i];
    Port* port = ports_[i].get();
    PortConfig config;
    config.workers = static_cast<uint16_t>(spec.workers);
    config.pool = pool_.get();
    config.mtu = static_cast<uint16_t>(from.mtu);
    port->configure(config);
    if (spec.ports_do_checksums) port->leave_checksums();

    Interface interface;
    interface.nameif = from.nameif;
    interface.ipv4 = from.address.is_v4() ? from.address.v4_value() : 0;
    interface.prefix = static_cast<uint8_t>(from.prefix);
    interface.mac = port->mac();
    interface.mtu = port->mtu();
    interface.port = port->id();
    interface.up = from.up;
    if (from.ipv6) interface.link_local = link_local_of(interface.mac);
    if (from.ipv6_addresses.size() > interface.ipv6.size()) {
      throw std::runtime_error("interface " + from.nameif + " has more than " +
                               std::to_string(interface.ipv6.size()) + " IPv6 addresses");
    }
    for (const Ipv6Prefix& own : from.ipv6_addresses)
      interface.ipv6[interface.ipv6_count++] = own;
    interfaces_.add(interface);
    const IpAddress v6 = interface.ipv6_count == 0 ? IpAddress{} : interface.ipv6[0].address;
    reply_from_.at(port->id()) = {from.address, v6};
  }
}

void Dataplane::start() {
  running_ = true;  // whatever fails below, stop() waits for the workers that run
  for (auto& port : ports_)
    port->start();
  for (unsigned i = 0; i < workers_.size(); ++i) {
    Worker& worker = *workers_[i];
    worker.stop.store(false);
    if (i == 0) {
      for (const Interface& interface : interfaces_) {
        worker.announcer.announce(interface.index, worker.clock.at(rte_rdtsc()));
      }
    }
    if (rte_eal_remote_launch(run_worker, &worker, Eal::worker_lcore(i)) != 0) {
      throw std::runtime_error("cannot start worker " + std::to_string(i));
    }
  }
}

Worker& Dataplane::start_by_hand() {
  running_ = true;
  for (auto& port : ports_)
    port->start();
  return *workers_.front();
}

void Dataplane::announce(uint8_t interface) noexcept {
  workers_[0]->announce_wanted.fetch_or(1u << interface, std::memory_order_relaxed);
  bells_[0]->ring();
}

void Dataplane::stop() noexcept {
  if (!running_) return;
  for (unsigned i = 0; i < workers_.size(); ++i) {
    workers_[i]->stop.store(true);
    bells_[i]->ring();
  }
  for (unsigned i = 0; i < workers_.size(); ++i)
    rte_eal_wait_lcore(Eal::worker_lcore(i));
  for (auto& port : ports_)
    port->stop();
  running_ = false;
}

uint8_t Dataplane::home_of(const IpAddress& inner) const noexcept {
  return dp::home_of(inner, workers());
}

uint64_t Dataplane::drops(DropReason reason) const noexcept {
  uint64_t sum = 0;
  for (const auto& worker : workers_)
    sum += worker->drops.get(reason);
  return sum;
}

std::vector<DropTap*> Dataplane::attach_drop_taps() {
  std::vector<DropTap*> taps;
  for (size_t i = 0; i < workers_.size(); ++i) {
    if (taps_.size() == i) taps_.push_back(std::make_unique<DropTap>(workers_[i]->now));
    workers_[i]->drops.tap(taps_[i].get());
    taps.push_back(taps_[i].get());
  }
  return taps;
}

void Dataplane::detach_drop_taps() noexcept {
  for (const auto& worker : workers_)
    worker->drops.tap(nullptr);
}

Time Dataplane::now() const noexcept {
  return Clock(start_tsc_).at(rte_rdtsc());
}

const WorkerCounters& Dataplane::worker_counters(unsigned worker) const noexcept {
  return workers_[worker]->counters;
}

const tcp::EndpointCounters& Dataplane::tcp_counters(unsigned worker) const noexcept {
  return workers_[worker]->tcp.counters();
}

const TransmitCounters& Dataplane::transmit_counters(unsigned worker, size_t port) const noexcept {
  return workers_[worker]->tx[port]->counters();
}

const NdCounters& Dataplane::nd_counters(unsigned worker) const noexcept {
  return workers_[worker]->nd.counters;
}

const ArpCounters& Dataplane::arp_counters(unsigned worker) const noexcept {
  return workers_[worker]->arp.counters;
}

Dataplane::Records Dataplane::records(unsigned worker) const noexcept {
  const cstp::TunnelTable& tunnels = workers_[worker]->tunnels;
  return {tunnels.records_opened.load(std::memory_order_relaxed),
          tunnels.records_sealed.load(std::memory_order_relaxed)};
}

const dtls::Counters& Dataplane::dtls_counters(unsigned worker) const noexcept {
  return workers_[worker]->dtls.counters;
}

uint64_t Dataplane::dropped_on(uint8_t interface) const noexcept {
  uint64_t sum = 0;
  for (const auto& worker : workers_) {
    sum += worker->dropped_on[interface].load(std::memory_order_relaxed);
  }
  return sum;
}

std::vector<NeighbourRow> Dataplane::neighbours() const {
  std::vector<NeighbourRow> all;
  for (const auto& worker : workers_) {
    for (const NeighbourRow& row : worker->neighbour_snapshot.read()) {
      const bool known = std::any_of(all.begin(), all.end(), [&](const NeighbourRow& r) {
        return r.ip == row.ip && r.interface == row.interface;
      });
      if (!known) all.push_back(row);
    }
  }
  return all;
}

Dataplane::BufferUse Dataplane::buffers() const noexcept {
  BufferUse use;
  use.packet_total = pool_->size;
  use.packet_in_use = rte_mempool_in_use_count(pool_.get());
  use.packet_bytes = rte_pktmbuf_data_room_size(pool_.get());
  for (const auto& mailbox : mailboxes_)
    use.messages_in_use += mailbox->in_use();
  use.messages_total = 2 * kMessagesPerLane * workers();
  use.handoff_entries = mesh_->entries();
  for (const auto& worker : workers_) {
    use.connections += static_cast<unsigned>(worker->tcp.counters().connections.load());
    use.tcp_buffers += static_cast<unsigned>(worker->counters.tcp_buffers.load());
  }
  use.sessions = sessions_->published();
  use.sessions_in_grace = sessions_->waiting_for_grace();
  return use;
}

}  // namespace culvert::dp
