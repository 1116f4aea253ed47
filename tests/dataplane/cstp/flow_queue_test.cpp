#include "dataplane/cstp/flow_queue.hpp"

#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/cstp/backlog.hpp"
#include "tests/dataplane/cstp/codel_times.hpp"
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::cstp::test {
namespace {

// A queue of packets that know their flow and their number in it.
struct Queue {
  FlowQueue flows;
  dp::Time now = 1'000'000;
  std::map<uint16_t, uint32_t> pushed;
  uint32_t dropped = 0, marked = 0;
  std::map<uint16_t, uint32_t> dropped_of;
  bool marks = false;
  const unsigned available = rte_mempool_avail_count(tcp::test::test_pool());

  ~Queue() {
    while (rte_mbuf* m = flows.pop_fattest())
      rte_pktmbuf_free(m);
    EXPECT_TRUE(flows.empty());
    EXPECT_EQ(flows.bytes(), 0u);
    EXPECT_EQ(rte_mempool_avail_count(tcp::test::test_pool()), available);
  }
  void push(uint16_t flow, uint16_t size) {
    rte_mbuf* m = rte_pktmbuf_alloc(tcp::test::test_pool());
    auto* words = reinterpret_cast<uint32_t*>(rte_pktmbuf_append(m, size));
    words[0] = flow;
    words[1] = pushed[flow]++;
    flows.push(m, flow, now);
  }
  struct Popped {
    uint16_t flow = 0;
    uint32_t number = 0, size = 0;
  };
  static Popped of(rte_mbuf* m) {
    const auto* words = rte_pktmbuf_mtod(m, const uint32_t*);
    const Popped p{static_cast<uint16_t>(words[0]), words[1], m->pkt_len};
    EXPECT_EQ(m->next, nullptr);
    rte_pktmbuf_free(m);
    return p;
  }
  bool pop(Popped& p) {
    const QueueVerdicts verdicts{[](void* self, rte_mbuf* m) {
                                   auto& q = *static_cast<Queue*>(self);
                                   ++q.dropped;
                                   ++q.dropped_of[of(m).flow];
                                 },
                                 [](void* self, rte_mbuf*) {
                                   auto& q = *static_cast<Queue*>(self);
                                   if (q.marks) ++q.marked;
                                   return q.marks;
                                 },
                                 this};
    rte_mbuf* m = flows.pop(now, kTimes, verdicts);
    if (m != nullptr) p = of(m);
    return m != nullptr;
  }
};

TEST(FlowQueue, EachFlowHasItsTurn) {
  Queue q;
  for (int i = 0; i < 90; ++i)
    q.push(1, 1000);
  for (int i = 0; i < 30; ++i) {
    q.push(2, 1000);
    q.push(3, 500);
  }
  std::map<uint16_t, uint32_t> bytes;
  Queue::Popped p;
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(q.pop(p));
    bytes[p.flow] += p.size;
  }
  for (const uint16_t flow : {uint16_t{1}, uint16_t{2}, uint16_t{3}})
    EXPECT_NEAR(bytes[flow], (bytes[1] + bytes[2] + bytes[3]) / 3.0, 2 * FlowQueue::kQuantum);
}

TEST(FlowQueue, WhoBeginsComesFirst) {
  Queue q;
  Queue::Popped p;
  for (int i = 0; i < 100; ++i)
    q.push(1, 1400);
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(q.pop(p));
  q.push(2, 100);
  ASSERT_TRUE(q.pop(p));
  EXPECT_EQ(p.flow, 2u);
  // Not for ever: a flow that comes back at once has had its turn.
  q.push(2, 100);
  ASSERT_TRUE(q.pop(p));
  q.push(2, 1400);
  q.push(2, 1400);
  uint32_t of_two = 0;
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(q.pop(p));
    of_two += p.flow == 2;
  }
  EXPECT_LE(of_two, 4u);
}

