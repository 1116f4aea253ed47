// The ways a connection ends (RFC 9293 §3.6), keepalive, and what is left afterwards.
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

TEST(Close, peer_first) {
  Wire wire;
  Peer peer(wire);
  peer.give(0, "last words", 0, kAck | kFin);
  EXPECT_EQ(wire.event().bits, event::kReadable | event::kPeerClosed);
  EXPECT_EQ(peer.acked_by(wire.take()), 11u);
  EXPECT_EQ(wire.endpoint->state(peer.conn), State::close_wait);
  EXPECT_EQ(wire.read(peer.conn), "last words");
  // Half-closed: this direction still works.
  EXPECT_TRUE(wire.endpoint->send_copy(peer.conn, {{'o', 'k'}}));
  wire.poll();
  EXPECT_EQ(wire.take().data, "ok");
  peer.give(11, {}, 2);
  wire.endpoint->shutdown(peer.conn);
  wire.poll();
  EXPECT_EQ(wire.take().flags & kFin, kFin);
  EXPECT_EQ(wire.endpoint->state(peer.conn), State::last_ack);
  peer.give(11, {}, 3);
  EXPECT_EQ(wire.event().bits, event::kClosed);
  EXPECT_EQ(wire.endpoint->close_reason(peer.conn), CloseReason::finished);
  EXPECT_FALSE(wire.endpoint->alive(peer.conn));
  wire.endpoint->release(peer.conn);
  EXPECT_EQ(wire.endpoint->counters().connections, 0u);
}

TEST(Close, our_side_first_with_data_and_half_close) {
  Wire wire;
  Peer peer(wire);
  EXPECT_TRUE(wire.endpoint->send_copy(peer.conn, {{'b', 'y', 'e'}}));
  wire.endpoint->shutdown(peer.conn);
  EXPECT_FALSE(wire.endpoint->send_copy(peer.conn, {{'x'}}));
  wire.poll();
  const Sent fin = wire.take();
  EXPECT_EQ(fin.data, "bye");
  EXPECT_EQ(fin.flags & kFin, kFin);
  peer.give(0, {}, 4);
  EXPECT_EQ(wire.endpoint->state(peer.conn), State::fin_wait_2);
  peer.give(0, "still talking", 4);
  EXPECT_EQ(wire.read(peer.conn), "still talking");
  peer.give(13, {}, 4, kAck | kFin);
  EXPECT_EQ(wire.endpoint->state(peer.conn), State::time_wait);
  EXPECT_NE(wire.event().bits & event::kClosed, 0);
  wire.forget();
  peer.give(13, {}, 4, kAck | kFin);  // our last ACK was lost
  EXPECT_EQ(peer.acked_by(wire.take()), 14u);
  wire.endpoint->release(peer.conn);
  EXPECT_EQ(wire.endpoint->counters().connections, 1u);
  wire.run(61 * kSecond);
  EXPECT_EQ(wire.endpoint->counters().connections, 0u);
}

TEST(Close, simultaneous) {
  Wire wire;
  Peer peer(wire);
  wire.endpoint->shutdown(peer.conn);
  wire.poll();
  wire.forget();
  peer.give(0, {}, 0, kAck | kFin);
  EXPECT_EQ(wire.endpoint->state(peer.conn), State::closing);
  EXPECT_EQ(peer.acked_by(wire.take()), 1u);
  peer.give(1, {}, 1);
  EXPECT_EQ(wire.endpoint->state(peer.conn), State::time_wait);
}

TEST(Close, fin_is_repeated_until_acknowledged) {
  Wire wire;
  Peer peer(wire);
  wire.endpoint->shutdown(peer.conn);
  wire.run(10 * kSecond);
  EXPECT_GE(wire.out.size(), 4u);
  for (const Sent& s : wire.out) {
    EXPECT_EQ(s.flags & kFin, kFin);
    EXPECT_EQ(peer.offset_of(s), 0u);
  }
}

