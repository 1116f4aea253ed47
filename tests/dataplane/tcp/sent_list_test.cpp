// What is on its way, against a model that knows the fate of every byte.
#include "dataplane/tcp/sent_list.hpp"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/dataplane/tcp/seeds.hpp"

namespace culvert::tcp {
namespace {

struct Byte {
  Time sent_at = 0;
  bool sacked = false;
  bool lost = false;
  bool retransmitted = false;
};

// Random sends, SACKs, losses and ACKs. With `exact` every byte's fate is as in the model; without, when
// the pool is too small for that, the sums are consistent and what the peer holds is a part of what it
// said.
void against_model(uint32_t pool_size, uint32_t seed, bool exact) {
  std::mt19937 random(seed);
  const auto below = [&](uint32_t limit) { return static_cast<uint32_t>(random() % limit); };
  SentPool pool(pool_size);
  SentList list;
  std::vector<Byte> bytes;
  const Seq base{0xffffff00};
  uint32_t una = 0;
  Time now = 1;
  for (int step = 0; step < 3000; ++step) {
    if (below(3) == 0) ++now;
    const auto nxt = static_cast<uint32_t>(bytes.size());
    switch (below(5)) {
      case 0: {
        const uint32_t size = 1 + below(50);
        list.append(pool, base + nxt, base + nxt + size, now);
        bytes.resize(nxt + size, {.sent_at = now});
        break;
      }
      case 1: {
        if (una == nxt) break;
        const uint32_t start = una + below(nxt - una);
        const uint32_t end = std::min(start + 1 + below(80), nxt);
        uint32_t told = 0;
        list.sack(pool, {base + start, base + end}, SentList::kMaxRanges,
                  [&](const SentRange& part) {
                    for (uint32_t i = part.start - base; i < part.end - base; ++i) {
                      ++told;
                      if (!exact) continue;
                      ASSERT_FALSE(bytes[i].sacked);
                      ASSERT_EQ(bytes[i].sent_at, part.sent_at);
                      ASSERT_EQ(bytes[i].retransmitted, part.retransmitted);
                    }
                  });
        uint32_t news = 0;
        for (uint32_t i = start; i < end; ++i) {
          news += bytes[i].sacked ? 0 : 1;
          bytes[i].sacked = true;
          bytes[i].lost = false;
        }
        ASSERT_TRUE(told == news || !exact);
        break;
      }
      case 2:
        list.detect(base + nxt, [&](const SentRange& range) { return range.sent_at + 3 < now; });
        for (uint32_t i = una; i < nxt; ++i) {
          if (!bytes[i].sacked && bytes[i].sent_at + 3 < now) bytes[i].lost = true;
        }
        break;
      case 3: {
        const SentRange* lost = list.first_lost(base + una);
        if (lost == nullptr) break;
        const uint32_t start = lost->start - base;
        const uint32_t size = std::min(lost->end - lost->start, 1 + below(30));
        list.resent(pool, base + start, base + start + size, now);
        for (uint32_t i = start; i < start + size; ++i)
          bytes[i] = {.sent_at = now, .retransmitted = true};
        break;
      }
      default:
        una = std::min(una + below(30), nxt);
        list.acknowledge(pool, base + una, [](const SentRange&) {});
    }
    uint32_t sacked = 0;
    uint32_t lost = 0;
    for (size_t i = una; i < bytes.size(); ++i) {
      sacked += bytes[i].sacked ? 1 : 0;
      lost += bytes[i].lost ? 1 : 0;
    }
    if (exact) {
      ASSERT_EQ(list.sacked_bytes(), sacked);
      ASSERT_EQ(list.lost_bytes(), lost);
    }
    Seq at = base + una;
    uint32_t sacked_ranges = 0;
    uint32_t lost_ranges = 0;
    for (const SentRange* range = list.front(); range != nullptr; range = range->next) {
      ASSERT_EQ(range->start, at);
      ASSERT_LT(range->start, range->end);
      ASSERT_FALSE(range->sacked && range->lost);
      at = range->end;
      if (range->sacked) sacked_ranges += range->end - range->start;
      if (range->lost) lost_ranges += range->end - range->start;
      ASSERT_FALSE(range->sacked && range->next != nullptr && range->next->sacked);
      for (Seq i = range->start; range->sacked && i < range->end; i = i + 1)
        ASSERT_TRUE(bytes[i - base].sacked || !exact);
    }
    ASSERT_EQ(at, base + static_cast<uint32_t>(bytes.size()));
    ASSERT_EQ(list.sacked_bytes(), sacked_ranges);
    ASSERT_EQ(list.lost_bytes(), lost_ranges);
  }
  list.clear(pool);
  EXPECT_TRUE(list.empty());
  // All came back.
  uint32_t left = 0;
  while (pool.take() != nullptr)
    ++left;
  EXPECT_EQ(left, pool_size);
}

TEST(SentList, knows_the_fate_of_every_byte) {
  for (uint32_t seed = 1; seed <= test::seeds(20); ++seed) {
    SCOPED_TRACE(seed);
    against_model(4096, seed, true);
  }
}

TEST(SentList, stays_whole_without_ranges_to_split_with) {
  for (const uint32_t size : {0u, 1u, 3u, 10u}) {
    for (uint32_t seed = 1; seed <= test::seeds(10); ++seed) {
      SCOPED_TRACE(seed);
      against_model(size, seed, false);
    }
  }
}

TEST(SentList, one_burst_is_one_range) {
  SentPool pool(8);
  SentList list;
  for (uint32_t i = 0; i < 10; ++i)
    list.append(pool, Seq{i * 1000}, Seq{i * 1000 + 1000}, 5);
  EXPECT_EQ(list.front()->end, Seq{10'000});
  list.append(pool, Seq{10'000}, Seq{11'000}, 6);
  EXPECT_EQ(list.last_unsacked()->start, Seq{10'000});
  list.clear(pool);
}

TEST(SentList, forgets_what_was_selected_or_lost) {
  SentPool pool(8);
  SentList list;
  list.append(pool, Seq{0}, Seq{4000}, 1);
  list.sack(pool, {Seq{0}, Seq{1000}}, SentList::kMaxRanges, [](const SentRange&) {});
  EXPECT_TRUE(list.reneged());
  list.forget_sacks();
  EXPECT_EQ(list.sacked_bytes(), 0u);
  list.lose_all();
  EXPECT_EQ(list.lost_bytes(), 4000u);
  list.forget_losses();
  EXPECT_EQ(list.lost_bytes(), 0u);
  EXPECT_EQ(list.first_lost(Seq{0}), nullptr);
  list.lose_front(pool, 700);
  EXPECT_EQ(list.lost_bytes(), 700u);
  list.clear(pool);
}

TEST(SentList, sacks_cut_it_into_no_more_pieces_than_they_may) {
  SentPool pool(400);
  SentList one, two;
  const auto every_second_byte = [&](SentList& list, uint32_t most) {
    list.append(pool, Seq{0}, Seq{3000}, 1);
    for (uint32_t at = 1; at < 3000; at += 2)
      list.sack(pool, {Seq{at}, Seq{at + 1}}, most, [](const SentRange&) {});
  };
  every_second_byte(one, 20);
  EXPECT_GE(pool.left(), 400u - 21);
  EXPECT_GE(one.sacked_bytes(), 10u);
  // All of it at once needs no cut.
  one.sack(pool, {Seq{0}, Seq{3000}}, 20, [](const SentRange&) {});
  EXPECT_EQ(one.sacked_bytes(), 3000u);
  EXPECT_EQ(pool.left(), 400u);
  one.clear(pool);
  // Who takes all that he may leaves as much for the others.
  every_second_byte(one, SentList::kMaxRanges);
  EXPECT_GE(pool.left(), 199u);
  every_second_byte(two, SentList::kMaxRanges);
  EXPECT_GE(pool.left(), 99u);
  EXPECT_GE(two.sacked_bytes(), 45u);
  one.clear(pool);
  two.clear(pool);
}

}  // namespace
}  // namespace culvert::tcp