// Far more flows than places, begun and ended at random.
TEST(FlowQueue, TheOrderWithinAFlowIsKept) {
  for (const uint32_t flows : {3u, 16u, 17u, 200u}) {
    Queue q;
    std::mt19937 generator(flows);
    const auto random = [&](uint32_t below) { return static_cast<uint32_t>(generator() % below); };
    std::map<uint16_t, uint32_t> next;
    uint32_t pops = 0;
    for (int step = 0; step < 20'000; ++step) {
      // It fills and drains in turns, so that places change hands.
      const uint32_t pushes = step / 300 % 2 == 0 ? random(3) : random(2);
      for (uint32_t i = 0; i < pushes && q.flows.packets() < 500; ++i)
        q.push(static_cast<uint16_t>(random(flows) * 977),
               static_cast<uint16_t>(64 + random(1336)));
      q.now += 10;
      Queue::Popped p;
      if (!q.pop(p)) continue;
      ++pops;
      ASSERT_EQ(p.number, next[p.flow]++) << "flow " << p.flow << " of " << flows;
    }
    EXPECT_GT(pops, 10'000u);
    EXPECT_EQ(q.dropped, 0u);
  }
}

TEST(FlowQueue, CodelWatchesEachFlow) {
  Queue q;
  Queue::Popped p;
  for (int ms = 0; ms < 1000; ++ms) {
    q.push(1, 1400);
    q.push(1, 1400);
    if (ms % 20 == 0) q.push(2, 100);
    q.now += 1000;
    for (int i = 0; i < (ms % 20 == 0 ? 2 : 1); ++i)
      ASSERT_TRUE(q.pop(p));
  }
  EXPECT_GT(q.dropped, 10u);
  EXPECT_EQ(q.dropped_of[2], 0u);  // it never waits
}

TEST(FlowQueue, MarksInsteadOfDropping) {
  Queue q;
  q.marks = true;
  Queue::Popped p;
  for (int ms = 0; ms < 1000; ++ms) {
    q.push(1, 1400);
    q.push(1, 1400);
    q.now += 1000;
    ASSERT_TRUE(q.pop(p));
    ASSERT_EQ(p.number, static_cast<uint32_t>(ms));
  }
  EXPECT_GT(q.marked, 10u);
  EXPECT_EQ(q.dropped, 0u);
}

TEST(FlowQueue, TheFattestLosesItsOldest) {
  Queue q;
  q.push(1, 1000);
  for (int i = 0; i < 3; ++i)
    q.push(2, 400);
  const auto first = Queue::of(q.flows.pop_fattest());
  EXPECT_EQ(first.flow, 2u);
  EXPECT_EQ(first.number, 0u);
  EXPECT_EQ(Queue::of(q.flows.pop_fattest()).flow, 1u);
  EXPECT_EQ(q.flows.packets(), 2u);
  EXPECT_EQ(q.flows.bytes(), 800u);
  Queue::Popped p;
  ASSERT_TRUE(q.pop(p));
  EXPECT_EQ(p.number, 1u);
}

TEST(Backlog, ThereIsAlwaysRoomForTheNextTunnel) {
  Backlog backlog(10, 1000);
  EXPECT_EQ(backlog.limit(), 500u);
  uint32_t tunnels = 0;
  for (; backlog.limit() > 0; ++tunnels) {
    const uint32_t limit = backlog.limit();
    // This one fills up until its own packets have lowered the limit to what it has.
    for (uint32_t own = 0; own < backlog.limit(); ++own)
      backlog.added();
    EXPECT_GT(backlog.limit(), 0u) << "after " << tunnels;
    if (tunnels == 5) break;
    EXPECT_LT(backlog.limit(), limit);
  }
  EXPECT_LT(backlog.waiting(), 1000u);
}

TEST(Backlog, NoMoreQueuesThanPackets) {
  Backlog backlog(10, 4);
  std::vector<uint16_t> taken;
  for (int i = 0; i < 4; ++i)
    taken.push_back(backlog.take());
  EXPECT_EQ(backlog.take(), Backlog::kNoQueue);
  backlog.give_back(taken[2]);
  EXPECT_EQ(backlog.take(), taken[2]);
}

}  // namespace
}  // namespace culvert::cstp::test
