#include "dataplane/session/table.hpp"

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace culvert::dp {
namespace {

IpAddress address(uint32_t n) {
  return IpAddress::v4(0x0a000000u + n);
}

TEST(SessionTable, PublishesLooksUpAndRetires) {
  SessionTable table(8, 1);
  EXPECT_EQ(table.lookup(address(1)), nullptr);
  Session* s = table.publish({address(1), {}}, 42, 3, true);
  ASSERT_NE(s, nullptr);
  EXPECT_EQ(s->inner.v4, address(1));
  EXPECT_EQ(s->index, 42u);
  EXPECT_EQ(s->home, 3);
  EXPECT_TRUE(s->df_bit_ignore);
  EXPECT_EQ(s->current_channel().kind(), Channel::Kind::none);
  EXPECT_EQ(table.lookup(address(1)), s);
  EXPECT_EQ(table.lookup(address(2)), nullptr);
  EXPECT_EQ(table.published(), 1u);

  s->channel.store(Channel(Channel::Kind::tls, {0, 1, 1}, 1300).word());
  table.retire(s);
  EXPECT_EQ(table.lookup(address(1)), nullptr);
  EXPECT_EQ(s->current_channel().kind(), Channel::Kind::none);
  EXPECT_EQ(table.published(), 0u);
  table.reclaim();  // no worker is registered, so nobody can see it
  EXPECT_EQ(table.waiting_for_grace(), 0u);
}

TEST(SessionTable, RefusesASecondSessionWithTheSameAddress) {
  SessionTable table(8, 1);
  Session* s = table.publish({address(1), {}}, 1, 0, false);
  ASSERT_NE(s, nullptr);
  EXPECT_EQ(table.publish({address(1), {}}, 2, 0, false), nullptr);
  EXPECT_EQ(table.lookup(address(1)), s);
  EXPECT_EQ(s->index, 1u);
  table.retire(s);
  EXPECT_NE(table.publish({address(1), {}}, 3, 0, false), nullptr);
}

TEST(SessionTable, IsFullAtItsSizeAndNotBefore) {
  constexpr uint32_t kSessions = 1000;
  SessionTable table(kSessions, 1);
  std::vector<Session*> sessions;
  for (uint32_t i = 0; i < kSessions; ++i) {
    sessions.push_back(table.publish({address(i), {}}, i + 1, 0, false));
    ASSERT_NE(sessions.back(), nullptr) << i;
  }
  EXPECT_EQ(table.publish({address(kSessions), {}}, 9, 0, false), nullptr);
  table.retire(sessions[500]);
  EXPECT_NE(table.publish({address(kSessions), {}}, 9, 0, false), nullptr);
  EXPECT_EQ(table.lookup(address(500)), nullptr);
}

TEST(SessionTable, LooksUpBurstsOfEverySize) {
  SessionTable table(128, 1);
  for (uint32_t i = 0; i < 128; i += 2)
    ASSERT_NE(table.publish({address(i), {}}, i + 1, 0, false), nullptr);
  std::vector<IpAddress> addresses(64);
  std::vector<const IpAddress*> keys(64);
  for (uint32_t count = 0; count <= 64; ++count) {
    for (uint32_t i = 0; i < count; ++i) {
      addresses[i] = address(i + count);
      keys[i] = &addresses[i];
    }
    std::vector<const Session*> found(64, reinterpret_cast<const Session*>(8));
    table.lookup({keys.data(), count}, found.data());
    for (uint32_t i = 0; i < count; ++i) {
      const bool there = (i + count) % 2 == 0;
      ASSERT_EQ(found[i] != nullptr, there) << count << " " << i;
      if (there) {
        EXPECT_EQ(found[i]->index, i + count + 1);
      }
    }
    for (uint32_t i = count; i < 64; ++i)
      EXPECT_EQ(found[i], reinterpret_cast<const Session*>(8));
  }
}

TEST(SessionTable, WaitsForEveryOnlineWorkerBeforeReuse) {
  SessionTable table(1, 3);
  rte_rcu_qsbr* q = table.qsbr();
  for (unsigned w = 0; w < 3; ++w)
    ASSERT_EQ(rte_rcu_qsbr_thread_register(q, w), 0);
  rte_rcu_qsbr_thread_online(q, 0);
  rte_rcu_qsbr_thread_online(q, 1);  // worker 2 sleeps

  Session* s = table.publish({address(1), {}}, 1, 0, false);
  ASSERT_NE(s, nullptr);
  table.retire(s);
  EXPECT_EQ(table.publish({address(2), {}}, 2, 0, false), nullptr);
  rte_rcu_qsbr_quiescent(q, 0);
  EXPECT_EQ(table.publish({address(2), {}}, 2, 0, false), nullptr);
  EXPECT_EQ(table.waiting_for_grace(), 1u);
  // A worker may still hold it, and finds nothing there that leads to a tunnel.
  EXPECT_EQ(s->inner.v4, address(1));
  EXPECT_EQ(s->current_channel().kind(), Channel::Kind::none);
  rte_rcu_qsbr_thread_offline(q, 1);
  EXPECT_EQ(table.publish({address(2), {}}, 2, 0, false), s);
  EXPECT_EQ(table.waiting_for_grace(), 0u);

  // One that comes online after the retirement cannot have seen the session.
  table.retire(s);
  rte_rcu_qsbr_quiescent(q, 0);
  rte_rcu_qsbr_thread_online(q, 2);
  EXPECT_EQ(table.publish({address(3), {}}, 3, 0, false), s);
  for (unsigned w = 0; w < 3; ++w) {
    rte_rcu_qsbr_thread_offline(q, w);
    rte_rcu_qsbr_thread_unregister(q, w);
  }
}

TEST(SessionTable, OneSessionIsFoundUnderBothItsAddresses) {
  SessionTable table(2, 1);
  const IpAddress six = *IpAddress::parse("fd00:10::5");
  const IpAddress other_six = *IpAddress::parse("fd00:10::6");
  Session* s = table.publish({address(1), six}, 1, 0, false);
  ASSERT_NE(s, nullptr);
  EXPECT_EQ(table.lookup(address(1)), s);
  EXPECT_EQ(table.lookup(six), s);
  // Neither may be taken twice, and a refusal leaves nothing behind.
  EXPECT_EQ(table.publish({address(2), six}, 2, 0, false), nullptr);
  EXPECT_EQ(table.lookup(address(2)), nullptr);
  EXPECT_EQ(table.publish({address(1), other_six}, 2, 0, false), nullptr);
  EXPECT_EQ(table.lookup(other_six), nullptr);
  EXPECT_EQ(table.publish({}, 2, 0, false), nullptr);
  Session* only_six = table.publish({{}, other_six}, 2, 0, false);
  ASSERT_NE(only_six, nullptr);
  EXPECT_EQ(table.lookup(other_six), only_six);
  EXPECT_EQ(table.lookup(IpAddress{}), nullptr);
  table.retire(s);
  table.retire(only_six);
  EXPECT_EQ(table.lookup(address(1)), nullptr);
  EXPECT_EQ(table.lookup(six), nullptr);
  EXPECT_EQ(table.lookup(other_six), nullptr);
  EXPECT_EQ(table.published(), 0u);
}

// Workers read while control publishes and retires as fast as it can: what they find under an
// address is the session of that address for as long as they have not said that they are done.
TEST(SessionTable, ReadersNeverSeeAReusedSession) {
  constexpr unsigned kWorkers = 2;
  constexpr uint32_t kAddresses = 64;
  SessionTable table(16, kWorkers);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> wrong{0}, found{0};
  std::atomic<unsigned> ready{0};
  std::vector<std::thread> workers;
  for (unsigned w = 0; w < kWorkers; ++w) {
    workers.emplace_back([&, w] {
      rte_rcu_qsbr* q = table.qsbr();
      rte_rcu_qsbr_thread_register(q, w);
      rte_rcu_qsbr_thread_online(q, w);
      ++ready;
      for (uint32_t round = 0; !stop.load(std::memory_order_relaxed); ++round) {
        std::array<IpAddress, 32> addresses;
        std::array<const IpAddress*, 32> keys;
        std::array<const Session*, 32> out;
        for (uint32_t i = 0; i < 32; ++i) {
          addresses[i] = address((round + i) % kAddresses);
          keys[i] = &addresses[i];
        }
        table.lookup(keys, out.data());
        for (int again = 0; again < 3; ++again) {
          for (uint32_t i = 0; i < 32; ++i) {
            if (out[i] == nullptr) continue;
            found.fetch_add(1, std::memory_order_relaxed);
            if (out[i]->inner.v4 != addresses[i]) wrong.fetch_add(1, std::memory_order_relaxed);
          }
          if (again == 1 && round % 8 == 0) std::this_thread::yield();
        }
        if (round % 64 == 0) {
          rte_rcu_qsbr_thread_offline(q, w);
          std::this_thread::yield();
          rte_rcu_qsbr_thread_online(q, w);
        }
        rte_rcu_qsbr_quiescent(q, w);
      }
      rte_rcu_qsbr_thread_offline(q, w);
      rte_rcu_qsbr_thread_unregister(q, w);
    });
  }
  while (ready < kWorkers)
    std::this_thread::yield();
  std::vector<Session*> live;
  uint32_t published = 0;
  for (uint32_t n = 0; n < 5'000 || found < 100; ++n) {
    if (Session* s = table.publish({address(n % kAddresses), {}}, n + 1, 0, false)) {
      live.push_back(s);
      ++published;
    }
    if (live.size() > 8 || (n % 3 == 0 && !live.empty())) {
      table.retire(live.front());
      live.erase(live.begin());
    }
    if (n % 8 == 0) std::this_thread::yield();
  }
  stop = true;
  for (auto& w : workers)
    w.join();
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_GT(found.load(), 0u);
  EXPECT_GT(published, 100u);
  for (Session* s : live)
    table.retire(s);
  table.reclaim();
  EXPECT_EQ(table.published(), 0u);
  EXPECT_EQ(table.waiting_for_grace(), 0u);
}

}  // namespace
}  // namespace culvert::dp
