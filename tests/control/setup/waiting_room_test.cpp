// Order, turns, bounds and times of those who wait; nothing of it stays behind.
#include "control/setup/waiting_room.hpp"

#include <random>

#include <gtest/gtest.h>

namespace culvert::control::test {
namespace {

constexpr uint64_t kSecond = 1'000'000;

const std::vector<uint8_t> kHello(60, 0x16);

dp::ConnId conn(uint32_t slot) {
  return {0, slot, 1};
}

Arrival arrival(uint32_t slot, const dp::IpAddress& source) {
  Arrival a;
  a.conn = conn(slot);
  a.flow.remote = source;
  return a;
}

Arrival arrival(uint32_t slot, uint32_t source) {
  return arrival(slot, dp::IpAddress::v4(source));
}

bool anybody(const dp::IpAddress&) {
  return true;
}

struct Room {
  explicit Room(size_t most_here = 100) : most(most_here), room(limits) {}
  std::optional<dp::ConnId> enter(const Arrival& who) { return room.enter(who, most, now); }
  // Comes and says hello.
  void come(uint32_t slot, uint32_t source) {
    EXPECT_FALSE(enter(arrival(slot, source)));
    EXPECT_TRUE(room.speak(conn(slot), kHello, now));
  }
  uint32_t next() {
    const auto guest = room.next(anybody);
    return guest ? guest->arrival.conn.slot : 0;
  }
  void expect_empty() const {
    EXPECT_EQ(room.size(), 0u);
    EXPECT_EQ(room.silent(), 0u);
    EXPECT_EQ(room.ready(), 0u);
    EXPECT_EQ(room.bytes(), 0u);
  }
  size_t most;
  SetupLimits limits;
  uint64_t now = kSecond;
  WaitingRoom room;
};

TEST(WaitingRoom, WhoSaysHelloFirstIsTheFirst) {
  Room r;
  for (uint32_t slot = 1; slot <= 4; slot++)
    EXPECT_FALSE(r.enter(arrival(slot, 7)));
  EXPECT_EQ(r.next(), 0u);  // nobody has said anything
  for (const uint32_t slot : {2u, 1u, 3u})
    EXPECT_TRUE(r.room.speak(conn(slot), kHello, r.now));
  EXPECT_EQ(r.room.ready(), 3u);
  EXPECT_EQ(r.room.silent(), 1u);
  EXPECT_EQ(r.room.bytes(), 3 * kHello.size());
  const auto first = r.room.next(anybody);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->arrival.conn, conn(2));
  EXPECT_EQ(first->hello, kHello);
  EXPECT_EQ(r.next(), 1u);
  EXPECT_EQ(r.next(), 3u);
  EXPECT_EQ(r.next(), 0u);
  EXPECT_TRUE(r.room.leave(conn(4)));
  EXPECT_FALSE(r.room.leave(conn(4)));
  r.expect_empty();
}

TEST(WaitingRoom, SourcesHaveTurns) {
  Room r;
  for (uint32_t slot = 1; slot <= 4; slot++)
    r.come(slot, 7);
  r.come(11, 8);
  r.come(12, 8);
  r.come(21, 9);
  for (const uint32_t slot : {1u, 11u, 21u, 2u, 12u, 3u, 4u})
    EXPECT_EQ(r.next(), slot);
  r.expect_empty();
}

TEST(WaitingRoom, ASourceThatHasNoPlaceLeftKeepsNobodyElse) {
  Room r;
  r.come(1, 7);
  r.come(2, 8);
  const auto not_seven = [](const dp::IpAddress& source) { return source != dp::IpAddress::v4(7); };
  const auto guest = r.room.next(not_seven);
  ASSERT_TRUE(guest);
  EXPECT_EQ(guest->arrival.conn, conn(2));
  EXPECT_FALSE(r.room.next(not_seven));
  EXPECT_EQ(r.next(), 1u);
}

TEST(WaitingRoom, Ipv6HostsAreOneSourceWithAllTheirAddresses) {
  Room r(2);
  const auto address = [](const char* text) { return *dp::IpAddress::parse(text); };
  EXPECT_FALSE(r.enter(arrival(1, address("2001:db8::1"))));
  EXPECT_FALSE(r.enter(arrival(2, address("2001:db8::2"))));
  EXPECT_EQ(r.enter(arrival(3, address("2001:db8:0:1::1"))), conn(1));
}

TEST(WaitingRoom, WhoHasMostGivesOneUp) {
  Room r(4);
  for (uint32_t slot = 1; slot <= 4; slot++)
    EXPECT_FALSE(r.enter(arrival(slot, 7)));
  EXPECT_TRUE(r.room.speak(conn(1), kHello, r.now));
  EXPECT_TRUE(r.room.speak(conn(2), kHello, r.now));
  EXPECT_EQ(r.enter(arrival(11, 8)), conn(3));  // the first of those who say nothing
  EXPECT_TRUE(r.room.speak(conn(4), kHello, r.now));
  EXPECT_EQ(r.enter(arrival(21, 9)), conn(4));  // else the last
  EXPECT_EQ(r.room.size(), 4u);
  // Those who have waited for longest are still there.
  EXPECT_TRUE(r.room.holds(conn(1)) && r.room.holds(conn(2)));
}

TEST(WaitingRoom, WhoFillsItGetsNoMore) {
  Room r(3);
  for (uint32_t slot = 1; slot <= 3; slot++)
    r.come(slot, 7);
  EXPECT_EQ(r.enter(arrival(4, 7)), conn(4));
  EXPECT_FALSE(r.room.holds(conn(4)));
  EXPECT_EQ(r.next(), 1u);
  EXPECT_FALSE(r.enter(arrival(5, 7)));
  // Of its own it loses who says nothing, at once.
  EXPECT_EQ(r.enter(arrival(6, 7)), conn(5));
}

TEST(WaitingRoom, OfManySourcesWhoIsSilentForLongGivesWay) {
  Room r(3);
  for (uint32_t slot = 1; slot <= 3; slot++) {
    EXPECT_FALSE(r.enter(arrival(slot, slot)));
    r.now += 100'000;
  }
  EXPECT_TRUE(r.room.speak(conn(1), kHello, r.now));
  EXPECT_EQ(r.enter(arrival(4, 4)), conn(4));  // they may be about to speak
  r.now += kSecond;
  EXPECT_EQ(r.enter(arrival(5, 5)), conn(2));
  EXPECT_TRUE(r.room.speak(conn(3), kHello, r.now));
  EXPECT_TRUE(r.room.speak(conn(5), kHello, r.now));
  r.now += kSecond;
  EXPECT_EQ(r.enter(arrival(6, 6)), conn(6));  // all have spoken
}

TEST(WaitingRoom, ShowsOutAfterItsTime) {
  Room r;
  EXPECT_FALSE(r.enter(arrival(1, 1)));
  EXPECT_FALSE(r.enter(arrival(2, 2)));
  r.now += (r.limits.handshake_s - 1) * kSecond;
  EXPECT_TRUE(r.room.speak(conn(2), kHello, r.now));
  EXPECT_TRUE(r.room.expire(r.now).empty());
  r.now += kSecond;
  auto gone = r.room.expire(r.now);
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone[0].arrival.conn, conn(1));
  EXPECT_TRUE(gone[0].hello.empty());
  r.now += r.limits.wait_s * kSecond;
  gone = r.room.expire(r.now);
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone[0].hello, kHello);
  r.expect_empty();
}

