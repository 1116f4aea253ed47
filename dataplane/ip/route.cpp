// Building and asking the routing table.
#include "dataplane/ip/route.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <tuple>

#include <rte_errno.h>
#include <rte_memory.h>

#include "dataplane/packet/batch.hpp"

namespace culvert::dp {

namespace {

constexpr uint64_t kNoRoute = 0;
constexpr size_t kMaxHops = 127;  // 7 bits an entry; the eighth is rte_fib's own

std::string text(uint32_t network, uint8_t prefix) {
  return IpAddress::v4(network).to_string() + "/" + std::to_string(prefix);
}

void check(const StaticRoute& route, const InterfaceTable& interfaces) {
  const std::string name = text(route.network, route.prefix);
  if (route.prefix > 32 || route.interface >= interfaces.size()) {
    throw std::runtime_error("The route to " + name + " has no interface or a wrong mask.");
  }
  const uint32_t mask = route.prefix == 0 ? 0 : ~uint32_t{0} << (32 - route.prefix);
  if ((route.network & ~mask) != 0) {
    throw std::runtime_error("The route to " + name + " has bits beyond its mask.");
  }
  const Interface& interface = interfaces[route.interface];
  if (route.gateway != 0 && !interface.on_link(route.gateway)) {
    throw std::runtime_error("The gateway " + IpAddress::v4(route.gateway).to_string() +
                             " of the route to " + name + " is not in the network of interface " +
                             interface.nameif + ".");
  }
  if (route.gateway != 0 && interfaces.by_address(route.gateway) != nullptr) {
    throw std::runtime_error("The gateway of the route to " + name + " is this box itself.");
  }
}

}  // namespace

RouteTable::RouteTable(const std::string& name, const InterfaceTable& interfaces,
                       std::span<const StaticRoute> routes)
    : hops_(1) {
  rte_fib_conf conf{};
  conf.type = RTE_FIB_DIR24_8;
  conf.default_nh = kNoRoute;
  conf.max_routes = static_cast<int>(routes.size() + kMaxInterfaces + 16);
  conf.dir24_8.nh_sz = RTE_FIB_DIR24_8_1B;
  // A /25 or longer route needs a second-level table; at most one each.
  const size_t long_routes = routes.size() + kMaxInterfaces;
  conf.dir24_8.num_tbl8 = static_cast<uint32_t>(std::clamp<size_t>(long_routes, 1, 127));
  fib_.reset(rte_fib_create(name.c_str(), SOCKET_ID_ANY, &conf));
  if (!fib_) {
    throw std::runtime_error(std::string("The routing table cannot be made (") +
                             rte_strerror(rte_errno) + "): raise 'memory' in the configuration.");
  }
  std::vector<StaticRoute> sorted(routes.begin(), routes.end());
  for (const StaticRoute& route : sorted)
    check(route, interfaces);
  // A connected network is nearer than any route.
  for (const Interface& interface : interfaces) {
    if (interface.ipv4 == 0) continue;
    sorted.push_back({interface.ipv4_network(), interface.prefix, 0, interface.index, 0});
  }
  // Short prefixes first, so that each route only overrides what is there; the best of each
  // network, once.
  std::stable_sort(sorted.begin(), sorted.end(), [](const StaticRoute& a, const StaticRoute& b) {
    return std::tie(a.prefix, a.network, a.metric) < std::tie(b.prefix, b.network, b.metric);
  });
  for (size_t i = 0; i < sorted.size(); ++i) {
    const StaticRoute& route = sorted[i];
    if (i > 0 && sorted[i - 1].prefix == route.prefix && sorted[i - 1].network == route.network) {
      continue;
    }
    add(route.network, route.prefix, {route.interface, route.gateway});
  }
}

uint64_t RouteTable::hop_index(const NextHop& hop) {
  for (size_t i = 1; i < hops_.size(); ++i) {
    if (hops_[i].interface == hop.interface && hops_[i].gateway == hop.gateway) return i;
  }
  if (hops_.size() > kMaxHops) {
    throw std::runtime_error("Too many different gateways: at most " +
                             std::to_string(kMaxHops - 1) + " are possible.");
  }
  hops_.push_back(hop);
  return hops_.size() - 1;
}

void RouteTable::add(uint32_t network, uint8_t prefix, const NextHop& hop) {
  const int rc = rte_fib_add(fib_.get(), network, prefix, hop_index(hop));
  if (rc != 0) {
    throw std::runtime_error("The route to " + text(network, prefix) + " does not fit the table (" +
                             rte_strerror(-rc) + ").");
  }
}

void RouteTable::lookup(std::span<const uint32_t> destinations,
                        std::span<const NextHop*> out) const noexcept {
  std::array<uint64_t, kBurst> index;
  const auto n = static_cast<int>(std::min<size_t>(destinations.size(), kBurst));
  // rte_fib reads the addresses only, but its prototype does not say so.
  (void)rte_fib_lookup_bulk(fib_.get(), const_cast<uint32_t*>(destinations.data()), index.data(),
                            n);
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
    out[i] = index[i] == kNoRoute ? nullptr : &hops_[index[i]];
  }
}

const NextHop* RouteTable::lookup(uint32_t destination) const noexcept {
  const NextHop* hop = nullptr;
  lookup({&destination, 1}, {&hop, 1});
  return hop;
}

}  // namespace culvert::dp
