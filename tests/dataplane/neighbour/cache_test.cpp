// The neighbour cache with virtual time: resolving, queues, giving up, ageing, bounds.
#include "dataplane/neighbour/cache.hpp"

#include <random>
#include <set>

#include <gtest/gtest.h>

#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;
using Source = NeighbourCache::Source;

IpAddress peer(uint32_t n = 0) {
  return IpAddress::v4(kPeerIp + n);
}

class Cache : public testing::Test {
 protected:
  void make(const NeighbourConfig& config) { cache_.emplace(config, drops_); }
  void SetUp() override { make({}); }
  rte_mbuf* packet(uint8_t tag = 0) { return pool_.packet(Bytes{tag}); }
  // Moves time on in steps of a loop; returns the requests that came up.
  std::vector<NeighbourRequest> pass(Time time) {
    std::vector<NeighbourRequest> all;
    for (const Time end = now_ + time; now_ < end;) {
      now_ += 50 * kMillisecond;
      std::array<NeighbourRequest, 8> some;
      const size_t n = cache_->poll(now_, some);
      all.insert(all.end(), some.begin(), some.begin() + static_cast<ptrdiff_t>(n));
    }
    return all;
  }
  bool learn(const IpAddress& ip, Source source, const MacAddress& mac = kPeerMac) {
    ready_.clear();
    return cache_->learn(ip, 0, mac, source, now_, ready_);
  }
  void free_ready() {
    rte_pktmbuf_free_bulk(ready_.data(), ready_.size());
    ready_.clear();
  }
  uint64_t dropped() const { return drops_.get(DropReason::ip_no_adjacency); }

  Pool pool_;
  DropCounters drops_;
  std::optional<NeighbourCache> cache_;
  Batch ready_;
  Time now_ = 1000 * kSecond;
};

TEST_F(Cache, ResolvesAndReleasesInOrder) {
  EXPECT_EQ(cache_->find(peer(), 0, now_), nullptr);
  EXPECT_TRUE(cache_->wait(peer(), 0, packet(1), now_));
  EXPECT_FALSE(cache_->wait(peer(), 0, packet(2), now_));
  EXPECT_EQ(cache_->waiting(), 2U);
  EXPECT_TRUE(learn(peer(), Source::reply));
  ASSERT_EQ(ready_.size(), 2U);
  EXPECT_EQ(bytes_of(ready_[0]), Bytes{1});
  EXPECT_EQ(bytes_of(ready_[1]), Bytes{2});
  free_ready();
  ASSERT_NE(cache_->find(peer(), 0, now_), nullptr);
  EXPECT_EQ(*cache_->find(peer(), 0, now_), kPeerMac);
  EXPECT_EQ(cache_->find(peer(), 1, now_), nullptr) << "another interface is another neighbour";
}

TEST_F(Cache, QueueKeepsTheNewest) {
  for (uint8_t i = 0; i < 40; ++i)
    (void)cache_->wait(peer(), 0, packet(i), now_);
  EXPECT_EQ(cache_->waiting(), 16U);
  EXPECT_EQ(dropped(), 24U);
  learn(peer(), Source::reply);
  ASSERT_EQ(ready_.size(), 16U);
  EXPECT_EQ(bytes_of(ready_[0]), Bytes{24});
  free_ready();
}

TEST_F(Cache, AllQueuesTogetherAreBounded) {
  make({.max_waiting = 20});
  for (uint32_t n = 0; n < 30; ++n)
    (void)cache_->wait(peer(n), 0, packet(), now_);
  EXPECT_EQ(cache_->waiting(), 20U);
  EXPECT_EQ(dropped(), 10U);
  EXPECT_EQ(pool_.used(), 20U);
  cache_.reset();
  EXPECT_EQ(pool_.used(), 0U);
}

TEST_F(Cache, AsksThreeTimesThenGivesUpAndHoldsDown) {
  EXPECT_TRUE(cache_->wait(peer(), 0, packet(), now_));
  const auto retries = pass(5 * kSecond);
  EXPECT_EQ(retries.size(), 2U) << "the first request was the caller's";
  for (const auto& r : retries) {
    EXPECT_FALSE(r.unicast);
    EXPECT_EQ(r.ip, peer());
  }
  EXPECT_EQ(dropped(), 1U);
  EXPECT_EQ(cache_->waiting(), 0U);
  // Held down: no question, no queue.
  EXPECT_FALSE(cache_->wait(peer(), 0, packet(), now_));
  EXPECT_EQ(dropped(), 2U);
  pass(4 * kSecond);
  EXPECT_EQ(cache_->entries(), 0U);
  EXPECT_TRUE(cache_->wait(peer(), 0, packet(), now_));
}

