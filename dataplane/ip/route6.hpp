// Where IPv6 packets go: connected networks and static routes.
//
// Made and read as the IPv4 table is. rte_fib6: a tree where there are few routes, as nearly always,
// and a trie of tables (32 MB) from kLargeTable routes on.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <rte_fib6.h>

#include "dataplane/packet/address.hpp"
#include "dataplane/port/interface.hpp"

namespace culvert::dp {

struct StaticRoute6 {
  Ipv6Prefix destination;
  IpAddress gateway;  // unspecified = the network itself is on the link
  uint8_t interface = 0;
  uint8_t metric = 1;  // of two routes to one network the lower one wins
};

struct NextHop6 {
  uint8_t interface = kNoInterface;
  IpAddress gateway;  // unspecified = the destination itself
};

class RouteTable6 {
 public:
  static constexpr size_t kLargeTable = 256;

  // Throws std::runtime_error with a sentence: a gateway that is neither link-local nor in its
  // interface's networks, a network with host bits, an interface without IPv6, no memory. `name`
  // must be unique among live tables, at most 20 bytes.
  RouteTable6(const std::string& name, const InterfaceTable& interfaces,
              std::span<const StaticRoute6> routes);

  // out[i] for destinations[i]; nullptr if no route leads there. Sizes must be equal and <= 64.
  void lookup(std::span<const IpAddress> destinations,
              std::span<const NextHop6*> out) const noexcept;
  [[nodiscard]] const NextHop6* lookup(const IpAddress& destination) const noexcept;

 private:
  struct Free {
    void operator()(rte_fib6* f) const noexcept { rte_fib6_free(f); }
  };
  void add(const Ipv6Prefix& destination, const NextHop6& hop);

  std::unique_ptr<rte_fib6, Free> fib_;
  std::vector<NextHop6> hops_;  // [0]: no route
};

}  // namespace culvert::dp
