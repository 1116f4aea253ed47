// Peers that mean harm: what they can make the endpoint keep or do is bounded, for one of them and for all.
#include <chrono>

#include "dataplane/tcp/buffer_list.hpp"
#include "dataplane/tcp/run_pool.hpp"
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

std::span<const uint8_t> bytes_of(const std::string& s) {
  return {reinterpret_cast<const uint8_t*>(s.data()), s.size()};
}

// What a packet buffer of the tests' pool costs (buffer_list.hpp).
uint32_t cost_of_a_buffer() {
  rte_mbuf* m = rte_pktmbuf_alloc(test_pool());
  const uint32_t cost = buffer_cost(m);
  rte_pktmbuf_free(m);
  return cost;
}

TEST(Hostile, single_bytes_beyond_gaps_take_no_more_than_the_runs) {
  Wire wire;
  Peer peer(wire);
  for (uint32_t i = 0; i < 20'000; ++i)
    peer.give(10 + 2 * (i * 7919 % 15'000), "x", 0);
  EXPECT_LE(wire.endpoint->buffers_held(), 32u);  // of small ones; there may be more of larger ones
  EXPECT_GT(wire.dropped(DropReason::tcp_runs), 19'000u);
  // The stream still comes through in order.
  wire.forget();
  const std::string all = pattern(31'000);
  for (uint32_t at = 0; at < all.size(); at += 1000)
    peer.give(at, std::string_view(all).substr(at, 1000), 0);
  EXPECT_EQ(wire.endpoint->readable(peer.conn), all.size());
}

TEST(Hostile, runs_of_all_connections_are_bounded_and_a_good_peer_keeps_a_few) {
  constexpr uint32_t kRuns = 200;
  Wire wire({.max_connections = 64, .receive_runs = kRuns});
  for (uint16_t port = 1; port <= 40; ++port) {
    Peer peer(wire, {.port = port});
    for (uint32_t i = 0; i < 100; ++i)
      peer.give(10 + 2 * i, "x", 0);
    wire.forget();
  }
  EXPECT_LE(wire.endpoint->buffers_held(), kRuns);
  EXPECT_GT(wire.endpoint->buffers_held(), kRuns / 2);
  wire.forget();
  // Nothing is left for him to keep, but in order he is served.
  Peer good(wire, {.sack = true, .port = 50'000});
  good.give(0, "in order", 0);
  EXPECT_EQ(wire.endpoint->readable(good.conn), 8u);
}

TEST(Hostile, descending_bytes_cost_no_more_than_ascending_ones) {
  const auto time = [](bool descending) {
    Wire wire({.receive_buffer = 1 << 20});
    Peer peer(wire, {.scale = 5});
    wire.endpoint->set_keepalive(peer.conn, kSecond, kSecond, 1);
    constexpr uint32_t kSegments = 4000;
    const auto begin = std::chrono::steady_clock::now();
    for (uint32_t i = 0; i < kSegments; ++i) {
      const uint32_t at = descending ? kSegments - i : 1 + i;
      peer.give(at * 14, "fourteen bytes", 0);
    }
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_LE(wire.endpoint->buffers_held(), 2 * (1 << 20) / 2000u);
    peer.give(0, std::string(14, 'f'), 0);
    EXPECT_EQ(wire.endpoint->readable(peer.conn), 14 * (kSegments + 1));
    return std::chrono::duration<double>(took).count();
  };
  const double up = time(false);
  const double down = time(true);
  EXPECT_LT(down, 20 * up + 0.05);  // quadratic would be hundreds of times as much
}

// With every connection at its worst: full windows that nobody reads and data that nobody acknowledges.
TEST(Hostile, buffers_of_all_are_what_the_limits_say) {
  constexpr uint32_t kBuffer = 64 * 1024;
  constexpr uint32_t kConnections = 40;
  Wire wire({.max_connections = kConnections, .receive_buffer = kBuffer, .send_buffer = kBuffer});
  const uint32_t most = 2 * 2 * kBuffer / cost_of_a_buffer() + 2;
  for (uint16_t port = 1; port <= kConnections; ++port) {
    Peer peer(wire, {.port = port});
    for (uint32_t at = 0; at < 2 * kBuffer; at += 300)
      peer.give(at, pattern(300), 0);
    for (uint32_t i = 0; i < 1000; ++i)
      (void)wire.endpoint->send_copy(peer.conn, bytes_of(pattern(300)));
    wire.poll();
    wire.forget();
    while (wire.event().conn.generation != 0) {
    }
    EXPECT_LE(wire.endpoint->buffers_held(), port * most);
  }
  EXPECT_GT(wire.endpoint->buffers_held(), kConnections * most / 8);
  // Nobody acknowledges: after R2 all of it is given back.
  wire.run(1200 * kSecond);
  wire.forget();
  for (Event e = wire.event(); e.conn.generation != 0; e = wire.event())
    wire.endpoint->release(e.conn);
  EXPECT_EQ(wire.endpoint->counters().connections, 0u);
  EXPECT_EQ(wire.endpoint->buffers_held(), 0u);
}

TEST(Hostile, under_pressure_small_segments_still_make_a_whole_record) {
  for (const uint32_t size : {100u, 300u, 536u, 1380u}) {
    Wire wire;
    Peer peer(wire);
    wire.endpoint->set_pressure(true);
    const std::string record = pattern(16'384 + 256 + 5);
    for (uint32_t at = 0; at < record.size(); at += size)
      peer.give(at, std::string_view(record).substr(at, size), 0);
    EXPECT_EQ(wire.endpoint->readable(peer.conn), record.size()) << size;
    EXPECT_EQ(wire.read(peer.conn), record);
  }
}

TEST(Hostile, under_pressure_a_gap_can_still_be_filled) {
  Wire wire;
  Peer peer(wire);
  for (uint32_t at = 1380; at < 21 * 1380; at += 1380)
    peer.give(at, pattern(1380, at), 0);
  wire.endpoint->set_pressure(true);
  peer.give(0, pattern(1380), 0);
  EXPECT_GE(wire.endpoint->readable(peer.conn), 1380u);
  const std::string in_order = wire.read(peer.conn);
  EXPECT_EQ(in_order, pattern(in_order.size()));
}

// RFC 3465 §2.3: bytes open the window, not ACKs.
TEST(Hostile, splitting_acks_gains_nothing) {
  const auto in_flight = [](uint32_t step) {
    Wire wire;
    Peer peer(wire);
    const std::string data = pattern(1000);
    while (wire.endpoint->send_copy(peer.conn, bytes_of(data))) {
    }
    wire.poll();
    uint32_t sent = 0;
    const auto collect = [&] {
      while (!wire.quiet()) {
        const Sent s = wire.take();
        sent = std::max(sent, peer.offset_of(s) + static_cast<uint32_t>(s.data.size()));
      }
    };
    collect();
    const uint32_t first = sent;
    for (uint32_t acked = step; acked <= first; acked += step) {
      peer.ack(acked, 65535);
      collect();
    }
    peer.ack(first, 65535);
    wire.run(20 * kMs);
    collect();
    return sent - first;
  };
  const uint32_t honest = in_flight(2 * 1460);
  EXPECT_LE(in_flight(10), honest + 2 * 1460);
}

TEST(Hostile, acks_of_what_was_never_sent_gain_nothing) {
  Wire wire;
  Peer peer(wire);
  const std::string data = pattern(1000);
  while (wire.endpoint->send_copy(peer.conn, bytes_of(data))) {
  }
  wire.poll();
  const size_t first = wire.out.size();
  wire.forget();
  for (uint32_t i = 0; i < 1000; ++i)
    peer.ack(400'000 + i, 65535);
  EXPECT_EQ(wire.dropped(DropReason::tcp_bad_ack), 1000u);
  EXPECT_LE(wire.out.size(), 10u);  // challenges, and no data
  for (const Sent& s : wire.out)
    EXPECT_TRUE(s.data.empty());
  EXPECT_GT(first, 5u);
}

TEST(Hostile, a_flood_of_tiny_sack_blocks_is_survived) {
  Wire wire;
  Peer peer(wire, {.sack = true, .window = 65535});
  const std::string data = pattern(1000);
  while (wire.endpoint->send_copy(peer.conn, bytes_of(data))) {
  }
  wire.poll();
  wire.forget();
  for (uint32_t i = 0; i < 20'000; ++i) {
    OptionWriter o;
    std::array<SackBlock, 4> blocks;
    for (uint32_t b = 0; b < 4; ++b) {
      const Seq at = peer.iss + 2 + (i * 4 + b) * 7919 % 14'000;
      blocks[b] = {at, at + 1};
    }
    o.sack(blocks);
    Given g = peer.segment(0, {}, 0);
    g.options = option_bytes(o);
    peer.give(g);
    if (i % 100 == 0) wire.run(kMs);
    wire.forget();
  }
  EXPECT_TRUE(wire.endpoint->alive(peer.conn));
  // An honest ACK of it all is taken as ever.
  uint32_t acked = 0;
  for (int i = 0; i < 2000 && acked < 300'000; ++i) {
    wire.run(10 * kMs);
    while (!wire.quiet()) {
      const Sent s = wire.take();
      acked = std::max(acked, peer.offset_of(s) + static_cast<uint32_t>(s.data.size()));
    }
    peer.ack(acked, 65535);
  }
  EXPECT_GE(acked, 300'000u);
}

// Blocks that lie round the circle have no order among themselves, and must not take it from the good ones: to see the
// higher of those first would look as if the path reordered, and repair would wait for what comes late.
TEST(Hostile, sack_blocks_round_the_circle_do_not_hold_repair_up) {
  for (const uint32_t apart : {0x80000000u - 8, 0x80000000u, 0xaaaaaaaau, 0x55555555u}) {
    Wire wire;
    Peer peer(wire, {.mss = 1000, .sack = true});
    ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(10'000))));
    wire.poll();
    ASSERT_EQ(wire.out.size(), 10u);
    wire.forget();
    wire.now += 50 * kMs;
    const Seq data = peer.iss + 1;
    const Seq nonsense = data + 7000 + apart;
    OptionWriter o;
    o.sack(std::array<SackBlock, 4>{
        SackBlock{data + 7000, data + 9000}, SackBlock{nonsense, nonsense + 1},
        SackBlock{data + 3000, data + 5000}, SackBlock{nonsense + apart, nonsense + apart + 1}});
    Given g = peer.segment(0, {}, 0);
    g.options = option_bytes(o);
    peer.give(g);
    ASSERT_FALSE(wire.quiet()) << apart;
    EXPECT_EQ(wire.take().data, pattern(1000)) << apart;
  }
}

// CVE-2019-11478: holes of a byte, which would be sent again in segments of a byte.
TEST(Hostile, sacks_of_single_bytes_do_not_cut_what_is_sent_again_to_pieces) {
  Wire wire;
  Peer peer(wire, {.sack = true});
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(3000))));
  wire.poll();
  const auto sack = [&](std::initializer_list<uint32_t> offsets) {
    std::vector<SackBlock> blocks;
    for (const uint32_t at : offsets)
      blocks.push_back({peer.iss + 1 + at, peer.iss + 2 + at});
    OptionWriter o;
    o.sack(blocks);
    Given g = peer.segment(0, {}, 0);
    g.options = option_bytes(o);
    peer.give(g);
  };
  wire.forget();
  for (uint32_t at = 1; at + 6 < 2998; at += 8)
    sack({at, at + 2, at + 4, at + 6});
  EXPECT_LE(wire.out.size(), 24u);
  wire.forget();
  wire.run(3 * kSecond);
  EXPECT_LE(wire.out.size(), 64u);  // some timeouts
  wire.forget();
  wire.now += 100 * kMs;
  sack({2997});
  EXPECT_LE(wire.out.size(), 16u);
}

// RFC 9293 §3.7.1: a peer that wants segments of a byte gets segments of 88 with the options.
TEST(Hostile, a_tiny_mss_is_raised) {
  for (const uint16_t mss : {uint16_t{1}, uint16_t{20}, uint16_t{87}}) {
    Wire wire;
    Peer peer(wire, {.mss = mss, .timestamps = true});
    EXPECT_EQ(wire.endpoint->send_mss(peer.conn), 88 - 12);
  }
}

}  // namespace
}  // namespace culvert::tcp::test
