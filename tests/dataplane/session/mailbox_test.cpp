#include "dataplane/session/mailbox.hpp"

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "crypto/suite.hpp"

namespace culvert::dp {
namespace {

class MailboxTest : public testing::Test {
 protected:
  Doorbell control_bell, worker_bell;
};

TEST_F(MailboxTest, DeliversInOrderBothWays) {
  Mailbox box(0, 16, control_bell, worker_bell);
  EXPECT_TRUE(box.worker_ring_empty());
  EXPECT_TRUE(box.control_ring_empty());
  EXPECT_EQ(box.from_control(), nullptr);
  EXPECT_EQ(box.from_worker(), nullptr);
  for (uint32_t i = 1; i <= 5; ++i) {
    Message* up = box.allocate_for_control();
    Message* down = box.allocate_for_worker();
    ASSERT_TRUE(up != nullptr && down != nullptr);
    up->conn = {0, i, 1};
    down->conn = {0, i, 1};
    box.to_control(up);
    box.to_worker(down);
  }
  EXPECT_EQ(box.in_use(), 10u);
  EXPECT_FALSE(box.worker_ring_empty());
  EXPECT_FALSE(box.control_ring_empty());
  for (uint32_t i = 1; i <= 5; ++i) {
    Message* up = box.from_worker();
    Message* down = box.from_control();
    ASSERT_TRUE(up != nullptr && down != nullptr);
    EXPECT_EQ(up->conn.slot, i);
    EXPECT_EQ(down->conn.slot, i);
    box.free(up);
    box.free(down);
  }
  EXPECT_EQ(box.in_use(), 0u);
}

TEST_F(MailboxTest, EndsWithNothingLeftToAllocateAndComesBack) {
  constexpr unsigned kMessages = 10;
  Mailbox box(0, kMessages, control_bell, worker_bell);
  for (int round = 0; round < 3; ++round) {
    std::set<Message*> taken;
    for (unsigned i = 0; i < kMessages; ++i)
      taken.insert(box.allocate_for_control());
    EXPECT_EQ(taken.size(), kMessages);
    EXPECT_EQ(taken.count(nullptr), 0u);
    EXPECT_EQ(box.allocate_for_control(), nullptr);
    EXPECT_EQ(box.in_use(), kMessages);
    for (Message* m : taken)
      box.to_control(m);
    // The other direction has messages of its own: whoever floods one does not silence the other.
    Message* down = box.allocate_for_worker();
    ASSERT_NE(down, nullptr);
    box.to_worker(down);
    box.free(box.from_control());
    for (unsigned i = 0; i < kMessages; ++i)
      box.free(box.from_worker());
    EXPECT_EQ(box.in_use(), 0u);
  }
}

TEST_F(MailboxTest, AllocatesCleanMessages) {
  Mailbox box(0, 1, control_bell, worker_bell);
  Message* m = box.allocate_for_control();
  m->kind = MessageKind::ended;
  m->reason = EndReason::bad_record;
  m->conn = {1, 2, 3};
  m->flow.local_port = 443;
  m->size = 7;
  m->totals.rx_bytes = 9;
  m->promotion.dpd_interval_s = 30;
  const auto place = reinterpret_cast<uintptr_t>(m);
  box.free(m);
  Message* again = box.allocate_for_control();
  ASSERT_EQ(reinterpret_cast<uintptr_t>(again), place);
  EXPECT_EQ(again->kind, MessageKind::opened);
  EXPECT_EQ(again->reason, EndReason::none);
  EXPECT_EQ(again->conn, ConnId{});
  EXPECT_EQ(again->flow, Flow{});
  EXPECT_EQ(again->size, 0u);
  EXPECT_EQ(again->totals.rx_bytes, 0u);
  EXPECT_EQ(again->promotion.dpd_interval_s, 0u);
  box.free(again);
}

TEST_F(MailboxTest, WipesKeysWhenAPromoteIsFreed) {
  Mailbox box(0, 4, control_bell, worker_bell);
  Message* m = box.allocate_for_worker();
  m->kind = MessageKind::promote;
  const std::vector<uint8_t> key(32, 0xa5);
  m->promotion.rx.suite = &crypto::tls_suites().front();
  m->promotion.rx.key.assign(key);
  m->promotion.tx.key.assign(key);
  m->promotion.rx.iv.assign(std::span(key).first(12));
  const auto* bytes = reinterpret_cast<const uint8_t*>(&m->promotion);
  ASSERT_NE(std::count(bytes, bytes + sizeof m->promotion, 0xa5), 0);
  box.to_worker(m);
  box.free(box.from_control());
  // The pool's memory stays mapped: what the next user of the element could read.
  EXPECT_EQ(std::count(bytes, bytes + sizeof m->promotion, 0xa5), 0);
}

TEST_F(MailboxTest, GivesBackWhatIsUnderWayWhenItEnds) {
  // A name that is taken cannot be created again, so a leak of a ring shows in the
  // second round.
  for (int round = 0; round < 2; ++round) {
    Mailbox box(3, 8, control_bell, worker_bell);
    for (int i = 0; i < 4; ++i) {
      box.to_control(box.allocate_for_control());
      box.to_worker(box.allocate_for_worker());
    }
  }
}

TEST_F(MailboxTest, RingsTheReadersBell) {
  Mailbox box(0, 4, control_bell, worker_bell);
  uint64_t count = 0;
  control_bell.announce_sleep();
  worker_bell.announce_sleep();
  box.to_control(box.allocate_for_control());
  EXPECT_EQ(read(control_bell.fd(), &count, sizeof count), ssize_t{sizeof count});
  EXPECT_EQ(read(worker_bell.fd(), &count, sizeof count), -1);
  box.to_worker(box.allocate_for_worker());
  EXPECT_EQ(read(worker_bell.fd(), &count, sizeof count), ssize_t{sizeof count});
}

TEST_F(MailboxTest, TwoThreadsExchangeMessagesInOrder) {
  constexpr uint32_t kCount = 20'000;
  Mailbox box(0, 32, control_bell, worker_bell);
  std::thread worker([&box] {
    for (uint32_t sent = 0, got = 0; sent < kCount || got < kCount;) {
      bool moved = false;
      if (sent < kCount) {
        if (Message* m = box.allocate_for_control()) {
          m->conn = {0, sent, 1};
          m->data[0] = static_cast<uint8_t>(sent);
          moved = true;
          box.to_control(m);
          ++sent;
        }
      }
      if (Message* m = box.from_control()) {
        ASSERT_EQ(m->conn.slot, got++);
        box.free(m);
        moved = true;
      }
      if (!moved) std::this_thread::yield();
    }
  });
  for (uint32_t got = 0; got < kCount;) {
    Message* m = box.from_worker();
    if (m == nullptr) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(m->conn.slot, got);
    ASSERT_EQ(m->data[0], static_cast<uint8_t>(got));
    ++got;
    box.free(m);
    Message* answer = box.allocate_for_worker();
    while (answer == nullptr) {
      std::this_thread::yield();
      answer = box.allocate_for_worker();
    }
    answer->conn = {0, got - 1, 1};
    box.to_worker(answer);
  }
  worker.join();
  EXPECT_EQ(box.in_use(), 0u);
}

TEST(EndReason, EveryReasonHasAText) {
  std::set<std::string_view> texts;
  for (int i = 0; i <= static_cast<int>(EndReason::closed_here); ++i) {
    texts.insert(to_string(static_cast<EndReason>(i)));
  }
  EXPECT_EQ(texts.size(), static_cast<size_t>(EndReason::closed_here) + 1);
  EXPECT_EQ(texts.count("unknown"), 0u);
}

}  // namespace
}  // namespace culvert::dp
