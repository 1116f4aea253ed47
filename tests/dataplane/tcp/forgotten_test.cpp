// Connections that the upper layer has released: the peer cannot hold their slots.
#include <array>

#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

// The connection is there until a minute after release(), and ends with a reset.
void expect_reset_after_a_minute(Wire& wire, Time released) {
  EXPECT_EQ(wire.endpoint->counters().connections, 1u);
  wire.run(released + 59 * kSecond - wire.now);
  EXPECT_EQ(wire.endpoint->counters().connections, 1u);
  wire.forget();
  wire.run(2 * kSecond);
  EXPECT_EQ(wire.endpoint->counters().connections, 0u);
  EXPECT_EQ(wire.endpoint->buffers_held(), 0u);
  EXPECT_EQ(wire.endpoint->counters().resets_out, 1u);
  ASSERT_FALSE(wire.quiet());
  EXPECT_EQ(wire.out.back().flags, kRst | kAck);
  EXPECT_EQ(wire.event().conn.generation, 0u);
}

TEST(Forgotten, silent_in_fin_wait_1) {
  Wire wire;
  Peer peer(wire);
  EXPECT_TRUE(wire.endpoint->send_copy(peer.conn, {{'b', 'y', 'e'}}));
  wire.endpoint->release(peer.conn);
  expect_reset_after_a_minute(wire, wire.now);
}

TEST(Forgotten, silent_in_last_ack) {
  Wire wire;
  Peer peer(wire);
  peer.give(0, {}, 0, kAck | kFin);
  while (wire.event().conn.generation != 0) {
  }
  wire.endpoint->release(peer.conn);
  expect_reset_after_a_minute(wire, wire.now);
}

TEST(Forgotten, silent_in_fin_wait_2) {
  Wire wire;
  Peer peer(wire);
  wire.endpoint->release(peer.conn);
  wire.poll();
  peer.give(0, {}, 1);
  expect_reset_after_a_minute(wire, wire.now);
}

TEST(Forgotten, keeps_nothing_from_beyond_a_gap) {
  Wire wire;
  Peer peer(wire, {.sack = true});
  peer.give(1000, std::string(500, 'x'), 0);
  ASSERT_EQ(wire.endpoint->buffers_held(), 1u);
  wire.endpoint->release(peer.conn);
  EXPECT_EQ(wire.endpoint->buffers_held(), 0u);
  EXPECT_EQ(wire.dropped(DropReason::tcp_socket_closed), 0u);
  wire.poll();
  wire.forget();
  peer.give(0, std::string(1000, 'x'), 0);
  wire.run(kSecond);
  ASSERT_FALSE(wire.quiet());
  EXPECT_EQ(peer.acked_by(wire.out.back()), 1000u);
  EXPECT_EQ(wire.out.back().options.sack_count, 0);
}

TEST(Forgotten, window_kept_shut) {
  Wire wire;
  Peer peer(wire);
  peer.ack(0, 0);
  const std::array<uint8_t, 1000> bytes{};
  EXPECT_TRUE(wire.endpoint->send_copy(peer.conn, bytes));
  const Time released = wire.now;
  wire.endpoint->release(peer.conn);
  for (int i = 0; i < 55; ++i) {
    wire.run(kSecond);
    peer.ack(0, 0);
  }
  expect_reset_after_a_minute(wire, released);
}

TEST(Forgotten, acknowledged_byte_by_byte) {
  Wire wire;
  Peer peer(wire);
  const std::array<uint8_t, 1000> bytes{};
  EXPECT_TRUE(wire.endpoint->send_copy(peer.conn, bytes));
  const Time released = wire.now;
  wire.endpoint->release(peer.conn);
  wire.poll();
  for (uint32_t i = 1; i <= 55; ++i) {
    wire.run(kSecond);
    peer.give(0, {}, i);
  }
  expect_reset_after_a_minute(wire, released);
}

TEST(Forgotten, time_wait_ends_without_a_reset) {
  Wire wire;
  Peer peer(wire);
  wire.endpoint->release(peer.conn);
  wire.run(30 * kSecond);
  peer.give(0, {}, 1, kAck | kFin);
  wire.forget();
  wire.run(59 * kSecond);  // from here, not from release()
  EXPECT_EQ(wire.endpoint->counters().connections, 1u);
  wire.run(2 * kSecond);
  EXPECT_EQ(wire.endpoint->counters().connections, 0u);
  EXPECT_TRUE(wire.quiet());
}

TEST(Forgotten, oldest_gives_its_slot_when_there_is_no_other) {
  Wire wire({.max_connections = 4});
  Peer first(wire, {.port = 1});
  Peer second(wire, {.port = 2});
  Peer third(wire, {.port = 3});
  Peer kept(wire, {.port = 4});
  for (const Peer* p : {&second, &first, &third}) {
    wire.endpoint->release(p->conn);
  }
  wire.poll();
  third.give(0, {}, 1, kAck | kFin);  // TIME-WAIT
  wire.forget();

  const auto newcomer = [&](uint16_t port) {
    wire.give({.seq = Seq{7}, .flags = kSyn}, Wire::default_flow(port));
  };
  const auto answered = [&](uint16_t port) {
    const Sent answer = wire.take();
    EXPECT_EQ(answer.flags, kSyn | kAck);
    EXPECT_EQ(answer.flow.remote_port, port);
    wire.give({.seq = Seq{8}, .ack = answer.seq + 1}, answer.flow);
    EXPECT_EQ(wire.event().bits, event::kOpened);
  };
  for (const uint16_t old : {uint16_t{2}, uint16_t{1}}) {
    const auto port = static_cast<uint16_t>(old + 100);
    newcomer(port);
    const Sent reset = wire.take();
    EXPECT_EQ(reset.flags, kRst | kAck);
    EXPECT_EQ(reset.flow.remote_port, old);
    answered(port);
  }
  newcomer(103);  // TIME-WAIT goes without a word
  answered(103);
  newcomer(104);
  EXPECT_TRUE(wire.quiet());
  EXPECT_EQ(wire.dropped(DropReason::tcp_conn_limit), 1u);
  EXPECT_TRUE(wire.endpoint->alive(kept.conn));
}

// Each end that is not the oldest's leaves the list whole.
TEST(Forgotten, one_that_ends_by_itself_leaves_the_others_in_order) {
  Wire wire({.max_connections = 3});
  Peer first(wire, {.port = 1});
  Peer second(wire, {.port = 2});
  Peer third(wire, {.port = 3});
  for (const Peer* p : {&first, &second, &third}) {
    wire.endpoint->release(p->conn);
  }
  wire.poll();
  second.give(0, {}, 1, kRst);
  EXPECT_EQ(wire.endpoint->counters().connections, 2u);
  wire.forget();
  Peer fourth(wire, {.port = 4});
  for (const uint16_t old : {uint16_t{1}, uint16_t{3}}) {
    wire.give({.seq = Seq{7}, .flags = kSyn}, Wire::default_flow(static_cast<uint16_t>(old + 100)));
    EXPECT_EQ(wire.take().flow.remote_port, old);
    const Sent answer = wire.take();
    wire.give({.seq = Seq{8}, .ack = answer.seq + 1}, answer.flow);
  }
  EXPECT_EQ(wire.endpoint->counters().connections, 3u);
  EXPECT_TRUE(wire.endpoint->alive(fourth.conn));
}

}  // namespace
}  // namespace culvert::tcp::test
