// Where IPv4 packets go: connected networks and static routes.
//
// Control builds a table, workers only read it; a change is a new table whose pointer control
// swaps. Lookups are rte_fib's DIR-24-8 (one memory access for most) with one byte an entry, 16 MB
// a table: rte_lpm would take 64 MB.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <rte_fib.h>

#include "dataplane/packet/address.hpp"
#include "dataplane/port/interface.hpp"

namespace culvert::dp {

struct StaticRoute {
  uint32_t network = 0;  // host order
  uint8_t prefix = 0;
  uint32_t gateway = 0;  // host order; 0 = the network itself is on the link
  uint8_t interface = 0;
  uint8_t metric = 1;  // of two routes to one network the lower one wins
};

struct NextHop {
  uint8_t interface = kNoInterface;
  uint32_t gateway = 0;  // host order; 0 = the destination itself
};

class RouteTable {
 public:
  // Throws std::runtime_error with a sentence: a gateway that is not in its interface's network, a
  // network with host bits, too many gateways (126), no memory. `name` must be unique among live
  // tables, at most 20 bytes.
  RouteTable(const std::string& name, const InterfaceTable& interfaces,
             std::span<const StaticRoute> routes);

  // out[i] for destinations[i] (host order); nullptr if no route leads there. Sizes must be equal
  // and <= 64.
  void lookup(std::span<const uint32_t> destinations, std::span<const NextHop*> out) const noexcept;
  [[nodiscard]] const NextHop* lookup(uint32_t destination) const noexcept;

 private:
  struct Free {
    void operator()(rte_fib* f) const noexcept { rte_fib_free(f); }
  };
  [[nodiscard]] uint64_t hop_index(const NextHop& hop);
  void add(uint32_t network, uint8_t prefix, const NextHop& hop);

  std::unique_ptr<rte_fib, Free> fib_;
  std::vector<NextHop> hops_;  // [0]: no route
};

}  // namespace culvert::dp
