// The queues of one connection, against plain models.
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "dataplane/tcp/receive_queue.hpp"
#include "dataplane/tcp/send_queue.hpp"
#include "tests/dataplane/tcp/seeds.hpp"
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp {
namespace {

using test::pattern;

BufferList piece(Seq seq, std::string_view data) {
  rte_mbuf* m = rte_pktmbuf_alloc(test::test_pool());
  std::memcpy(rte_pktmbuf_append(m, static_cast<uint16_t>(data.size())), data.data(), data.size());
  BufferList list;
  list.assign_packet(m, seq);
  return list;
}

TEST(ReceiveQueue, any_order_gives_the_stream) {
  const unsigned before = rte_mempool_avail_count(test::test_pool());
  for (uint32_t seed = 0; seed < test::seeds(300); ++seed) {
    std::mt19937 random(seed);
    const std::string all = pattern(20000, seed);
    const Seq base{0xffffffff - 9000};  // wraps on the way
    ReceiveQueue queue;
    RunPool runs(64);
    queue.start(1 << 20, runs);
    Seq next = base;
    std::string got;
    while (got.size() < all.size()) {
      const uint32_t at =
          std::min<uint32_t>((next - base) + static_cast<uint32_t>(random() % 4000), 19999);
      const uint32_t size =
          std::min<uint32_t>(1 + static_cast<uint32_t>(random() % 1400), 20000 - at);
      BufferList bytes = piece(base + at, std::string_view(all).substr(at, size));
      if (base + at == next) {
        ASSERT_EQ(queue.append(bytes, next), ReceiveQueue::Result::kept);
      } else if (queue.insert(bytes) != ReceiveQueue::Result::kept) {
        bytes.clear();
      }
      std::array<SackBlock, 4> blocks;
      for (uint32_t i = 0; i < queue.sack_blocks(blocks); ++i) {
        ASSERT_LT(next, blocks[i].start);
        ASSERT_LT(blocks[i].start, blocks[i].end);
      }
      ASSERT_EQ(next - base, got.size() + queue.readable());
      std::string part(queue.readable(), '\0');
      queue.peek(0, part.data(), queue.readable());
      queue.consume(queue.readable());
      got += part;
    }
    EXPECT_EQ(got, all);
    EXPECT_FALSE(queue.has_gap());
    EXPECT_EQ(queue.cost(), 0u);
  }
  EXPECT_EQ(rte_mempool_avail_count(test::test_pool()), before);
}

TEST(ReceiveQueue, newest_run_is_reported_first) {
  ReceiveQueue queue;
  RunPool runs(64);
  queue.start(1 << 20, runs);
  for (const uint32_t at : {100u, 300u, 200u}) {
    BufferList bytes = piece(Seq{at}, "0123456789");
    ASSERT_EQ(queue.insert(bytes), ReceiveQueue::Result::kept);
  }
  BufferList again = piece(Seq{205}, "01234");
  EXPECT_EQ(queue.insert(again), ReceiveQueue::Result::duplicate);
  again.clear();
  std::array<SackBlock, 4> blocks;
  ASSERT_EQ(queue.sack_blocks(blocks), 3u);
  EXPECT_EQ(blocks[0].start, Seq{200});
  EXPECT_EQ(blocks[1].start, Seq{300});
  EXPECT_EQ(blocks[2].start, Seq{100});
  queue.clear();
}

TEST(ReceiveQueue, single_bytes_do_not_pin_buffers) {
  ReceiveQueue queue;
  RunPool runs(64);
  queue.start(64 * 1024, runs);
  Seq next{0};
  for (uint32_t i = 0; i < 20000; ++i) {
    BufferList bytes = piece(Seq{i}, "x");
    ASSERT_EQ(queue.append(bytes, next), ReceiveQueue::Result::kept);
  }
  EXPECT_LE(queue.buffers(), 12u);
  EXPECT_LE(queue.cost(), 64u * 1024);
  queue.clear();
}

TEST(ReceiveQueue, take_front_only_of_the_exact_size) {
  ReceiveQueue queue;
  RunPool runs(64);
  queue.start(1 << 20, runs);
  Seq next{0};
  BufferList bytes = piece(next, pattern(1000));
  ASSERT_EQ(queue.append(bytes, next), ReceiveQueue::Result::kept);
  EXPECT_EQ(queue.take_front(999), nullptr);
  rte_mbuf* m = queue.take_front(1000);
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(m->pkt_len, 1000u);
  EXPECT_EQ(queue.readable(), 0u);
  rte_pktmbuf_free(m);
}

TEST(SendQueue, finds_every_byte) {
  const std::string all = pattern(5000);
  SendQueue queue;
  const Seq base{0xfffffff0};
  queue.start(base, 1 << 20);
  for (size_t at = 0; at < all.size();) {
    const size_t size = std::min<size_t>(1 + at % 700, all.size() - at);
    BufferList bytes = piece(Seq{0}, std::string_view(all).substr(at, size));
    queue.push(bytes.pop_front());
    at += size;
  }
  for (uint32_t acked = 0; acked < 5000; acked += 777) {
    queue.acknowledge(base + acked);
    for (uint32_t at = acked; at < 5000; at += 13) {
      const auto place =
          queue.find(base + at, at % 2 == 0 ? SendQueue::Cursor::fresh : SendQueue::Cursor::again);
      ASSERT_EQ(*rte_pktmbuf_mtod_offset(place.buffer, char*, place.offset), all[at]);
    }
  }
  queue.acknowledge(base + 5000);
  EXPECT_EQ(queue.buffers(), 0u);
}

}  // namespace
}  // namespace culvert::tcp
