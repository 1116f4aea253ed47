// RFC 6528: initial sequence numbers that go up for one flow and tell nothing about another.
#include "dataplane/tcp/isn.hpp"

#include <bit>
#include <set>

#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

constexpr SipKey kKey{0x0123456789abcdef, 0xfedcba9876543210};

TEST(Isn, goes_up_by_one_each_four_microseconds) {
  for (uint16_t port = 1; port < 100; ++port) {
    const dp::Flow flow = Wire::default_flow(port);
    const Seq start = initial_numbers(kKey, flow, 0).isn;
    for (const Time later : {Time{4}, Time{400}, kSecond, 3600 * kSecond}) {
      const Seq isn = initial_numbers(kKey, flow, later).isn;
      EXPECT_EQ(isn - start, static_cast<uint32_t>(later / 4));
      EXPECT_GT(isn, start);
    }
  }
}

TEST(Isn, of_another_flow_or_under_another_key_is_another) {
  std::set<uint32_t> seen;
  uint64_t flips = 0;
  for (uint16_t port = 1; port <= 10'000; ++port) {
    const dp::Flow flow = Wire::default_flow(port);
    const uint32_t isn = initial_numbers(kKey, flow, 0).isn.v;
    seen.insert(isn);
    flips += static_cast<uint64_t>(
        std::popcount(isn ^ initial_numbers(kKey, Wire::default_flow(port ^ 1), 0).isn.v));
    EXPECT_NE(isn, initial_numbers({kKey.k0 ^ 1, kKey.k1}, flow, 0).isn.v);
  }
  EXPECT_GT(seen.size(), 9'990u);
  EXPECT_NEAR(static_cast<double>(flips) / 10'000, 16.0, 0.2);  // half of the bits
  // Each part of the flow counts.
  const dp::Flow flow = Wire::default_flow();
  dp::Flow other = flow;
  other.local = dp::IpAddress::v4(0xc6336402);
  EXPECT_NE(initial_numbers(kKey, flow, 0).isn, initial_numbers(kKey, other, 0).isn);
  other = flow;
  other.remote = dp::IpAddress::v4(0xc0000203);
  EXPECT_NE(initial_numbers(kKey, flow, 0).isn, initial_numbers(kKey, other, 0).isn);
  other = flow;
  other.local_port = 444;
  EXPECT_NE(initial_numbers(kKey, flow, 0).isn, initial_numbers(kKey, other, 0).isn);
}

// RFC 7323 §5.4: the timestamps' beginning is the flow's, too, and stays as it is.
TEST(Isn, timestamps_begin_anywhere_but_always_there) {
  const dp::Flow flow = Wire::default_flow();
  EXPECT_EQ(initial_numbers(kKey, flow, 0).timestamp_offset,
            initial_numbers(kKey, flow, kSecond).timestamp_offset);
  EXPECT_NE(initial_numbers(kKey, flow, 0).timestamp_offset,
            initial_numbers(kKey, Wire::default_flow(1), 0).timestamp_offset);
}

// RFC 9293 §3.4.1, RFC 6191: a flow that is used again out of TIME-WAIT has only numbers that the old one
// had not, however fast that one was.
TEST(Isn, time_wait_reuse_is_beyond_the_old_numbers) {
  Wire wire;
  Peer peer(wire);
  uint32_t sent = 0;
  const std::string data = pattern(1000);
  while (sent <
         3'000'000) {  // far faster than 250,000 numbers a second: the wire's clock stands still
    if (!wire.endpoint->send_copy(peer.conn,
                                  {reinterpret_cast<const uint8_t*>(data.data()), data.size()}))
      break;
    wire.poll();
    while (!wire.quiet()) {
      const Sent s = wire.take();
      sent = std::max(sent, peer.offset_of(s) + static_cast<uint32_t>(s.data.size()));
    }
    peer.ack(sent, 65535);
    wire.run(kMs);
  }
  ASSERT_GE(sent, 3'000'000u);
  wire.endpoint->shutdown(peer.conn);
  wire.poll();
  const Sent fin = wire.take();
  peer.give(0, {}, peer.offset_of(fin) + static_cast<uint32_t>(fin.data.size()) + 1, kAck | kFin);
  ASSERT_EQ(wire.endpoint->state(peer.conn), State::time_wait);
  wire.endpoint->release(peer.conn);
  wire.forget();
  wire.give({.seq = peer.isn + 100'000, .flags = kSyn}, peer.flow);
  const Sent again = wire.take();
  EXPECT_EQ(again.flags, kSyn | kAck);
  EXPECT_GT(again.seq, fin.seq + 65535);
}

}  // namespace
}  // namespace culvert::tcp::test
