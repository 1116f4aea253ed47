// Connections that came in hold less until the upper layer has seen what they are.
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

constexpr uint32_t kFirst = 4096;

EndpointConfig little_room() {
  EndpointConfig config;
  config.first_receive_buffer = kFirst;
  return config;
}

TEST(FirstRoom, is_announced_and_not_exceeded) {
  Wire wire(little_room());
  Peer peer(wire, {.scale = 7});
  EXPECT_EQ(peer.syn_ack.window, kFirst);
  for (uint32_t at = 0; at < 8000; at += 1000)
    peer.give(at, pattern(1000, at), 0);
  wire.run(kSecond);
  EXPECT_EQ(wire.endpoint->readable(peer.conn), kFirst);
  EXPECT_EQ(peer.acked_by(wire.out.back()), kFirst);
  EXPECT_EQ(wire.out.back().window, 0);
  // What is read makes room again, and no more than before.
  wire.forget();
  EXPECT_EQ(wire.read(peer.conn), pattern(kFirst));
  wire.poll();
  EXPECT_EQ(wire.take().window << 4, kFirst);
}

TEST(FirstRoom, becomes_more_at_once) {
  Wire wire(little_room());
  Peer peer(wire, {.scale = 7});
  wire.endpoint->set_receive_buffer(peer.conn, 100'000);
  wire.poll();
  EXPECT_NEAR(wire.take().window << 4, 100'000, 16);
  // Less takes nothing back; and never more than others have.
  wire.endpoint->set_receive_buffer(peer.conn, 1000);
  wire.poll();
  EXPECT_TRUE(wire.quiet());
  wire.endpoint->set_receive_buffer(peer.conn, ~0u);
  wire.poll();
  EXPECT_EQ(wire.take().window << 4, EndpointConfig{}.receive_buffer);
  for (uint32_t at = 0; at < 200'000; at += 1000)
    peer.give(at, pattern(1000, at), 0);
  EXPECT_EQ(wire.endpoint->readable(peer.conn), 200'000u);
}

TEST(FirstRoom, holds_few_buffers_however_small_the_segments_are) {
  Wire wire(little_room());
  Peer peer(wire);
  for (uint32_t at = 0; at < kFirst; ++at)
    peer.give(at, pattern(1, at), 0);
  EXPECT_LE(wire.endpoint->buffers_held(), 4u);
  EXPECT_EQ(wire.read(peer.conn), pattern(kFirst));
}

TEST(FirstRoom, is_announced_by_a_cookie_too) {
  EndpointConfig config = little_room();
  config.max_connections = 8;
  config.syn_backlog = 1;
  Wire wire(config);
  wire.give({.seq = Seq{1}, .flags = kSyn}, Wire::default_flow(1));
  wire.forget();
  wire.give({.seq = Seq{7}, .flags = kSyn}, Wire::default_flow(2));
  const Sent syn_ack = wire.take();
  EXPECT_EQ(syn_ack.window, kFirst);
  const std::string data = pattern(6000);
  wire.give({.seq = Seq{8}, .ack = syn_ack.seq + 1, .data = std::string_view(data).substr(0, 1400)},
            syn_ack.flow);
  const Event e = wire.event();
  for (uint32_t at = 1400; at < 5600; at += 1400) {
    wire.give({.seq = Seq{8 + at},
               .ack = syn_ack.seq + 1,
               .data = std::string_view(data).substr(at, 1400)},
              syn_ack.flow);
  }
  EXPECT_EQ(wire.endpoint->readable(e.conn), kFirst);
}

TEST(FirstRoom, is_not_for_connections_that_we_open) {
  Wire wire(little_room());
  const dp::ConnId conn = wire.endpoint->connect(Wire::default_flow(5), wire.now);
  EXPECT_NE(conn.generation, 0u);
  wire.poll();
  EXPECT_EQ(wire.take().window, 65535);
  wire.endpoint->abort(conn, wire.now);
  wire.endpoint->release(conn);
}

}  // namespace
}  // namespace culvert::tcp::test
