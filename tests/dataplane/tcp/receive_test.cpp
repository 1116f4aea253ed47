// The receive direction: order, ACK policy, windows, PAWS, and peers that waste buffers.
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

TEST(Receive, second_full_segment_is_acknowledged_at_once_the_first_later) {
  Wire wire;
  Peer peer(wire);
  const std::string full = pattern(1380);
  peer.give(0, full, 0);
  EXPECT_TRUE(wire.quiet());
  wire.run(39 * kMs);
  EXPECT_TRUE(wire.quiet());
  wire.run(2 * kMs);
  EXPECT_EQ(peer.acked_by(wire.take()), 1380u);
  peer.give(1380, full, 0);
  EXPECT_TRUE(wire.quiet());
  peer.give(2760, full, 0);
  EXPECT_EQ(peer.acked_by(wire.take()), 4140u);
  wire.run(kSecond);
  EXPECT_TRUE(wire.quiet());
}

TEST(Receive, one_decision_a_burst) {
  Wire wire;
  Peer peer(wire);
  std::vector<rte_mbuf*> burst;
  for (uint32_t i = 0; i < 32; ++i) {
    burst.push_back(wire.packet(peer.segment(i * 1000, pattern(1000, i * 1000), 0), peer.flow));
  }
  wire.endpoint->input(burst, wire.now);
  wire.poll();
  EXPECT_EQ(wire.out.size(), 1u);
  EXPECT_EQ(peer.acked_by(wire.take()), 32000u);
  EXPECT_EQ(wire.read(peer.conn), pattern(32000));
}

TEST(Receive, out_of_order_is_acknowledged_at_once_with_sack) {
  Wire wire;
  Peer peer(wire, {.timestamps = true, .sack = true});
  peer.give(100, pattern(100, 100), 0);
  Sent s = wire.take();
  EXPECT_EQ(peer.acked_by(s), 0u);
  ASSERT_EQ(s.options.sack_count, 1);
  EXPECT_EQ(s.options.sack[0], (SackBlock{peer.isn + 101, peer.isn + 201}));
  peer.give(300, pattern(100, 300), 0);
  s = wire.take();
  ASSERT_EQ(s.options.sack_count, 2);
  EXPECT_EQ(s.options.sack[0].start, peer.isn + 301);  // RFC 2018 §4: the newest first
  EXPECT_EQ(wire.endpoint->readable(peer.conn), 0u);
  peer.give(0, pattern(300), 0);  // overlaps what waits
  s = wire.take();
  EXPECT_EQ(peer.acked_by(s), 400u);
  EXPECT_EQ(s.options.sack_count, 0);
  EXPECT_EQ(wire.read(peer.conn), pattern(400));
}

TEST(Receive, duplicates_are_named_and_acknowledged) {
  Wire wire;
  Peer peer(wire);
  peer.give(0, "0123456789", 0);
  peer.give(0, "0123456789", 0);
  EXPECT_EQ(peer.acked_by(wire.take()), 10u);
  EXPECT_EQ(wire.dropped(DropReason::tcp_duplicate), 1u);
  peer.give(5, "56789abcde", 0);  // half old
  EXPECT_EQ(wire.read(peer.conn), "0123456789abcde");
  peer.give(30, "waits", 0);
  wire.forget();
  peer.give(30, "waits", 0);
  EXPECT_EQ(wire.dropped(DropReason::tcp_duplicate_in_queue), 1u);
}

TEST(Receive, sequence_numbers_wrap) {
  Wire wire;
  Peer peer(wire, {.sack = true, .isn = Seq{0xffffffff - 5000}});
  for (uint32_t at = 10000; at > 0; at -= 1000) {  // backwards, so that the queue wraps as well
    peer.give(at - 1000, pattern(1000, at - 1000), 0);
  }
  EXPECT_EQ(wire.read(peer.conn), pattern(10000));
}

TEST(Receive, window_closes_and_opens) {
  Wire wire({.receive_buffer = 8000});
  Peer peer(wire);
  for (uint32_t at = 0; at < 8000; at += 1000) {
    peer.give(at, pattern(1000, at), 0);
  }
  wire.run(50 * kMs);
  EXPECT_EQ(wire.out.back().window, 0);
  wire.forget();
  // A probe of the closed window is answered, its byte refused.
  peer.give(8000, "x", 0);
  EXPECT_EQ(peer.acked_by(wire.take()), 8000u);
  EXPECT_EQ(wire.dropped(DropReason::tcp_out_of_window), 1u);
  wire.endpoint->consume(peer.conn, 500);
  wire.poll();
  EXPECT_TRUE(wire.quiet());  // RFC 9293 §3.8.6.2.2: not worth announcing
  wire.endpoint->consume(peer.conn, 3000);
  wire.poll();
  EXPECT_GE(wire.take().window, 2760);
  EXPECT_EQ(wire.read(peer.conn), pattern(4500, 3500));
  wire.poll();
  EXPECT_EQ(wire.take().window, 8000);
}

