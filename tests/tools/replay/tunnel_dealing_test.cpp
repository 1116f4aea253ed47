// Conversations to sessions, and the books about what is on its way.
#include <set>

#include <gtest/gtest.h>

#include "tests/tools/replay/frames.hpp"
#include "tools/replay/tunnel/dealing.hpp"
#include "tools/replay/tunnel/ledger.hpp"

namespace culvert::replay {
namespace {

using namespace test;

Bytes from_a(unsigned port) {
  return ipv4(kA4, kB4, 17, udp({}, port, 53));
}
Bytes from_b(unsigned port) {
  return ipv4(kB4, kA4, 17, udp({}, 53, port));
}

TEST(Dealer, WhoBeginsIsInTheSession) {
  Dealer dealer(Direction::both);
  const Assigned first = dealer.deal(from_a(1000));
  EXPECT_TRUE(first.up);
  const Assigned answer = dealer.deal(from_b(1000));
  EXPECT_FALSE(answer.up);
  EXPECT_EQ(answer.conversation, first.conversation);
  const Assigned other = dealer.deal(from_b(1001));
  EXPECT_TRUE(other.up);
  EXPECT_NE(other.conversation, first.conversation);
  EXPECT_FALSE(dealer.deal(from_a(1001)).up);
  EXPECT_EQ(dealer.conversations(), 2u);
}

TEST(Dealer, OneDirectionForAll) {
  for (const Direction direction : {Direction::up, Direction::down}) {
    Dealer dealer(direction);
    EXPECT_EQ(dealer.deal(from_a(1)).up, direction == Direction::up);
    EXPECT_EQ(dealer.deal(from_b(1)).up, direction == Direction::up);
    EXPECT_EQ(dealer.conversations(), 1u);
  }
}

TEST(Dealer, ProtocolsAndFamiliesAreApart) {
  Dealer dealer(Direction::both);
  EXPECT_EQ(dealer.deal(from_a(1000)).conversation, 0u);
  EXPECT_EQ(dealer.deal(ipv4(kA4, kB4, 6, tcp({}, 1000, 53))).conversation, 1u);
  EXPECT_EQ(dealer.deal(ipv6(kA6, kB6, 17, udp({}, 1000, 53))).conversation, 2u);
}

TEST(Dealer, FragmentsOfTwoHostsAreTogether) {
  Dealer dealer(Direction::both);
  const Assigned first = dealer.deal(ipv4(kA4, kB4, 17, udp(Bytes(16, 0)), 0x2000));
  const Assigned later = dealer.deal(ipv4(kA4, kB4, 17, Bytes(8, 0), 3));
  EXPECT_EQ(first.conversation, later.conversation);
}

TEST(Rounds, EverySessionHasItsTurn) {
  for (const uint32_t conversations : {1u, 3u, 7u, 20u}) {
    std::set<uint32_t> seen;
    const uint32_t rounds = rounds_for_all(conversations, 20);
    for (uint32_t round = 0; round < rounds; ++round) {
      for (uint32_t c = 0; c < conversations; ++c)
        seen.insert(session_of(c, conversations, round, 20));
    }
    EXPECT_EQ(seen.size(), 20u) << conversations;
  }
}

TEST(SizeClass, EachUpToItsLimit) {
  EXPECT_EQ(size_class(40), 0u);
  EXPECT_EQ(size_class(64), 0u);
  EXPECT_EQ(size_class(65), 1u);
  EXPECT_EQ(size_class(1025), 5u);
}

TEST(Ledger, EachPacketOnce) {
  Ledger ledger(2, 64);
  ledger.tally(0);
  for (uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(ledger.next_number(1), i);
    ledger.sent(1, 10 + i, 100, 0, 1000);
  }
  EXPECT_EQ(ledger.find(0, 0), nullptr);  // another lane
  Passage* third = ledger.find(1, 2);
  ASSERT_NE(third, nullptr);
  EXPECT_EQ(third->packet, 12u);
  ledger.arrived(1, *third, Likeness::intact, 100, 1500);
  Passage* first = ledger.find(1, 0);
  ASSERT_NE(first, nullptr);
  ledger.arrived(1, *first, Likeness::changed, 100, 1700);
  EXPECT_EQ(ledger.find(1, 0), nullptr);  // again
  const Tally& tally = *ledger.tallies()[0];
  EXPECT_EQ(tally.sent, 3u);
  EXPECT_EQ(tally.intact, 1u);
  EXPECT_EQ(tally.changed, 1u);
  EXPECT_EQ(tally.lost(), 1u);
  EXPECT_EQ(tally.reordered, 1u);
  EXPECT_EQ(tally.latency.max(), 700u);
  EXPECT_EQ(ledger.copies(), 1u);
  EXPECT_EQ(ledger.strangers(), 1u);
}

TEST(Ledger, NumbersGoRound) {
  Ledger ledger(1, 64);
  ledger.tally(0);
  for (uint32_t i = 0; i < 70'000; ++i)
    ledger.sent(0, i, 100, 0, 0);
  Passage* last = ledger.find(0, static_cast<uint16_t>(69'999));
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(last->packet, 69'999u);
  EXPECT_NE(ledger.find(0, static_cast<uint16_t>(70'000 - 64)), nullptr);
  EXPECT_EQ(ledger.find(0, static_cast<uint16_t>(70'000 - 65)), nullptr);  // behind the window
  EXPECT_EQ(ledger.find(0, static_cast<uint16_t>(70'000)), nullptr);       // not sent yet
  EXPECT_EQ(ledger.strangers(), 2u);
}

TEST(Ledger, WindowsFitMemory) {
  EXPECT_EQ(Ledger::window_for(1), 32768u);
  EXPECT_EQ(Ledger::window_for(4000), 512u);
  EXPECT_EQ(Ledger::window_for(200'000), 64u);
}

}  // namespace
}  // namespace culvert::replay
