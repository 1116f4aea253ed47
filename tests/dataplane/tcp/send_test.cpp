// The send direction: segmentation, congestion window, retransmission, windows that close, shrink
// or are tiny.
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

TEST(Send, records_cross_segment_borders) {
  Wire wire;
  Peer peer(wire, {.mss = 1000});
  for (size_t at = 0; at < 7000; at += 700) {
    ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(700, at))));
  }
  wire.poll();
  ASSERT_EQ(wire.out.size(), 7u);
  std::string all;
  for (const Sent& s : wire.out) {
    EXPECT_EQ(peer.offset_of(s), all.size());
    EXPECT_EQ(s.data.size(), 1000u);
    all += s.data;
  }
  EXPECT_EQ(wire.out.back().flags, kAck | kPsh);
  EXPECT_EQ(all, pattern(7000));
}

TEST(Send, attached_buffers_and_offloads) {
  Wire wire({}, {.ip_checksum = true, .tcp_checksum = true, .multi_segment = true});
  Peer peer(wire, {.mss = 1000});
  std::string all;
  for (const size_t size : {900u, 300u, 1500u, 20u, 1280u}) {
    rte_mbuf* m = rte_pktmbuf_alloc(test_pool());
    const std::string part = pattern(size, all.size());
    std::memcpy(rte_pktmbuf_append(m, static_cast<uint16_t>(size)), part.data(), size);
    ASSERT_TRUE(wire.endpoint->send(peer.conn, m));
    all += part;
  }
  wire.poll();
  std::string got;
  for (const Sent& s : wire.out) {
    got += s.data;
  }
  EXPECT_EQ(got, all);
  EXPECT_EQ(wire.out.size(), 4u);
}

TEST(Send, super_segments_for_ports_that_cut_them) {
  Wire wire({}, {.ip_checksum = true,
                 .tcp_checksum = true,
                 .multi_segment = true,
                 .tso_bytes = 60'000,
                 .tso_buffers = 8});
  Peer peer(wire, {.mss = 1000});
  std::string all;
  for (int i = 0; i < 40; ++i) {
    rte_mbuf* m = rte_pktmbuf_alloc(test_pool());
    const std::string part = pattern(1500, all.size());
    std::memcpy(rte_pktmbuf_append(m, 1500), part.data(), part.size());
    ASSERT_TRUE(wire.endpoint->send(peer.conn, m));
    all += part;
  }
  wire.poll();
  // The initial window is ten segments; seven buffers of 1500 bytes hold ten whole ones.
  ASSERT_EQ(wire.out.size(), 1u);
  EXPECT_EQ(wire.out[0].data, all.substr(0, 10'000));
  wire.out.clear();
  peer.ack(10'000, 65535);
  wire.poll();
  std::string got = all.substr(0, 10'000);
  for (const Sent& s : wire.out) {
    EXPECT_LE(s.data.size(), 10'000u);
    got += s.data;
  }
  EXPECT_EQ(got, all.substr(0, got.size()));
  // Slow start counts an acknowledgement for at most eight segments (RFC 9406 §4.2).
  EXPECT_EQ(got.size(), 28'000u);
}

TEST(Send, no_super_segments_of_pieces_that_some_cards_refuse) {
  Wire wire({}, {.ip_checksum = true,
                 .tcp_checksum = true,
                 .multi_segment = true,
                 .tso_bytes = 60'000,
                 .tso_buffers = 8});
  Peer peer(wire, {.mss = 255});
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(5000))));
  wire.poll();
  ASSERT_EQ(wire.out.size(), 10u);  // the initial window
  for (const Sent& s : wire.out)
    EXPECT_EQ(s.data.size(), 255u);
}

TEST(Send, tiny_mss) {
  Wire wire;
  Peer peer(wire, {.mss = 1});
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(500))));
  wire.poll();
  EXPECT_EQ(wire.take().data.size(), 88u);  // our floor
}

