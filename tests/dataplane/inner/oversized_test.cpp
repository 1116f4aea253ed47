#include "dataplane/inner/oversized.hpp"

#include <optional>

#include <gtest/gtest.h>

#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

class OversizedTest : public testing::Test {
 protected:
  Session* publish(uint32_t index, uint32_t address = kClient) {
    return table.publish({IpAddress::v4(address), {}}, index, 1, false);
  }
  void add(const Session& session, size_t size = 1418, Time now = kSecond, bool answered = true) {
    rte_mbuf* m =
        pool.packet(ipv4({.src = kFarIp, .dst = kClient, .protocol = 6}, Bytes(size - 20, 5)));
    reports.add(session, m, 1347, answered, now);
    rte_pktmbuf_free(m);
  }
  std::optional<Oversized> told() {
    Message* m = mailbox.from_worker();
    if (m == nullptr) return std::nullopt;
    EXPECT_EQ(m->kind, MessageKind::oversized);
    const Oversized out = m->oversized;
    mailbox.free(m);
    return out;
  }
  // How many messages wait, and how many packets they say are untold.
  std::pair<unsigned, uint32_t> count() {
    unsigned messages = 0;
    uint32_t untold = 0;
    while (const auto o = told()) {
      ++messages;
      untold += o->untold;
    }
    return {messages, untold};
  }

  Pool pool{1023};
  SessionTable table{4, 1};
  Doorbell control_bell, worker_bell;
  Mailbox mailbox{0, 32, control_bell, worker_bell};
  OversizedReports reports{table, mailbox, 8};
};

TEST_F(OversizedTest, TellsWhatTheLogSays) {
  add(*publish(7));
  const auto o = told();
  ASSERT_TRUE(o);
  EXPECT_EQ(o->session, 7u);
  EXPECT_EQ(o->src, IpAddress::v4(kFarIp));
  EXPECT_EQ(o->dst, IpAddress::v4(kClient));
  EXPECT_EQ(o->size, 1418u);
  EXPECT_EQ(o->threshold, 1347);
  EXPECT_EQ(o->protocol, 6);
  EXPECT_TRUE(o->answered);
  EXPECT_EQ(o->untold, 0u);
  EXPECT_FALSE(told());
}

TEST_F(OversizedTest, TellsOfIpv6BehindExtensionHeaders) {
  const Session* session = table.publish({{}, six("fd00:10::5")}, 8, 1, false);
  Bytes payload(1400, 0);
  payload[0] = 17;  // hop-by-hop options, eight bytes, and then UDP
  payload[2] = 1;
  payload[3] = 4;
  rte_mbuf* m =
      pool.packet(ipv6({.src = kFar6, .dst = six("fd00:10::5"), .next_header = 0}, payload));
  reports.add(*session, m, 1347, false, kSecond);
  rte_pktmbuf_free(m);
  const auto o = told();
  ASSERT_TRUE(o);
  EXPECT_EQ(o->src, kFar6);
  EXPECT_EQ(o->protocol, 17);
  EXPECT_EQ(o->size, 1440u);
  EXPECT_FALSE(o->answered);
}

TEST_F(OversizedTest, AFloodIsCountedAndNoneIsForgotten) {
  const Session* session = publish(7);
  for (int i = 0; i < 1000; ++i)
    add(*session);
  EXPECT_EQ(count(), (std::pair<unsigned, uint32_t>{10, 0}));
  reports.poll(kSecond + 900 * kMillisecond);
  EXPECT_FALSE(told()) << "the second is not over";
  reports.poll(2 * kSecond);
  const auto o = told();
  ASSERT_TRUE(o);
  EXPECT_EQ(o->size, 0u);
  EXPECT_EQ(o->session, 7u);
  EXPECT_EQ(o->untold, 990u);
  reports.poll(20 * kSecond);
  EXPECT_FALSE(told()) << "once is enough";
  // The next packet that is told of brings what was not.
  for (int i = 0; i < 15; ++i)
    add(*session, 1418, 40 * kSecond);
  EXPECT_EQ(count(), (std::pair<unsigned, uint32_t>{10, 0}));
  add(*session, 1418, 42 * kSecond);
  EXPECT_EQ(count(), (std::pair<unsigned, uint32_t>{1, 5}));
  reports.poll(60 * kSecond);
  EXPECT_FALSE(told());
}

TEST_F(OversizedTest, SessionsDoNotShareALimit) {
  const Session* one = publish(7);
  const Session* other = publish(8, kClient + 1);
  for (int i = 0; i < 20; ++i)
    add(*one);
  (void)count();
  add(*other);
  const auto o = told();
  ASSERT_TRUE(o);
  EXPECT_EQ(o->session, 8u);
}

TEST_F(OversizedTest, ASessionInAnothersPlaceStartsAfresh) {
  Session* gone = publish(7);
  for (int i = 0; i < 20; ++i)
    add(*gone);
  EXPECT_EQ(count().first, 10u);
  gone->index = 9;  // the table gave the place to the next session
  add(*gone);
  const auto o = told();
  ASSERT_TRUE(o);
  EXPECT_EQ(o->session, 9u);
  EXPECT_EQ(o->untold, 0u);
  reports.poll(100 * kSecond);
  EXPECT_FALSE(told()) << "what was of the former session";
}

TEST_F(OversizedTest, LeavesMessagesForOthers) {
  std::vector<Session*> sessions;
  for (uint32_t i = 0; i < 4; ++i)
    sessions.push_back(publish(7 + i, kClient + i));
  for (int i = 0; i < 10; ++i) {
    for (const Session* session : sessions)
      add(*session);
  }
  EXPECT_EQ(mailbox.in_use(), 24u) << "8 of 32 are kept back";
  EXPECT_EQ(count(), (std::pair<unsigned, uint32_t>{24, 0}));
  reports.poll(60 * kSecond);
  EXPECT_EQ(count(), (std::pair<unsigned, uint32_t>{4, 16}));
}

}  // namespace
}  // namespace culvert::dp
