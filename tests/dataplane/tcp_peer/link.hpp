// One port with the stages below TCP: ARP and neighbour discovery, echo requests, reassembly, output.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/eal.hpp"
#include "dataplane/ip/classify.hpp"
#include "dataplane/ip/icmp6.hpp"
#include "dataplane/ip/output.hpp"
#include "dataplane/ip/reassembly.hpp"
#include "dataplane/neighbour/announce.hpp"
#include "dataplane/neighbour/arp.hpp"
#include "dataplane/neighbour/nd.hpp"
#include "dataplane/tcp/endpoint.hpp"
#include "tests/dataplane/tcp_peer/options.hpp"

namespace culvert::tcp_peer {

// An open, configured and started port, and its interface.
class OpenPort {
 public:
  OpenPort(const std::string& device, const Options& options, rte_mempool* pool);

  [[nodiscard]] const dp::Port& port() const noexcept { return port_; }
  [[nodiscard]] const dp::InterfaceTable& interfaces() const noexcept { return interfaces_; }

 private:
  dp::Port port_;
  dp::InterfaceTable interfaces_;
};

class Link {
 public:
  // `also_ours`: addresses that the port does not have, but the endpoint's connections.
  Link(const OpenPort& port, rte_mempool* pool, std::vector<dp::IpAddress> also_ours, dp::Time now);

  // A burst, up to TCP; true if something came.
  bool receive(tcp::Endpoint& endpoint, dp::Time now);
  // Timers, and what waits for the port.
  void transmit(dp::Time now);
  // Whether packets wait for the port, which wakes nobody when it has room.
  [[nodiscard]] bool unsent() const noexcept { return tx_.waiting() != 0; }
  // Where the endpoint's segments go.
  [[nodiscard]] tcp::SegmentSink sink() noexcept;
  [[nodiscard]] dp::DropCounters& drops() noexcept { return drops_; }

 private:
  void take_ours(tcp::Endpoint& endpoint, dp::Time now);

  const dp::Port& port_;
  const std::vector<dp::IpAddress> also_ours_;
  dp::DropCounters drops_;
  dp::NeighbourCache neighbours_;
  dp::PortTx tx_;
  dp::LinkContext link_;
  dp::RouteTable routes_;
  dp::RouteTable6 routes6_;
  dp::OutputContext output_;
  dp::ArpState arp_;
  dp::NdState nd_;
  dp::IcmpState icmp_;
  dp::Reassembly reassembly_;
  dp::Announcer announcer_;
  dp::ClassifyEdges edges_;
  dp::Batch burst_;
  dp::Batch replies_;
  dp::Batch discovery_;
  dp::Batch reports_;
  dp::Time now_;
};

}  // namespace culvert::tcp_peer
