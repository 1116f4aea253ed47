// What is made of what drivers say: cards that no unit test has, by their rte_eth_dev_info.
#include "dataplane/port/capabilities.hpp"

#include <gtest/gtest.h>

namespace culvert::dp {
namespace {

constexpr uint64_t kChecksums = RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;

// A card with everything: 16 queues, checksums, TSO, RSS.
rte_eth_dev_info card(const char* driver) {
  rte_eth_dev_info info{};
  info.driver_name = driver;
  info.min_mtu = 68;
  info.max_mtu = UINT16_MAX;
  info.max_rx_pktlen = 9728;
  info.max_rx_queues = info.max_tx_queues = 16;
  info.rx_offload_capa = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
  info.tx_offload_capa = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | kChecksums | RTE_ETH_TX_OFFLOAD_TCP_TSO |
                         RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
  info.tx_desc_lim.nb_seg_max = 40;
  info.tx_desc_lim.nb_mtu_seg_max = 8;
  info.flow_type_rss_offloads = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP;
  return info;
}

PortCapabilities of(const rte_eth_dev_info& info, bool is_virtual = false) {
  return capabilities_of(info, is_virtual, DriverFaults::avoid);
}

TEST(Capabilities, ACardWithEverything) {
  const PortCapabilities c = of(card("net_ixgbe"));
  EXPECT_TRUE(c.tso && c.multi_segment && c.rss_tuple && c.tx_tcp_checksum && c.rx_tcp_checksum);
  EXPECT_FALSE(c.is_virtual || c.pairs_queues || c.rss_destination);
  EXPECT_EQ(c.max_segments, 8);
  EXPECT_EQ(c.max_tso_segments, 40);
  EXPECT_EQ(c.max_mtu, 9728 - 18) << "the largest frame without header and check sequence";
  EXPECT_EQ(queues_for(c, 6), (QueueCounts{6, 6}));
  EXPECT_EQ(queues_for(c, 20), (QueueCounts{16, 16}));
}

TEST(Capabilities, WithoutRssOneQueueReceivesAndAllSend) {
  rte_eth_dev_info info = card("net_igc");
  info.flow_type_rss_offloads = 0;
  EXPECT_EQ(queues_for(of(info), 4), (QueueCounts{1, 4}));
}

TEST(Capabilities, TsoNeedsChecksumsAndChains) {
  rte_eth_dev_info info = card("net_ixgbe");
  info.tx_offload_capa &= ~uint64_t{RTE_ETH_TX_OFFLOAD_TCP_CKSUM};
  EXPECT_FALSE(of(info).tso);
  info = card("net_ixgbe");
  info.tx_offload_capa &= ~uint64_t{RTE_ETH_TX_OFFLOAD_MULTI_SEGS};
  EXPECT_FALSE(of(info).tso);
  EXPECT_EQ(of(info).max_segments, 1);
}

TEST(Capabilities, ParavirtualCardsUsePairs) {
  rte_eth_dev_info info = card("net_virtio");
  info.max_tx_queues = 2;
  EXPECT_EQ(queues_for(of(info), 4), (QueueCounts{2, 2}));
}

TEST(Capabilities, Vmxnet3TakesPowersOfTwo) {
  const PortCapabilities c = of(card("net_vmxnet3"));
  EXPECT_EQ(queues_for(c, 1), (QueueCounts{1, 1}));
  EXPECT_EQ(queues_for(c, 3), (QueueCounts{2, 2}));
  EXPECT_EQ(queues_for(c, 8), (QueueCounts{8, 8}));
}

TEST(Capabilities, TheFirstGigabitCardsHaveOneQueue) {
  // The driver offers two.
  rte_eth_dev_info info = card("net_e1000_em");
  info.max_rx_queues = info.max_tx_queues = 2;
  EXPECT_EQ(queues_for(of(info), 2), (QueueCounts{1, 1}));
}

TEST(Capabilities, NothingOfTapIsUsed) {
  const PortCapabilities c = of(card("net_tap"), true);
  EXPECT_FALSE(c.tso || c.tx_tcp_checksum || c.rx_tcp_checksum || c.rss_tuple);
  EXPECT_TRUE(capabilities_of(card("net_tap"), true, DriverFaults::ignore).tso);
}

TEST(Capabilities, NoQueuesAtAll) {
  rte_eth_dev_info info = card("net_pcap");
  info.max_rx_queues = 0;
  EXPECT_EQ(queues_for(of(info, true), 1), QueueCounts{});
}

}  // namespace
}  // namespace culvert::dp
