// Two interfaces over loop-back net_ring ports, whose transmitted frames a test can take out again.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <rte_bus_vdev.h>
#include <rte_dev.h>

#include "dataplane/neighbour/link.hpp"
#include "dataplane/packet/time.hpp"
#include "tests/dataplane/packets.hpp"

namespace culvert::dp::test {

// A virtual device for as long as the object lives.
class VirtualDevice {
 public:
  explicit VirtualDevice(std::string name, const std::string& arguments = "")
      : name_(std::move(name)) {
    if (rte_eal_hotplug_add("vdev", name_.c_str(), arguments.c_str()) != 0) {
      throw std::runtime_error("no device " + name_);
    }
  }
  ~VirtualDevice() { rte_eal_hotplug_remove("vdev", name_.c_str()); }
  VirtualDevice(const VirtualDevice&) = delete;
  VirtualDevice& operator=(const VirtualDevice&) = delete;
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
};

class LinkTest : public testing::Test {
 protected:
  // With IPv6: kOwn6/64 on the first interface, fd00:1::1/64 on the second.
  explicit LinkTest(bool with_ipv6 = false) {
    for (uint8_t i = 0; i < 2; ++i) {
      static unsigned serial = 0;
      device_[i].emplace("net_ring" + std::to_string(serial++));
      port_[i] = std::make_unique<Port>(device_[i]->name());
      port_[i]->configure({.pool = pool_.get()});
      port_[i]->start();
      Interface interface;
      interface.ipv4 = i == 0 ? kOwnIp : 0x0a300101;
      interface.prefix = i == 0 ? 24 : 16;
      interface.mac = i == 0 ? kOwnMac : MacAddress{2, 0, 0, 0, 1, 1};
      interface.port = port_[i]->id();
      interface.up = true;
      interface.nameif = i == 0 ? "outside" : "inside";
      if (with_ipv6) {
        interface.link_local = link_local_of(interface.mac);
        interface.ipv6[interface.ipv6_count++] = {i == 0 ? kOwn6 : six("fd00:1::1"), 64};
      }
      interfaces_.add(interface);
      tx_[i] = std::make_unique<PortTx>(*port_[i], uint16_t{0}, nullptr, pool_.get(), drops_);
    }
    cache_.emplace(NeighbourConfig{}, drops_);
    link_.emplace(LinkContext{.interfaces = interfaces_,
                              .tx = {tx_[0].get(), tx_[1].get()},
                              .neighbours = *cache_,
                              .pool = pool_.get(),
                              .drops = drops_});
  }
  ~LinkTest() override {
    (void)sent(0);
    (void)sent(1);
  }

  // What has been sent out of an interface since the last call.
  std::vector<Bytes> sent(uint8_t interface) {
    std::vector<Bytes> frames;
    tx_[interface]->flush();
    std::array<rte_mbuf*, kBurst> burst;
    while (const uint16_t n = rte_eth_rx_burst(port_[interface]->id(), 0, burst.data(), kBurst)) {
      for (uint16_t i = 0; i < n; ++i)
        frames.push_back(bytes_of(burst[i]));
      rte_pktmbuf_free_bulk(burst.data(), n);
    }
    return frames;
  }

  Pool pool_;
  DropCounters drops_;
  std::array<std::optional<VirtualDevice>, 2> device_;
  std::array<std::unique_ptr<Port>, 2> port_;
  InterfaceTable interfaces_;
  std::array<std::unique_ptr<PortTx>, 2> tx_;
  std::optional<NeighbourCache> cache_;
  std::optional<LinkContext> link_;
  Time now_ = 1000 * kSecond;
};

}  // namespace culvert::dp::test
