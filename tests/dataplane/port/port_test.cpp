// Ports over virtual devices: capabilities, queues, limits, and packets through them.
#include "dataplane/port/port.hpp"

#include <stdexcept>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/dataplane/link_fixture.hpp"

namespace culvert::dp {
namespace {

using namespace test;

TEST(Port, NullDevice) {
  const Pool pool(8191);
  const VirtualDevice device("net_null_a");
  Port port(device.name());
  EXPECT_TRUE(port.capabilities().is_virtual);
  EXPECT_GE(port.capabilities().max_rx_queues, 4);
  port.configure({.workers = 4, .pool = pool.get()});
  EXPECT_EQ(port.rx_queues(), 4);
  EXPECT_EQ(port.tx_queues(), 4);
  port.start();
  EXPECT_TRUE(port.link().up);
  std::array<rte_mbuf*, 8> burst;
  const uint16_t n = rte_eth_rx_burst(port.id(), 3, burst.data(), 8);
  EXPECT_EQ(n, 8);
  rte_pktmbuf_free_bulk(burst.data(), n);
  EXPECT_EQ(port.stats().rx_packets, 8U);
  const std::string line = port.describe("outside");
  EXPECT_EQ(line.find("outside: net_null_a "), 0U) << line;
  EXPECT_NE(line.find("4 rx/4 tx queues, checksums in software"), std::string::npos) << line;
}

TEST(Port, FewerQueuesThanWorkers) {
  const Pool pool;
  const VirtualDevice device("net_ring_few", "");
  Port port(device.name());
  port.configure({.workers = 64, .pool = pool.get()});
  EXPECT_LT(port.tx_queues(), 64);
  EXPECT_EQ(port.tx_queues(), port.rx_queues());
}

TEST(Port, VerbatimTakesEverythingAndLeavesNothingToThePort) {
  const Pool pool;
  const VirtualDevice device("net_ring_verbatim");
  Port port(device.name());
  port.configure({.pool = pool.get(), .verbatim = true});
  port.start();
  EXPECT_EQ(rte_eth_promiscuous_get(port.id()), 1);
  EXPECT_EQ(port.tx_flags(), 0U);
}

TEST(Port, Refusals) {
  const Pool pool;
  EXPECT_THROW(Port("net_nobody0"), std::runtime_error);
  const VirtualDevice device("net_ring_mtu");
  Port port(device.name());
  EXPECT_THROW(port.configure({.pool = pool.get(), .mtu = 20}), std::runtime_error);
}

TEST(Port, Tap) {
  // The kernel's own loop back: needs the right to make interfaces, which the tests have in the
  // lab.
  ASSERT_EQ(geteuid(), 0U) << "run the tests as root";
  const Pool pool(8191);
  const VirtualDevice device("net_tap_t", "iface=cvtest" + std::to_string(getpid() % 10000));
  Port port(device.name());
  port.configure({.workers = 2, .pool = pool.get(), .mtu = 1400});
  port.start();
  EXPECT_EQ(port.rx_queues(), 2);
  EXPECT_EQ(port.mtu(), 1400);
  // The driver's own are wrong.
  EXPECT_FALSE(port.capabilities().tx_tcp_checksum);
  EXPECT_FALSE(port.capabilities().tso);
  EXPECT_NE(port.describe("").find("checksums in software"), std::string::npos);
  // It says that it hashes, but the kernel decides.
  EXPECT_EQ(port.spread(), Spread::none);
}

}  // namespace
}  // namespace culvert::dp
