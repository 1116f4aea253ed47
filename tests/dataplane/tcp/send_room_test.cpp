// How much an endpoint lets itself be given, and when it says so.
#include <gtest/gtest.h>

#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

// Gives what is wanted, in pieces of `size`; returns how much that was.
uint32_t satisfy(Wire& wire, dp::ConnId conn, uint32_t size = 700) {
  uint32_t given = 0;
  const std::string piece(size, 'x');
  while (wire.endpoint->wanted_bytes(conn) > 0) {
    EXPECT_TRUE(wire.endpoint->send_copy(conn, bytes(piece)));
    given += size;
  }
  wire.poll();
  return given;
}

uint8_t events(Wire& wire) {
  uint8_t bits = 0;
  for (Event e = wire.event(); e.conn.generation != 0; e = wire.event())
    bits = static_cast<uint8_t>(bits | e.bits);
  return bits;
}

TEST(SendRoom, OneWindowAndASegmentAreWanted) {
  Wire wire;
  Peer peer(wire, {.mss = 1000});
  const uint32_t given = satisfy(wire, peer.conn);
  EXPECT_GE(given, 11'000u);  // ten segments of RFC 6928, and one
  EXPECT_LT(given, 11'700u);
  // What left was full, and the window is used up.
  EXPECT_EQ(wire.out.size(), 10u);
  for (const Sent& s : wire.out)
    EXPECT_EQ(s.data.size(), 1000u);
  EXPECT_EQ(wire.endpoint->unsent(peer.conn), given - 10'000);
}

TEST(SendRoom, TheSmallerWindowCounts) {
  Wire wire;
  Peer peer(wire, {.mss = 1000});
  peer.ack(0, 3000);
  EXPECT_LT(satisfy(wire, peer.conn), 4700u);
}

// Else nothing would ask the peer whether its window is open again.
TEST(SendRoom, AClosedWindowStillWantsSomethingToProbeWith) {
  Wire wire;
  Peer peer(wire, {.mss = 1000});
  peer.ack(0, 0);
  EXPECT_GT(satisfy(wire, peer.conn), 0u);
  wire.endpoint->want_room(peer.conn);
  wire.run(10 * kSecond);
  EXPECT_FALSE(wire.quiet());
  EXPECT_EQ(events(wire) & event::kRoom, 0);
  peer.ack(0, 60000);
  EXPECT_NE(events(wire) & event::kRoom, 0);
}

TEST(SendRoom, SaysOnceThatThereIsSome) {
  Wire wire;
  Peer peer(wire, {.mss = 1000});
  (void)satisfy(wire, peer.conn);
  (void)events(wire);
  peer.ack(1000, 65535);
  EXPECT_EQ(events(wire), 0);  // nobody had asked
  (void)satisfy(wire, peer.conn);
  wire.endpoint->want_room(peer.conn);
  EXPECT_FALSE(wire.endpoint->has_events());
  peer.ack(3000, 65535);
  EXPECT_TRUE(wire.endpoint->has_events());
  EXPECT_EQ(events(wire), event::kRoom);
  EXPECT_GT(wire.endpoint->wanted_bytes(peer.conn), 0u);
  peer.ack(4000, 65535);
  EXPECT_EQ(events(wire), 0);
}

TEST(SendRoom, AClosingConnectionWantsNothing) {
  Wire wire;
  Peer peer(wire);
  EXPECT_TRUE(wire.endpoint->may_send(peer.conn));
  wire.endpoint->shutdown(peer.conn);
  EXPECT_EQ(wire.endpoint->wanted_bytes(peer.conn), 0u);
  EXPECT_FALSE(wire.endpoint->may_send(peer.conn));
}

TEST(SendRoom, TheLimitOnWhatBuffersCostBoundsWhatIsOnItsWay) {
  Wire wire({.send_buffer = 4 * 1024 * 1024});
  Peer peer(wire, {.mss = 1380, .scale = 7, .window = 65535});
  constexpr uint32_t kLimit = 200 * 1024;
  wire.endpoint->set_send_limit(kLimit);
  const std::string record(1380, 'r');
  while (wire.endpoint->send_room(peer.conn) > 0)
    ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(record)));
  EXPECT_EQ(wire.endpoint->wanted_bytes(peer.conn), 0u);
  const uint32_t held = wire.endpoint->buffers_held();
  EXPECT_GT(held, 80u);
  EXPECT_LT(held, 100u);  // of some 2.3 KB
  wire.endpoint->set_send_limit(UINT32_MAX);
  EXPECT_GT(wire.endpoint->send_room(peer.conn), 3'000'000u);
}

TEST(SendRoom, NoLimitIsBelowOneWholeRecord) {
  Wire wire;
  Peer peer(wire);
  wire.endpoint->set_send_limit(0);
  const std::string record(16'000, 'r');
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(record)));
  EXPECT_GT(wire.endpoint->send_room(peer.conn), 0u);
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(record)));
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(record)));
  EXPECT_EQ(wire.endpoint->send_room(peer.conn), 0u);
}

}  // namespace
}  // namespace culvert::tcp::test