TEST(Close, fin_ahead_of_data_waits) {
  Wire wire;
  Peer peer(wire, {.sack = true});
  peer.give(5, "world", 0, kAck | kFin);
  EXPECT_EQ(wire.event().bits, 0);
  peer.give(11, "beyond", 0);
  EXPECT_EQ(wire.dropped(DropReason::tcp_data_past_fin), 1u);
  wire.forget();
  peer.give(0, "hello", 0);
  EXPECT_EQ(wire.event().bits, event::kReadable | event::kPeerClosed);
  EXPECT_EQ(wire.read(peer.conn), "helloworld");
  EXPECT_EQ(peer.acked_by(wire.take()), 11u);
  peer.give(11, "more", 0);
  EXPECT_EQ(wire.dropped(DropReason::tcp_data_past_fin), 2u);
}

TEST(Close, reset_by_the_peer_keeps_what_was_read_in_order) {
  Wire wire;
  Peer peer(wire);
  peer.give(0, "abc", 0);
  peer.give(3, {}, 0, kRst);
  EXPECT_NE(wire.event().bits & event::kClosed, 0);
  EXPECT_EQ(wire.endpoint->close_reason(peer.conn), CloseReason::peer_reset);
  EXPECT_EQ(wire.read(peer.conn), "abc");
  peer.give(3, "x", 0);
  EXPECT_EQ(wire.out.back().flags, kRst);
  wire.endpoint->release(peer.conn);
}

TEST(Close, abort_sends_a_reset) {
  Wire wire;
  Peer peer(wire);
  EXPECT_TRUE(wire.endpoint->send_copy(peer.conn, {{'x'}}));
  wire.endpoint->abort(peer.conn, wire.now);
  wire.poll();
  const Sent reset = wire.take();
  EXPECT_EQ(reset.flags, kRst | kAck);
  EXPECT_EQ(peer.offset_of(reset), 0u);
  EXPECT_EQ(wire.event().bits, event::kClosed);
  EXPECT_EQ(wire.endpoint->buffers_held(), 0u);
  wire.endpoint->release(peer.conn);
  EXPECT_FALSE(wire.endpoint->send_copy(peer.conn, {{'x'}}));  // stale
}