TEST(Send, initial_window_is_ten_segments_and_doubles) {
  Wire wire;
  Peer peer(wire, {.mss = 1000, .scale = 8});
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(200'000))));
  wire.poll();
  EXPECT_EQ(wire.out.size(), 10u);
  wire.forget();
  peer.give(0, {}, 10'000);
  EXPECT_EQ(wire.out.size(), 18u);  // eight segments an ACK at most
}

TEST(Send, timeout_backs_off_and_slows_down) {
  Wire wire;
  Peer peer(wire, {.mss = 1000, .scale = 8});
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(20'000))));
  wire.poll();
  const Time start = wire.now;
  wire.forget();
  wire.run(4 * kSecond);
  std::vector<Time> at;
  for (const Sent& s : wire.out) {
    EXPECT_EQ(peer.offset_of(s), 0u);
    at.push_back((s.at - start) / kMs);
  }
  ASSERT_EQ(at.size(), 4u);
  EXPECT_NEAR(double(at[0]), 200, 2);
  EXPECT_NEAR(double(at[1]), 600, 4);
  EXPECT_NEAR(double(at[2]), 1400, 6);
  wire.forget();
  peer.give(0, {}, 1000);  // slow start again: two segments
  ASSERT_EQ(wire.out.size(), 2u);
  EXPECT_EQ(peer.offset_of(wire.out[0]), 1000u);
  EXPECT_EQ(peer.offset_of(wire.out[1]), 2000u);
}

TEST(Send, three_duplicate_acks_retransmit) {
  Wire wire;
  Peer peer(wire, {.mss = 1000, .scale = 8});
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(10'000))));
  wire.poll();
  wire.forget();
  peer.give(0, {}, 1000);
  peer.give(0, {}, 1000);
  peer.give(0, {}, 1000);
  EXPECT_TRUE(wire.quiet());
  peer.give(0, {}, 1000);
  EXPECT_EQ(peer.offset_of(wire.take()), 1000u);
  EXPECT_EQ(wire.endpoint->counters().fast_retransmits, 1u);
  // RFC 6582: a partial ACK points at the next hole.
  peer.give(0, {}, 4000);
  EXPECT_EQ(peer.offset_of(wire.take()), 4000u);
  peer.give(0, {}, 10'000);
  EXPECT_TRUE(wire.quiet());
}

TEST(Send, sack_retransmits_exactly_the_holes) {
  Wire wire;
  Peer peer(wire, {.mss = 1000, .sack = true, .scale = 8});
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(10'000))));
  wire.poll();
  wire.forget();
  Given g = peer.segment(0, {}, 1000);
  OptionWriter o;
  const Seq first = peer.iss + 1;
  const std::array<SackBlock, 3> blocks{
      {{first + 2000, first + 3000}, {first + 4000, first + 5000}, {first + 6000, first + 10000}}};
  o.sack(blocks);
  g.options = option_bytes(o);
  peer.give(g);
  std::vector<uint32_t> again;
  for (const Sent& s : wire.out) {
    again.push_back(peer.offset_of(s));
  }
  EXPECT_EQ(again, (std::vector<uint32_t>{1000, 3000, 5000}));
}

TEST(Send, zero_window_is_probed_for_ever) {
  Wire wire({.max_retransmits = 3});
  Peer peer(wire);
  peer.ack(0, 0);
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes("patience")));
  wire.poll();
  EXPECT_TRUE(wire.quiet());
  for (int i = 0; i < 20; ++i) {
    for (int waited = 0; wire.quiet() && waited < 61; ++waited) {
      wire.run(kSecond);
    }
    ASSERT_FALSE(wire.quiet());
    EXPECT_EQ(wire.out.front().data, "p");
    wire.forget();
    peer.ack(0, 0);  // the peer lives
  }
  EXPECT_TRUE(wire.endpoint->alive(peer.conn));
  peer.ack(0, 1000);
  EXPECT_EQ(wire.take().data, "patience");
}

TEST(Send, a_probe_may_be_accepted) {
  Wire wire;
  Peer peer(wire);
  peer.ack(0, 0);
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes("abc")));
  wire.run(kSecond);
  EXPECT_EQ(wire.take().data, "a");
  wire.forget();
  peer.ack(1, 100);
  const Sent rest = wire.take();
  EXPECT_EQ(rest.data, "bc");
  EXPECT_EQ(peer.offset_of(rest), 1u);
}

TEST(Send, silent_zero_window_peer_is_given_up) {
  Wire wire({.max_retransmits = 3});
  Peer peer(wire);
  peer.ack(0, 0);
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes("x")));
  wire.run(100 * kSecond);
  EXPECT_EQ(wire.endpoint->close_reason(peer.conn), CloseReason::timed_out);
}

TEST(Send, tiny_windows_do_not_make_tiny_segments) {
  Wire wire;
  Peer peer(wire, {.mss = 1000});
  peer.ack(0, 100);  // once offered much, now little
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(5000))));
  wire.poll();
  EXPECT_TRUE(wire.quiet());
  wire.run(2 * kSecond);  // the override (RFC 9293 §3.8.6.2.1)
  EXPECT_EQ(wire.take().data.size(), 100u);
}

