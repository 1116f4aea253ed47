// Segments of one burst that are put together.
#include "dataplane/tcp/coalesce.hpp"

#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

// One burst for the endpoint, and what leaves after it.
void burst(Peer& peer, std::span<const Given> segments) {
  std::vector<rte_mbuf*> packets;
  for (const Given& given : segments)
    packets.push_back(peer.wire.packet(given, peer.flow));
  peer.wire.endpoint->input(packets, peer.wire.now);
  peer.wire.poll();
}

TEST(Coalesce, a_burst_in_sequence_is_read_whole_and_acknowledged_once) {
  Wire wire;
  Peer peer(wire, {.timestamps = true, .sack = true});
  const std::string all = pattern(12 * 1000);
  std::vector<Given> segments;
  for (uint32_t at = 0; at < all.size(); at += 1000)
    segments.push_back(peer.segment(at, std::string_view(all).substr(at, 1000), 0, kAck | kPsh));
  burst(peer, segments);
  EXPECT_EQ(wire.read(peer.conn), all);
  ASSERT_EQ(wire.out.size(), 1u);
  EXPECT_EQ(peer.acked_by(wire.out[0]), all.size());
  // The largest single segment, not the train, is what a full one is: the next two bring an ACK, one does
  // not.
  wire.forget();
  burst(peer, std::vector{peer.segment(12'000, std::string_view(all).substr(0, 1000), 0)});
  EXPECT_TRUE(wire.quiet());
  burst(peer, std::vector{peer.segment(13'000, std::string_view(all).substr(0, 1000), 0)});
  EXPECT_EQ(wire.out.size(), 1u);
}

TEST(Coalesce, two_connections_in_one_burst_keep_apart) {
  Wire wire;
  Peer one(wire);
  Peer two(wire, {.port = 40001});
  std::vector<rte_mbuf*> packets;
  for (uint32_t at = 0; at < 4000; at += 1000) {
    const std::string part = pattern(1000, at);
    packets.push_back(wire.packet(one.segment(at, part, 0), one.flow));
    packets.push_back(wire.packet(two.segment(at, part, 0), two.flow));
  }
  wire.endpoint->input(packets, wire.now);
  wire.poll();
  EXPECT_EQ(wire.read(one.conn), pattern(4000));
  EXPECT_EQ(wire.read(two.conn), pattern(4000));
}

// A train would be refused whole where single segments are packed, and the first of them taken.
TEST(Coalesce, where_room_is_little_segments_are_taken_one_by_one) {
  const auto in_one_burst = [](Peer& peer, uint32_t segments, size_t size) {
    const std::string part = pattern(size);
    std::vector<Given> all;
    for (uint32_t i = 0; i < segments; ++i)
      all.push_back(peer.segment(i * static_cast<uint32_t>(size), part, 0));
    burst(peer, all);
    return peer.wire.endpoint->readable(peer.conn);
  };
  Wire pressed;
  Peer under_pressure(pressed);
  pressed.endpoint->set_pressure(true);
  EXPECT_GE(in_one_burst(under_pressure, 30, 1380), 16'384u + 256 + 5);
  EndpointConfig config;
  config.first_receive_buffer = 4096;
  Wire little(config);
  Peer newcomer(little);
  EXPECT_EQ(in_one_burst(newcomer, 8, 500), 4000u);
}

TEST(Coalesce, every_drop_is_counted) {
  Wire wire;
  Peer peer(wire);
  const std::string part = pattern(1000);
  burst(peer, std::vector{peer.segment(0, part, 0), peer.segment(1000, part, 0)});
  burst(peer, std::vector{peer.segment(0, part, 0), peer.segment(1000, part, 0)});
  EXPECT_EQ(wire.dropped(DropReason::tcp_duplicate), 2u);
}

TEST(Coalesce, what_says_something_else_stays_alone) {
  Wire wire;
  Peer peer(wire, {.timestamps = true, .sack = true});
  const std::string part = pattern(100);
  const auto parsed = [&](const Given& given) {
    Segment s;
    rte_mbuf* m = wire.packet(given, peer.flow);
    EXPECT_EQ(parse_segment(m, s), DropReason::count_);
    return s;
  };
  const auto together = [&](const Given& a, const Given& b) {
    Segment first = parsed(a);
    Segment next = parsed(b);
    const bool did = coalesce(first, next);
    EXPECT_EQ(next.packet == nullptr, did);
    EXPECT_EQ(first.size, did ? a.data.size() + b.data.size() : a.data.size());
    if (!did) {
      EXPECT_EQ(next.packet->pkt_len, next.headers + b.data.size());
      rte_pktmbuf_free(next.packet);
    }
    rte_pktmbuf_free(first.packet);
    return did;
  };
  const Given first = peer.segment(0, part, 0);
  const Given next = peer.segment(100, part, 0);
  EXPECT_TRUE(together(first, next));
  EXPECT_FALSE(together(next, first));
  EXPECT_FALSE(together(first, peer.segment(101, part, 0)));  // a gap
  EXPECT_FALSE(together(first, peer.segment(100, part, 0, kAck | kFin)));
  EXPECT_FALSE(together(first, peer.segment(100, {}, 0)));  // an ACK alone
  Given older = next;
  older.ack = first.ack - 1;
  EXPECT_FALSE(together(first, older));
  Given unstamped = next;
  unstamped.options.clear();
  EXPECT_FALSE(together(first, unstamped));
}

}  // namespace
}  // namespace culvert::tcp::test
