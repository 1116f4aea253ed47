// Answers ARP and ping on the devices named, with the stages that the headend uses: to try a device
// by hand.
//   port_echo WORKER_CPU ADDRESS/PREFIX DEVICE [ADDRESS/PREFIX DEVICE]...
// Prints one line a port at start, and what it counted when it gets SIGINT or SIGTERM.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <rte_cycles.h>

#include "dataplane/eal.hpp"
#include "dataplane/ip/classify.hpp"
#include "dataplane/ip/icmp.hpp"
#include "dataplane/ip/output.hpp"
#include "dataplane/ip/reassembly.hpp"
#include "dataplane/neighbour/announce.hpp"
#include "dataplane/neighbour/arp.hpp"
#include "dataplane/packet/meta.hpp"

namespace {

using namespace culvert::dp;

std::sig_atomic_t g_stop = 0;

Interface parse_interface(const std::string& text, const Port& port) {
  const size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (slash == std::string::npos || !address || !address->is_v4()) {
    throw std::runtime_error("'" + text + "' is no address with prefix, such as 192.0.2.1/24.");
  }
  Interface interface;
  interface.ipv4 = address->v4_value();
  interface.prefix = static_cast<uint8_t>(std::stoul(text.substr(slash + 1)));
  interface.mac = port.mac();
  interface.mtu = port.mtu();
  interface.port = port.id();
  interface.up = true;
  interface.nameif = "port" + std::to_string(port.id());
  return interface;
}

void drop_all(Batch& batch, DropReason reason, DropCounters& drops) {
  for (rte_mbuf* m : batch)
    drop(drops, reason, m);
  batch.clear();
}

void print_counts(const DropCounters& drops, const LinkContext& link,
                  const std::vector<std::unique_ptr<Port>>& ports) {
  for (const auto& port : ports) {
    const PortStats s = port->stats();
    std::printf("%s: in %lu packets, missed %lu, errors %lu; out %lu, errors %lu\n",
                port->name().c_str(), s.rx_packets, s.rx_missed, s.rx_errors, s.tx_packets,
                s.tx_errors);
  }
  std::printf("neighbours %u, waiting packets %u\n", link.neighbours.entries(),
              link.neighbours.waiting());
  for (size_t i = 0; i < kDropReasons; ++i) {
    const auto reason = static_cast<DropReason>(i);
    if (drops.get(reason) == 0) continue;
    std::printf("drop %-28s %lu\n", std::string(text(reason).keyword).c_str(), drops.get(reason));
  }
}

void serve(const std::vector<std::unique_ptr<Port>>& ports, const InterfaceTable& interfaces,
           rte_mempool* pool) {
  DropCounters drops;
  NeighbourCache neighbours({}, drops);
  LinkContext link{
      .interfaces = interfaces, .neighbours = neighbours, .pool = pool, .drops = drops};
  std::vector<std::unique_ptr<PortTx>> tx;
  for (const auto& port : ports) {
    tx.push_back(std::make_unique<PortTx>(*port, uint16_t{0}, nullptr, pool, drops));
    link.tx[interfaces.by_port(port->id())->index] = tx.back().get();
  }
  const RouteTable routes("echo", interfaces, {});
  OutputContext output{.link = link, .routes = &routes};
  ArpState arp;
  IcmpState icmp;
  Reassembly reassembly({}, drops);
  Announcer announcer;
  const uint64_t hz = rte_get_tsc_hz();
  const auto clock = [&] {
    return static_cast<Time>(static_cast<double>(rte_rdtsc()) * 1e6 / static_cast<double>(hz));
  };
  for (const Interface& interface : interfaces)
    announcer.announce(interface.index, clock());
  ClassifyEdges edges;
  Batch burst;
  Batch replies;
  while (g_stop == 0) {
    const Time now = clock();
    for (const auto& port : ports) {
      for (uint16_t q = 0; q < port->rx_queues(); ++q) {
        burst.set_size(rte_eth_rx_burst(port->id(), q, burst.data(), kBurst));
        if (burst.empty()) continue;
        classify(burst, port->id(), interfaces, edges, drops);
        arp_input(link, arp, edges.arp, now);
        reassembly.input(edges.local_fragment, edges, now);
        icmp_input(icmp, edges.local_icmp, replies, drops, now);
        ip_output(output, replies, now);
        drop_all(edges.local_tcp, DropReason::tcp_no_listener, drops);
        drop_all(edges.local_other, DropReason::ip_protocol, drops);
        drop_all(edges.transit, DropReason::ip_not_forwarded, drops);
      }
    }
    reassembly.poll(now);
    neighbour_poll(link, now);
    announcer.poll(link, now);
    for (const auto& t : tx)
      t->flush();
  }
  print_counts(drops, link, ports);
}

int run(int argc, char** argv) {
  if (argc < 4 || argc % 2 != 0) {
    std::fputs("usage: port_echo WORKER_CPU ADDRESS/PREFIX DEVICE [ADDRESS/PREFIX DEVICE]...\n",
               stderr);
    return 2;
  }
  EalConfig config;
  config.control_core = static_cast<unsigned>(std::stoul(argv[1]));
  config.workers = {config.control_core};
  config.memory_mb = 128;
  config.on_log = [](uint32_t level, std::string_view line) {
    std::fprintf(stderr, "dpdk %u: %.*s\n", level, static_cast<int>(line.size()), line.data());
  };
  for (int i = 3; i < argc; i += 2)
    config.devices.emplace_back(argv[i]);
  const Eal eal(std::move(config));
  for (const std::string& warning : eal.warnings())
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  register_packet_meta();
  rte_mempool* pool =
      rte_pktmbuf_pool_create("packets", 16383, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  if (pool == nullptr) throw std::runtime_error("No memory for packet buffers.");
  {
    InterfaceTable interfaces;
    std::vector<std::unique_ptr<Port>> ports;
    for (size_t i = 0; i < eal.devices().size(); ++i) {
      ports.push_back(std::make_unique<Port>(eal.devices()[i].name));
      Port& port = *ports.back();
      const char* queues = std::getenv("QUEUES");
      port.configure({.workers = static_cast<uint16_t>(queues == nullptr ? 1 : std::atoi(queues)),
                      .pool = pool});
      port.start();
      interfaces.add(parse_interface(argv[2 + 2 * i], port));
      std::printf("%s\n", port.describe("port" + std::to_string(port.id())).c_str());
      std::fflush(stdout);
    }
    serve(ports, interfaces, pool);
  }
  std::printf("buffers in use at the end: %u\n", rte_mempool_in_use_count(pool));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* missing = missing_cpu_feature()) {
    std::fprintf(stderr, "This CPU lacks %s.\n", missing);
    return 1;
  }
  std::signal(SIGINT, [](int) { g_stop = 1; });
  std::signal(SIGTERM, [](int) { g_stop = 1; });
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "port_echo: %s\n", e.what());
    return 1;
  }
}