TEST(Send, always_tiny_windows_work) {
  Wire wire;
  Peer peer(wire, {.mss = 1000, .window = 50});
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(500))));
  wire.poll();
  std::string got;
  while (got.size() < 500) {
    ASSERT_FALSE(wire.quiet());
    got += wire.take().data;
    peer.ack(static_cast<uint32_t>(got.size()), 50);
  }
  EXPECT_EQ(got, pattern(500));
}

TEST(Send, shrinking_window) {
  Wire wire;
  Peer peer(wire, {.mss = 1000});
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(5000))));
  wire.poll();
  EXPECT_EQ(wire.out.size(), 5u);
  wire.forget();
  peer.ack(1000, 0);  // took the first and then the window away
  wire.run(3 * kSecond);
  ASSERT_FALSE(wire.quiet());
  for (const Sent& s : wire.out) {
    EXPECT_EQ(s.data.size(), 1u);
    EXPECT_EQ(peer.offset_of(s), 1000u);
  }
  wire.forget();
  peer.ack(1000, 60000);
  wire.run(3 * kSecond);
  ASSERT_FALSE(wire.quiet());
  EXPECT_EQ(wire.out.back().data, pattern(1000, 1000));
  wire.forget();
  peer.ack(5000, 60000);
  wire.run(3 * kSecond);
  EXPECT_TRUE(wire.quiet());
}

// A peer that takes the byte which probes the window it took back, when it opens it.
TEST(Send, a_window_that_shrank_leaves_no_trace_in_the_timeout) {
  Wire wire;
  Peer peer(wire, {.mss = 1000, .sack = true});
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(5000))));
  wire.poll();
  peer.ack(1000, 0);
  wire.run(10 * kSecond);
  wire.forget();
  peer.ack(1001, 60000);
  ASSERT_FALSE(wire.quiet());
  EXPECT_EQ(peer.offset_of(wire.take()), 1001u);
  EXPECT_EQ(wire.endpoint->counters().undone.load(), 0u);
  peer.ack(5000, 60000);
  wire.run(kSecond);
  // The next that is lost is sent again as soon as if nothing had been.
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(500))));
  wire.poll();
  wire.forget();
  const uint64_t timeouts = wire.endpoint->counters().timeouts.load();
  wire.run(2 * kSecond);
  EXPECT_GT(wire.endpoint->counters().timeouts.load(), timeouts);
  EXPECT_FALSE(wire.quiet());
}

TEST(Send, room_is_bounded_by_bytes_and_by_buffers) {
  Wire wire({.send_buffer = 64 * 1024});
  Peer peer(wire);
  peer.ack(0, 0);
  uint32_t taken = 0;
  while (wire.endpoint->send_copy(peer.conn, bytes("tiny"))) {
    taken += 4;
  }
  EXPECT_EQ(taken, 64u * 1024);  // merged on the way
  EXPECT_LT(wire.endpoint->buffers_held(), 60u);
  while (wire.event().conn.generation != 0) {
  }
  peer.ack(0, 65535);
  peer.ack(1380, 65535);
  EXPECT_EQ(wire.event().bits, event::kWritable);
  EXPECT_EQ(wire.endpoint->send_room(peer.conn), 1380u);
}

TEST(Send, scarce_buffers_leave_everybody_one_record) {
  Wire wire;
  Peer peer(wire);
  wire.endpoint->set_pressure(true);
  peer.ack(0, 0);
  const std::string record(1380, 'r');
  while (wire.endpoint->send_room(peer.conn) >= record.size()) {
    ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(record)));
  }
  EXPECT_LT(wire.endpoint->buffers_held(), 20u);
  wire.endpoint->set_pressure(false);
  EXPECT_GE(wire.endpoint->send_room(peer.conn), record.size());
}

TEST(Send, an_empty_pool_delays_but_loses_nothing) {
  Wire wire;
  Peer peer(wire, {.mss = 1000});
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(3000))));
  std::vector<rte_mbuf*> hoard;
  while (rte_mbuf* m = rte_pktmbuf_alloc(test_pool())) {
    hoard.push_back(m);
  }
  wire.poll();
  EXPECT_TRUE(wire.quiet());
  EXPECT_GT(wire.dropped(DropReason::no_buffer), 0u);
  for (rte_mbuf* m : hoard) {
    rte_pktmbuf_free(m);
  }
  wire.run(5 * kMs);
  EXPECT_EQ(wire.out.size(), 3u);
}

}  // namespace
}  // namespace culvert::tcp::test