TEST(Receive, a_connection_may_have_a_smaller_buffer_than_the_others) {
  Wire wire({.receive_buffer = 20'000});
  Peer peer(wire), other(wire, {.port = 40'001});
  wire.endpoint->set_receive_buffer(peer.conn, 4000);
  const auto fill = [&](Peer& who, uint32_t until) {
    for (; who.sent < until; who.sent += 1000)
      who.give(who.sent, pattern(1000, who.sent), 0);
    wire.run(50 * kMs);
    const uint16_t announced = wire.out.back().window;
    wire.forget();
    return announced;
  };
  // What was announced before stays good, and is not renewed.
  EXPECT_EQ(fill(peer, 5000), 15'000);
  EXPECT_EQ(fill(peer, 20'000), 0);
  EXPECT_EQ(fill(other, 5000), 15'000);
  EXPECT_EQ(wire.read(peer.conn), pattern(20'000));
  wire.poll();
  EXPECT_EQ(wire.take().window, 4000);
  wire.forget();
  EXPECT_EQ(fill(peer, 24'000), 0);
  // It cannot have more than all.
  wire.endpoint->set_receive_buffer(peer.conn, 1'000'000);
  wire.forget();
  (void)wire.read(peer.conn);
  wire.poll();
  EXPECT_EQ(wire.take().window, 20'000);
}

TEST(Receive, beyond_the_window_is_dropped) {
  Wire wire({.receive_buffer = 8000});
  Peer peer(wire);
  peer.give(70000, "far", 0);
  EXPECT_EQ(wire.dropped(DropReason::tcp_out_of_window), 1u);
  EXPECT_EQ(peer.acked_by(wire.take()), 0u);
}

TEST(Receive, single_bytes_do_not_pin_buffers) {
  Wire wire;
  Peer peer(wire);
  for (uint32_t i = 0; i < 5000; ++i) {
    peer.give(i, std::string_view("x"), 0);
  }
  EXPECT_LT(wire.endpoint->buffers_held(), 8u);
  // With gaps nothing can be merged, so their number is limited.
  for (uint32_t i = 0; i < 500; ++i) {
    peer.give(10000 + 2 * i, std::string_view("y"), 0);
  }
  EXPECT_LT(wire.endpoint->buffers_held(), 50u);
  EXPECT_GT(wire.dropped(DropReason::tcp_runs), 0u);
}

TEST(Receive, scarce_buffers_leave_everybody_one_record) {
  Wire wire;
  Peer peer(wire);
  wire.endpoint->set_pressure(true);
  const std::string segment(1380, 's');
  for (uint32_t i = 0; i < 100; ++i) {
    peer.give(i * 1380, segment, 0);
  }
  EXPECT_GE(wire.endpoint->readable(peer.conn), 16384u + 256 + 5);
  EXPECT_LT(wire.endpoint->buffers_held(), 20u);
  EXPECT_GT(wire.dropped(DropReason::no_buffer), 0u);
  // What was refused was not acknowledged: it comes again and is taken.
  wire.endpoint->set_pressure(false);
  const uint32_t have = wire.endpoint->readable(peer.conn);
  peer.give(have, segment, 0);
  EXPECT_EQ(wire.endpoint->readable(peer.conn), have + 1380);
}

TEST(Receive, paws) {
  Wire wire;
  Peer peer(wire, {.timestamps = true});
  peer.ts_now = 6000;
  peer.give(0, "new", 0);
  wire.run(50 * kMs);
  EXPECT_EQ(wire.take().options.ts_echo, 6000u);
  peer.ts_now = 5999;
  peer.give(3, "old", 0);
  EXPECT_EQ(wire.dropped(DropReason::tcp_paws), 1u);
  EXPECT_EQ(peer.acked_by(wire.take()), 3u);
  peer.timestamps = false;  // RFC 7323 §3.2
  peer.give(3, "bare", 0);
  EXPECT_EQ(wire.dropped(DropReason::tcp_paws), 2u);
  peer.timestamps = true;
  wire.run(Time{25} * 24 * 3600 * kSecond);  // the clock may have wrapped meanwhile
  wire.forget();
  if (wire.endpoint->alive(peer.conn)) {
    peer.give(3, "old", 0);
    EXPECT_EQ(wire.dropped(DropReason::tcp_paws), 2u);
  }
}

TEST(Receive, timestamp_of_the_oldest_unacknowledged_segment_is_echoed) {
  Wire wire;
  Peer peer(wire, {.timestamps = true});
  peer.ts_now = 7000;
  peer.give(0, pattern(1368), 0);
  peer.ts_now = 7001;
  peer.give(1368, pattern(1368), 0);
  EXPECT_EQ(wire.take().options.ts_echo, 7000u);  // RFC 7323 §4.3 (1)
}

TEST(Receive, front_and_take_front) {
  Wire wire;
  Peer peer(wire);
  peer.give(0, pattern(1000), 0);
  peer.give(1000, pattern(800, 1000), 0);
  EXPECT_EQ(wire.endpoint->front(peer.conn).size(), 1000u);
  EXPECT_EQ(wire.endpoint->take_front(peer.conn, 10), nullptr);
  rte_mbuf* m = wire.endpoint->take_front(peer.conn, 1000);
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(std::string(rte_pktmbuf_mtod(m, char*), m->data_len), pattern(1000));
  rte_pktmbuf_free(m);
  char two[2];
  EXPECT_EQ(wire.endpoint->peek(peer.conn, 799, two, 2), 1u);
  EXPECT_EQ(wire.read(peer.conn), pattern(800, 1000));
}

}  // namespace
}  // namespace culvert::tcp::test
