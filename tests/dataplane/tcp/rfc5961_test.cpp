// Blind attacks (RFC 5961): resets, SYNs and data from somebody who guesses.
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

TEST(Rfc5961, reset_in_the_window_but_not_exact_is_challenged) {
  Wire wire;
  Peer peer(wire);
  peer.give(100, {}, 0, kRst);
  EXPECT_TRUE(wire.endpoint->alive(peer.conn));
  const Sent challenge = wire.take();
  EXPECT_EQ(challenge.flags, kAck);
  EXPECT_EQ(peer.acked_by(challenge), 0u);
  EXPECT_EQ(wire.dropped(DropReason::tcp_syn_in_window), 1u);
  peer.give(10'000'000, {}, 0, kRst);
  EXPECT_TRUE(wire.quiet());
  EXPECT_EQ(wire.dropped(DropReason::tcp_out_of_window), 1u);
}

TEST(Rfc5961, syn_is_challenged) {
  Wire wire;
  Peer peer(wire);
  peer.give(0, {}, 0, kSyn);
  EXPECT_TRUE(wire.endpoint->alive(peer.conn));
  EXPECT_EQ(wire.take().flags, kAck);
}

TEST(Rfc5961, ack_outside_of_what_was_sent_is_challenged) {
  Wire wire;
  Peer peer(wire);
  peer.give(0, "inject", 1'000'000);
  peer.give(0, "inject", static_cast<uint32_t>(-1'000'000));
  EXPECT_EQ(wire.dropped(DropReason::tcp_bad_ack), 2u);
  EXPECT_EQ(wire.endpoint->readable(peer.conn), 0u);
  EXPECT_EQ(wire.out.size(), 2u);
}

TEST(Rfc5961, challenges_are_limited) {
  Wire wire;
  Peer peer(wire);
  for (int i = 0; i < 1000; ++i) {
    peer.give(1, {}, 0, kRst);
  }
  EXPECT_LE(wire.out.size(), 10u);
  wire.forget();
  wire.now += kSecond;
  peer.give(1, {}, 0, kRst);
  EXPECT_EQ(wire.out.size(), 1u);
}

}  // namespace
}  // namespace culvert::tcp::test