TEST_F(Cache, AgesIntoAUnicastProbeWhileInUse) {
  (void)cache_->wait(peer(), 0, packet(), now_);
  learn(peer(), Source::reply);
  free_ready();
  std::vector<NeighbourRequest> asked;
  for (int minute = 0; minute < 21 && asked.empty(); ++minute) {
    ASSERT_NE(cache_->find(peer(), 0, now_), nullptr);
    asked = pass(60 * kSecond);
  }
  ASSERT_GE(asked.size(), 1U);
  EXPECT_TRUE(asked[0].unicast);
  EXPECT_EQ(asked[0].mac, kPeerMac);
  EXPECT_GE(now_, (1000 + 20 * 60) * kSecond);
}

TEST_F(Cache, UnansweredProbeEndsTheEntry) {
  (void)cache_->wait(peer(), 0, packet(), now_);
  learn(peer(), Source::reply);
  free_ready();
  pass(19 * 60 * kSecond);
  ASSERT_NE(cache_->find(peer(), 0, now_), nullptr);
  const auto asked = pass(2 * 60 * kSecond);
  EXPECT_EQ(asked.size(), 3U);
  EXPECT_EQ(cache_->find(peer(), 0, now_), nullptr);
  // At once, and of everybody: its address may be another one now.
  EXPECT_EQ(cache_->entries(), 0U);
  EXPECT_TRUE(cache_->wait(peer(), 0, packet(), now_));
  learn(peer(), Source::reply);
  free_ready();
}

TEST_F(Cache, AnsweredProbeIsReachableAgain) {
  (void)cache_->wait(peer(), 0, packet(), now_);
  learn(peer(), Source::reply);
  free_ready();
  pass(19 * 60 * kSecond);
  (void)cache_->find(peer(), 0, now_);
  pass(61 * kSecond);
  learn(peer(), Source::reply);
  EXPECT_TRUE(pass(60 * kSecond).empty());
  EXPECT_NE(cache_->find(peer(), 0, now_), nullptr);
}

TEST_F(Cache, IdleEntryIsForgottenWithoutAQuestion) {
  (void)cache_->wait(peer(), 0, packet(), now_);
  learn(peer(), Source::reply);
  free_ready();
  EXPECT_TRUE(pass(41 * 60 * kSecond).empty());
  EXPECT_EQ(cache_->entries(), 0U);
}

TEST_F(Cache, RequestsTeachUnconfirmedAndUnaskedWordsDoNot) {
  EXPECT_FALSE(learn(peer(), Source::update));
  EXPECT_FALSE(learn(peer(), Source::reply));
  EXPECT_EQ(cache_->entries(), 0U);
  EXPECT_TRUE(learn(peer(), Source::request));
  std::array<NeighbourRow, 4> rows;
  ASSERT_EQ(cache_->snapshot(rows, now_), 1U);
  EXPECT_EQ(rows[0].state, NeighbourState::stale);
  // Usable at once, and asked by unicast because it is used.
  EXPECT_NE(cache_->find(peer(), 0, now_), nullptr);
  const auto asked = pass(kSecond / 2);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_TRUE(asked[0].unicast);
}

TEST_F(Cache, UpdateChangesWhatIsKnown) {
  learn(peer(), Source::request);
  const MacAddress other{2, 0, 0, 0, 0, 9};
  EXPECT_TRUE(learn(peer(), Source::update, other));
  EXPECT_EQ(*cache_->find(peer(), 0, now_), other);
}

TEST_F(Cache, AStormOfRequestsLeavesRoomForNeighboursInUse) {
  make({.max_entries = 64});
  for (uint32_t n = 0; n < 5000; ++n)
    learn(peer(n), Source::request);
  EXPECT_EQ(cache_->entries(), 48U);
  // Those that the box itself asks for still find room, by eviction if they must.
  now_ += 10 * kSecond;
  for (uint32_t n = 0; n < 64; ++n) {
    EXPECT_TRUE(cache_->wait(IpAddress::v4(0x0a000001 + n), 0, packet(), now_)) << n;
  }
  EXPECT_LE(cache_->entries(), 64U);
  // And no more than that, while all are busy.
  EXPECT_FALSE(cache_->wait(IpAddress::v4(0x0b000001), 0, packet(), now_));
}

TEST_F(Cache, RandomUseAgreesWithASet) {
  make({.max_entries = 256, .hold_down = kSecond});
  std::mt19937 random(5);
  std::set<uint32_t> known;
  for (int round = 0; round < 20000; ++round) {
    const auto n = static_cast<uint32_t>(random() % 180);
    if (random() % 2 == 0) {
      learn(peer(n), Source::request);
      known.insert(n);
    } else {
      ASSERT_EQ(cache_->find(peer(n), 0, now_) != nullptr, known.contains(n));
    }
    if (round % 4000 == 3999) {
      cache_->clear();
      known.clear();
    }
  }
  EXPECT_EQ(cache_->entries(), known.size());
  // Deletion by age keeps every other entry findable.
  pass(45 * 60 * kSecond);
  EXPECT_EQ(cache_->entries(), 0U);
}

}  // namespace
}  // namespace culvert::dp
