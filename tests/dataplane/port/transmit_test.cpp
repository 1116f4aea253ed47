// Sending: bursts, a full port, software checksums, hand-over to another worker.
#include "dataplane/port/transmit.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/link_fixture.hpp"

namespace culvert::dp {
namespace {

using namespace test;

using Transmit = LinkTest;

TEST_F(Transmit, FlushesByItselfAtABurst) {
  const Bytes frame = ethernet(ipv4({}, {1}));
  for (uint32_t i = 0; i < kBurst - 1; ++i)
    tx_[0]->push(pool_.packet(frame));
  EXPECT_EQ(tx_[0]->waiting(), kBurst - 1);
  tx_[0]->push(pool_.packet(frame));
  EXPECT_EQ(tx_[0]->waiting(), 0U);
  EXPECT_EQ(tx_[0]->counters().packets, kBurst);
  EXPECT_EQ(tx_[0]->counters().bytes, kBurst * frame.size());
  EXPECT_EQ(sent(0).size(), kBurst);
}

TEST_F(Transmit, AFullPortKeepsSomeAndDropsTheRest) {
  const Pool many(4095);
  const Bytes frame = ethernet(ipv4({}, {1}));
  for (uint32_t i = 0; i < 2000; ++i)
    tx_[0]->push(many.packet(frame));
  tx_[0]->flush();
  EXPECT_GT(tx_[0]->waiting(), 0U);
  EXPECT_GT(drops_.get(DropReason::tx_full), 0U);
  size_t arrived = sent(0).size();
  while (tx_[0]->waiting() != 0)
    arrived += sent(0).size();
  arrived += sent(0).size();
  EXPECT_EQ(arrived + drops_.get(DropReason::tx_full), 2000U);
}

TEST_F(Transmit, FillsChecksumsThatThePortCannot) {
  Bytes tcp(20 + 9, 0x3c);
  tcp[12] = 0x50;
  rte_mbuf* m = pool_.packet(ethernet(ipv4({.protocol = 6}, tcp)));
  m->l2_len = 14;
  m->l3_len = 20;
  m->l4_len = 20;
  m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
  tx_[0]->push(m);
  const auto frames = sent(0);
  ASSERT_EQ(frames.size(), 1U);
  rte_mbuf* copy = pool_.packet(Bytes(frames[0].begin() + 14, frames[0].end()));
  EXPECT_TRUE(transport_checksum_ok(copy, 20));
  rte_pktmbuf_free(copy);
}

TEST_F(Transmit, HandsOverToTheWorkerWithTheQueue) {
  rte_ring* ring = rte_ring_create("tx_handover", 16, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
  ASSERT_NE(ring, nullptr);
  ASSERT_EQ(port_[0]->tx_queues(), 1);
  EXPECT_EQ(PortTx::owner(*port_[0], 1), 0);
  {
    PortTx other(*port_[0], 1, ring, pool_.get(), drops_);
    const Bytes frame = ethernet(ipv4({}, {1}));
    for (int i = 0; i < 20; ++i)
      other.push(pool_.packet(frame));
    other.flush();
    EXPECT_EQ(other.counters().handed_over, 15U);
    EXPECT_EQ(drops_.get(DropReason::handoff_full), 5U);
    std::array<rte_mbuf*, 16> got;
    const unsigned n =
        rte_ring_dequeue_burst(ring, reinterpret_cast<void**>(got.data()), 16, nullptr);
    ASSERT_EQ(n, 15U);
    for (unsigned i = 0; i < n; ++i) {
      EXPECT_EQ(meta(got[i]).handoff, Handoff::transmit);
      EXPECT_EQ(meta(got[i]).port, port_[0]->id());
      tx_[0]->push(got[i]);
    }
    EXPECT_EQ(sent(0).size(), 15U);
  }
  rte_ring_free(ring);
}

}  // namespace
}  // namespace culvert::dp