TEST(WaitingRoom, HellosAreBoundedTogether) {
  Room r;
  r.limits.waiting_bytes = 2 * kHello.size() + 1;
  for (uint32_t slot = 1; slot <= 3; slot++)
    EXPECT_FALSE(r.enter(arrival(slot, slot)));
  EXPECT_TRUE(r.room.speak(conn(1), kHello, r.now));
  EXPECT_TRUE(r.room.speak(conn(2), kHello, r.now));
  EXPECT_FALSE(r.room.speak(conn(3), kHello, r.now));
  EXPECT_FALSE(r.room.holds(conn(3)));
  // A second record, and one of somebody else, change nothing.
  EXPECT_TRUE(r.room.speak(conn(1), kHello, r.now));
  EXPECT_TRUE(r.room.speak(conn(9), kHello, r.now));
  EXPECT_EQ(r.room.bytes(), 2 * kHello.size());
}

TEST(WaitingRoom, WhateverHappensNothingStays) {
  Room r(50);
  std::minstd_rand random(7);
  std::vector<uint32_t> inside;
  uint64_t came = 0, gone = 0;
  for (uint32_t slot = 1; slot < 20'000; slot++) {
    r.now += random() % 50'000;
    came++;
    const auto source = static_cast<uint32_t>(random() % 20);
    const auto yields = r.enter(arrival(slot, source));
    gone += yields ? 1 : 0;
    inside.push_back(slot);
    const uint32_t some = inside[random() % inside.size()];
    switch (random() % 4) {
      case 0: gone += r.room.leave(conn(some)) ? 1 : 0; break;
      case 1: gone += r.next() != 0 ? 1 : 0; break;
      default: ASSERT_TRUE(r.room.speak(conn(some), kHello, r.now));
    }
    gone += r.room.expire(r.now).size();
    ASSERT_LE(r.room.size(), 50u);
    ASSERT_EQ(r.room.size(), came - gone);
    ASSERT_EQ(r.room.size(), r.room.silent() + r.room.ready());
    ASSERT_EQ(r.room.bytes(), r.room.ready() * kHello.size());
  }
  for (const uint32_t slot : inside)
    (void)r.room.leave(conn(slot));
  r.expect_empty();
}

}  // namespace
}  // namespace culvert::control::test