TEST(Close, data_after_release_does_not_cut_our_last_words_off) {
  Wire wire;
  Peer peer(wire);
  peer.give(0, "unread", 0);
  const std::vector<uint8_t> words(20'000, 'w');
  EXPECT_TRUE(wire.endpoint->send_copy(peer.conn, words));
  wire.endpoint->release(peer.conn);
  wire.poll();
  EXPECT_EQ(wire.dropped(DropReason::tcp_socket_closed), 1u);
  uint32_t sent = 6, heard = 0;
  for (bool fin = false; !fin;) {
    ASSERT_FALSE(wire.quiet());
    while (!wire.quiet()) {
      const Sent s = wire.take();
      ASSERT_EQ(s.flags & kRst, 0);
      heard += static_cast<uint32_t>(s.data.size());
      if ((s.flags & kFin) != 0) fin = true;
    }
    peer.give(sent, "late", heard);  // the peer talks on
    sent += 4;
  }
  EXPECT_EQ(heard, words.size());
  wire.forget();
  peer.give(sent, "late", heard + 1);
  EXPECT_EQ(peer.acked_by(wire.take()), sent + 4);
  wire.run(kSecond);
  peer.give(sent + 4, "later", heard + 1);
  EXPECT_EQ(wire.out.back().flags, kRst | kAck);
  EXPECT_EQ(wire.endpoint->counters().connections, 0u);
}

TEST(Close, late_data_and_fin_after_release_end_in_time_wait) {
  Wire wire;
  Peer peer(wire);
  wire.endpoint->release(peer.conn);
  wire.poll();
  EXPECT_EQ(wire.take().flags & kFin, kFin);
  peer.give(0, "late", 1);
  peer.give(8, "gap", 1);  // not in order: it will come again
  peer.give(4, "last", 1, kAck | kFin);
  EXPECT_EQ(peer.acked_by(wire.out.back()), 9u);
  wire.run(61 * kSecond);
  EXPECT_EQ(wire.endpoint->counters().connections, 0u);
  EXPECT_EQ(wire.endpoint->counters().resets_out, 0u);
}

TEST(Close, data_after_release_is_reset_in_the_end) {
  Wire wire;
  Peer peer(wire);
  peer.give(0, "unread", 0);
  wire.endpoint->release(peer.conn);
  wire.poll();
  EXPECT_EQ(wire.dropped(DropReason::tcp_socket_closed), 1u);
  EXPECT_EQ(wire.take().flags & kFin, kFin);
  peer.give(6, {}, 1);
  wire.run(kSecond);
  wire.forget();
  peer.give(6, "more", 1);
  EXPECT_EQ(wire.take().flags, kRst | kAck);
  EXPECT_EQ(wire.endpoint->counters().connections, 0u);
  EXPECT_EQ(wire.event().conn.generation, 0u);
}

TEST(Close, a_forgotten_connection_does_not_wait_for_ever) {
  Wire wire;
  Peer peer(wire);
  wire.endpoint->release(peer.conn);
  wire.poll();
  peer.give(0, {}, 1);  // FIN-WAIT-2, and then silence
  wire.run(61 * kSecond);
  EXPECT_EQ(wire.endpoint->counters().connections, 0u);
}

TEST(Close, never_acknowledging_peer_is_given_up) {
  Wire wire({.max_retransmits = 4});
  Peer peer(wire);
  EXPECT_TRUE(wire.endpoint->send_copy(peer.conn, {{'x'}}));
  wire.run(100 * kSecond);
  EXPECT_EQ(wire.out.size(), 5u);
  EXPECT_NE(wire.event().bits & event::kClosed, 0);
  EXPECT_EQ(wire.endpoint->close_reason(peer.conn), CloseReason::timed_out);
  EXPECT_EQ(wire.endpoint->buffers_held(), 0u);
}

TEST(Close, keepalive) {
  Wire wire;
  Peer peer(wire);
  wire.endpoint->set_keepalive(peer.conn, 10 * kSecond, kSecond, 3);
  wire.run(10 * kSecond + 500 * kMs);
  const Sent probe = wire.take();
  EXPECT_EQ(probe.seq, peer.iss);  // one before the next
  EXPECT_TRUE(probe.data.empty());
  peer.give(0, {}, 0);  // alive
  wire.run(9 * kSecond);
  EXPECT_TRUE(wire.quiet());
  wire.run(5 * kSecond);
  EXPECT_EQ(wire.out.size(), 3u);
  EXPECT_EQ(wire.event().bits, event::kClosed);
  EXPECT_EQ(wire.endpoint->close_reason(peer.conn), CloseReason::timed_out);
}

// The idle time is over again by the time of the next probe, and yet each probe was answered.
TEST(Close, keepalive_with_an_interval_beyond_the_idle_time) {
  Wire wire;
  Peer peer(wire);
  wire.endpoint->set_keepalive(peer.conn, kSecond, 2 * kSecond, 2);
  wire.run(kSecond + 500 * kMs);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(wire.take().seq, peer.iss);
    peer.give(0, {}, 0);  // alive
    wire.run(2 * kSecond);
    EXPECT_TRUE(wire.endpoint->alive(peer.conn));
  }
  wire.forget();
  wire.run(10 * kSecond);
  EXPECT_EQ(wire.event().bits, event::kClosed);
  EXPECT_EQ(wire.endpoint->close_reason(peer.conn), CloseReason::timed_out);
}

TEST(Close, answers_keepalives) {
  Wire wire;
  Peer peer(wire);
  wire.give({.seq = peer.isn, .ack = peer.iss + 1}, peer.flow);
  EXPECT_EQ(peer.acked_by(wire.take()), 0u);
}

TEST(Close, time_wait_yields_to_a_new_connection) {
  Wire wire;
  Peer peer(wire);
  wire.endpoint->shutdown(peer.conn);
  wire.poll();
  peer.give(0, {}, 1, kAck | kFin);
  wire.endpoint->release(peer.conn);
  wire.forget();
  while (wire.event().conn.generation != 0) {
  }
  Peer again(wire, {.isn = Seq{500'000}});
  EXPECT_NE(again.conn.generation, 0u);
  EXPECT_EQ(wire.endpoint->counters().connections, 1u);
}

TEST(Close, time_wait_gives_its_slot_when_there_is_no_other) {
  Wire wire({.max_connections = 1});
  Peer peer(wire);
  wire.endpoint->shutdown(peer.conn);
  wire.poll();
  peer.give(0, {}, 1, kAck | kFin);
  wire.endpoint->release(peer.conn);
  wire.forget();
  while (wire.event().conn.generation != 0) {
  }
  Peer other(wire, {.port = 41000});
  EXPECT_TRUE(wire.endpoint->alive(other.conn));
}

}  // namespace
}  // namespace culvert::tcp::test
