// Building and asking the IPv6 routing table.
#include "dataplane/ip/route6.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <tuple>

#include <rte_errno.h>
#include <rte_memory.h>

#include "dataplane/packet/batch.hpp"

namespace culvert::dp {

namespace {

constexpr uint64_t kNoRoute6 = 0;
constexpr size_t kMaxHops6 = 32767;  // 15 bits an entry of the trie

std::string text(const Ipv6Prefix& p) {
  return p.address.to_string() + "/" + std::to_string(p.length);
}

void check(const StaticRoute6& route, const InterfaceTable& interfaces) {
  const std::string name = text(route.destination);
  if (route.destination.length > 128 || route.interface >= interfaces.size() ||
      !interfaces[route.interface].has_ipv6()) {
    throw std::runtime_error("The route to " + name + " has no interface with IPv6.");
  }
  if (route.destination.network() != route.destination.address) {
    throw std::runtime_error("The route to " + name + " has bits beyond its prefix.");
  }
  const Interface& interface = interfaces[route.interface];
  if (route.gateway.is_unspecified()) return;
  if (!interface.on_link6(route.gateway)) {
    throw std::runtime_error("The gateway " + route.gateway.to_string() + " of the route to " +
                             name + " is not in a network of interface " + interface.nameif + ".");
  }
  if (interface.owns(route.gateway)) {
    throw std::runtime_error("The gateway of the route to " + name + " is this box itself.");
  }
}

}  // namespace

RouteTable6::RouteTable6(const std::string& name, const InterfaceTable& interfaces,
                         std::span<const StaticRoute6> routes)
    : hops_(1) {
  std::vector<StaticRoute6> sorted(routes.begin(), routes.end());
  for (const StaticRoute6& route : sorted)
    check(route, interfaces);
  // A connected network is nearer than any route.
  for (const Interface& interface : interfaces) {
    for (const Ipv6Prefix& own : interface.ipv6_prefixes())
      sorted.push_back({{own.network(), own.length}, {}, interface.index, 0});
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const StaticRoute6& a, const StaticRoute6& b) {
    return std::tie(a.destination.length, a.destination.address, a.metric) <
           std::tie(b.destination.length, b.destination.address, b.metric);
  });

  rte_fib6_conf conf{};
  conf.type = sorted.size() < kLargeTable ? RTE_FIB6_DUMMY : RTE_FIB6_TRIE;
  conf.default_nh = kNoRoute6;
  conf.max_routes = static_cast<int>(sorted.size() + 16);
  conf.trie.nh_sz = RTE_FIB6_TRIE_2B;
  // A /128 behind the first 24 bits takes 13 tables at most.
  conf.trie.num_tbl8 = static_cast<uint32_t>(std::clamp<size_t>(13 * sorted.size(), 1, 32767));
  fib_.reset(rte_fib6_create(name.c_str(), SOCKET_ID_ANY, &conf));
  if (!fib_) {
    throw std::runtime_error(std::string("The IPv6 routing table cannot be made (") +
                             rte_strerror(rte_errno) + "): raise 'memory' in the configuration.");
  }
  for (size_t i = 0; i < sorted.size(); ++i) {
    const StaticRoute6& route = sorted[i];
    if (i > 0 && sorted[i - 1].destination == route.destination) continue;
    add(route.destination, {route.interface, route.gateway});
  }
}

void RouteTable6::add(const Ipv6Prefix& destination, const NextHop6& hop) {
  size_t index = 1;
  while (index < hops_.size() &&
         (hops_[index].interface != hop.interface || hops_[index].gateway != hop.gateway)) {
    ++index;
  }
  if (index > kMaxHops6) throw std::runtime_error("Too many different IPv6 gateways.");
  if (index == hops_.size()) hops_.push_back(hop);
  const int rc =
      rte_fib6_add(fib_.get(), destination.address.bytes().data(), destination.length, index);
  if (rc != 0) {
    throw std::runtime_error("The route to " + text(destination) + " does not fit the table (" +
                             rte_strerror(-rc) + ").");
  }
}

void RouteTable6::lookup(std::span<const IpAddress> destinations,
                         std::span<const NextHop6*> out) const noexcept {
  static_assert(sizeof(IpAddress) == RTE_FIB6_IPV6_ADDR_SIZE);
  std::array<uint64_t, kBurst> index;
  const size_t n = std::min<size_t>(destinations.size(), kBurst);
  // rte_fib6 reads the addresses only, but its prototype does not say so.
  using Address = uint8_t[RTE_FIB6_IPV6_ADDR_SIZE];
  auto* addresses = reinterpret_cast<Address*>(const_cast<IpAddress*>(destinations.data()));
  (void)rte_fib6_lookup_bulk(fib_.get(), addresses, index.data(), static_cast<int>(n));
  for (size_t i = 0; i < n; ++i)
    out[i] = index[i] == kNoRoute6 ? nullptr : &hops_[index[i]];
}

const NextHop6* RouteTable6::lookup(const IpAddress& destination) const noexcept {
  const NextHop6* hop = nullptr;
  lookup({&destination, 1}, {&hop, 1});
  return hop;
}

}  // namespace culvert::dp
