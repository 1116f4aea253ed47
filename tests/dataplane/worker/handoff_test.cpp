#include "dataplane/worker/handoff.hpp"

#include <algorithm>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using test::Pool;

class HandoffTest : public testing::Test {
 protected:
  void wire(HandoffMesh& mesh, unsigned workers) {
    for (unsigned w = 0; w < workers; ++w)
      mesh.set_bell(w, &bells[w]);
  }
  rte_mbuf* numbered(uint32_t n) {
    rte_mbuf* m = rte_pktmbuf_alloc(pool.get());
    meta(m) = PacketMeta{};
    meta(m).conn = {0, n, 1};
    return m;
  }
  uint32_t put(HandoffMesh& mesh, unsigned from, unsigned to, uint32_t first, uint32_t count) {
    std::vector<rte_mbuf*> packets;
    for (uint32_t i = 0; i < count; ++i)
      packets.push_back(numbered(first + i));
    return mesh.put(from, to, packets, drops);
  }
  static void free_all(Batch& batch) {
    for (rte_mbuf* m : batch)
      rte_pktmbuf_free(m);
    batch.clear();
  }

  Pool pool{2047};
  DropCounters drops;
  Doorbell bells[4];
};

TEST_F(HandoffTest, KeepsTheOrderOfEachPair) {
  HandoffMesh mesh(3, 256);
  wire(mesh, 3);
  EXPECT_TRUE(mesh.empty(2));
  EXPECT_EQ(put(mesh, 0, 2, 0, 100), 100u);
  EXPECT_EQ(put(mesh, 1, 2, 1000, 100), 100u);
  EXPECT_EQ(mesh.entries(), 200u);
  EXPECT_FALSE(mesh.empty(2));
  EXPECT_TRUE(mesh.empty(0));
  EXPECT_TRUE(mesh.empty(1));
  uint32_t next[2] = {0, 1000};
  while (!mesh.empty(2)) {
    Batch batch;
    mesh.take(2, batch);
    ASSERT_FALSE(batch.empty());
    for (rte_mbuf* m : batch) {
      const uint32_t n = meta(m).conn.slot;
      EXPECT_EQ(n, next[n / 1000]++);
    }
    free_all(batch);
  }
  EXPECT_EQ(next[0], 100u);
  EXPECT_EQ(next[1], 1100u);
  EXPECT_EQ(mesh.entries(), 0u);
}

TEST_F(HandoffTest, EverySenderComesFirstEquallyOften) {
  for (unsigned reader = 0; reader < 4; ++reader) {
    HandoffMesh mesh(4, 1024);
    wire(mesh, 4);
    uint32_t taken[4] = {};
    for (unsigned round = 0; round < 30; ++round) {
      for (unsigned from = 0; from < 4; ++from) {
        if (from != reader) put(mesh, from, reader, from, 1);
        // Each ring always has a whole batch for the reader.
        if (from != reader && round == 0) {
          for (int i = 0; i < 200; ++i)
            put(mesh, from, reader, from, 1);
        }
      }
      if (round >= 9) continue;
      Batch batch;
      mesh.take(reader, batch);
      ASSERT_EQ(batch.size(), kBurst);
      for (rte_mbuf* m : batch)
        ++taken[meta(m).conn.slot];
      free_all(batch);
    }
    for (unsigned from = 0; from < 4; ++from)
      EXPECT_EQ(taken[from], from == reader ? 0u : 3 * kBurst) << reader;
  }
}

TEST_F(HandoffTest, FillsUpWhatIsLeftInABatch) {
  HandoffMesh mesh(2, 128);
  wire(mesh, 2);
  Batch batch;
  for (int i = 0; i < 60; ++i)
    batch.push(numbered(7));
  put(mesh, 0, 1, 100, 10);
  mesh.take(1, batch);
  EXPECT_EQ(batch.size(), 64u);
  EXPECT_EQ(meta(batch[59]).conn.slot, 7u);
  EXPECT_EQ(meta(batch[60]).conn.slot, 100u);
  mesh.take(1, batch);  // no room: nothing happens
  EXPECT_EQ(batch.size(), 64u);
  EXPECT_EQ(mesh.entries(), 6u);
  free_all(batch);
}

TEST_F(HandoffTest, DropsByNameWhatDoesNotFit) {
  HandoffMesh mesh(2, 64);
  wire(mesh, 2);
  const uint32_t went = put(mesh, 0, 1, 0, 100);
  EXPECT_EQ(went, 64u);
  EXPECT_EQ(drops.get(DropReason::handoff_full), 36u);
  EXPECT_EQ(mesh.entries(), 64u);
  EXPECT_EQ(pool.used(), 64u);
}

TEST_F(HandoffTest, RingsOnlyTheReaderAndOnlyIfSomethingWent) {
  HandoffMesh mesh(3, 64);
  wire(mesh, 3);
  for (auto& bell : bells)
    bell.announce_sleep();
  EXPECT_EQ(mesh.put(0, 1, {}, drops), 0u);
  uint64_t count;
  EXPECT_EQ(read(bells[1].fd(), &count, sizeof count), -1);
  put(mesh, 0, 1, 0, 1);
  EXPECT_EQ(read(bells[1].fd(), &count, sizeof count), ssize_t{sizeof count});
  EXPECT_EQ(read(bells[2].fd(), &count, sizeof count), -1);
}

TEST_F(HandoffTest, FreesWhatIsUnderWayAtItsEnd) {
  {
    HandoffMesh mesh(3, 64);
    wire(mesh, 3);
    for (unsigned from = 0; from < 3; ++from) {
      for (unsigned to = 0; to < 3; ++to)
        if (from != to) put(mesh, from, to, 0, 10);
    }
    EXPECT_EQ(pool.used(), 60u);
  }
  EXPECT_EQ(pool.used(), 0u);
}

TEST_F(HandoffTest, OneWorkerHasNobodyToTalkTo) {
  HandoffMesh mesh(1, 64);
  Batch batch;
  mesh.take(0, batch);
  EXPECT_TRUE(batch.empty());
  EXPECT_TRUE(mesh.empty(0));
}

TEST_F(HandoffTest, ThreadsPassEveryPacketOnce) {
  constexpr uint32_t kCount = 20'000;
  HandoffMesh mesh(2, 128);
  wire(mesh, 2);
  std::thread reader([&mesh] {
    for (uint32_t got = 0; got < kCount;) {
      Batch batch;
      mesh.take(1, batch);
      if (batch.empty()) std::this_thread::yield();
      for (rte_mbuf* m : batch)
        ASSERT_EQ(meta(m).conn.slot, got++);
      free_all(batch);
    }
  });
  for (uint32_t sent = 0; sent < kCount;) {
    if (mesh.entries() > 60) {
      std::this_thread::yield();
      continue;
    }
    const uint32_t burst = std::min(32u, kCount - sent);
    ASSERT_EQ(put(mesh, 0, 1, sent, burst), burst);
    sent += burst;
  }
  reader.join();
  EXPECT_EQ(mesh.entries(), 0u);
}

}  // namespace
}  // namespace culvert::dp
