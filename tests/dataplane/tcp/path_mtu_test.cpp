// Paths narrower than the connection's MSS: with routers that say so, and without.
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

constexpr uint32_t kHeaders = 40;
constexpr Time kMinute = 60 * kSecond;

// A full initial window is on its way.
struct Loaded {
  explicit Loaded(const Peer::Want& want = {.scale = 8}, Offload offload = {})
      : wire({}, offload), peer(wire, want) {
    EXPECT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(kTotal))));
    wire.poll();
    for (const Sent& s : wire.out)
      in_flight += static_cast<uint32_t>(s.data.size());
    wire.forget();
  }
  Seq byte(uint32_t offset) const { return peer.iss + 1 + offset; }
  DropReason report(uint32_t offset, uint16_t mtu, bool below_floor = false) {
    return wire.report(peer.flow, byte(offset), mtu, below_floor);
  }
  // What left since the last time: from `from` on without a hole, each at most `most` bytes; returns
  // where it ends.
  uint32_t expect_run(uint32_t from, uint32_t most) {
    for (const Sent& s : wire.out) {
      EXPECT_EQ(peer.offset_of(s), from);
      EXPECT_LE(s.data.size(), most);
      EXPECT_EQ(s.data, pattern(s.data.size(), from));
      from += static_cast<uint32_t>(s.data.size());
    }
    wire.forget();
    return from;
  }

  static constexpr uint32_t kTotal = 200'000;
  Wire wire;
  Peer peer;
  uint32_t in_flight = 0;
};

TEST(PathMtu, a_report_sends_everything_again_at_once_and_smaller) {
  Loaded t;
  EXPECT_EQ(t.in_flight, 14'600u);
  EXPECT_EQ(t.wire.endpoint->path_mtu(t.peer.conn), 1500);
  EXPECT_EQ(t.report(0, 1400), DropReason::count_);
  // The congestion window is what it was: as many bytes leave as were on their way.
  const uint32_t end = t.expect_run(0, 1400 - kHeaders);
  EXPECT_GT(end, t.in_flight - 1360);
  EXPECT_LE(end, t.in_flight);
  EXPECT_EQ(t.wire.endpoint->path_mtu(t.peer.conn), 1400);
  EXPECT_EQ(t.wire.endpoint->counters().timeouts.load(), 0u);
  uint32_t acked = end;
  while (acked < Loaded::kTotal) {
    t.peer.give(0, {}, acked);
    const uint32_t next = t.expect_run(acked, 1360);
    ASSERT_GT(next, acked);
    acked = next;
  }
}

TEST(PathMtu, options_count) {
  Loaded t({.timestamps = true, .sack = true, .scale = 8});
  EXPECT_EQ(t.report(0, 1400), DropReason::count_);
  EXPECT_EQ(t.wire.out.front().data.size(), 1400 - kHeaders - 12);
  EXPECT_EQ(t.wire.endpoint->send_mss(t.peer.conn), 1400 - kHeaders - 12);
}

TEST(PathMtu, what_was_selectively_acknowledged_is_not_sent_again) {
  Loaded t({.sack = true, .scale = 8});
  OptionWriter o;
  const std::array blocks{SackBlock{t.byte(2920), t.byte(4380)}};
  o.sack(blocks);
  Given g = t.peer.segment(0, {}, 0);
  g.options = option_bytes(o);
  t.peer.give(g);
  t.wire.forget();
  EXPECT_EQ(t.report(1460, 1000), DropReason::count_);
  for (const Sent& s : t.wire.out) {
    const uint32_t from = t.peer.offset_of(s);
    EXPECT_LE(s.data.size(), 960u);
    EXPECT_TRUE(from + s.data.size() <= 2920 || from >= 4380) << from;
  }
  EXPECT_FALSE(t.wire.quiet());
}

// RFC 5927 §7: whoever does not see the connection does not know its numbers.
TEST(PathMtu, only_bytes_on_their_way_can_be_too_large) {
  Loaded t;
  t.peer.give(0, {}, 1460);
  t.in_flight = t.expect_run(t.in_flight, 1460);
  for (const Seq seq : {t.byte(1459), t.byte(0), t.byte(t.in_flight), t.byte(t.in_flight + 1000),
                        Seq{t.byte(1460).v + 0x80000000u}}) {
    EXPECT_EQ(t.wire.report(t.peer.flow, seq, 1400), DropReason::icmp_other_packet);
  }
  dp::Flow other = t.peer.flow;
  other.remote_port++;
  EXPECT_EQ(t.wire.report(other, t.byte(1460), 1400), DropReason::icmp_no_flow);
  EXPECT_TRUE(t.wire.quiet());
  EXPECT_EQ(t.wire.endpoint->path_mtu(t.peer.conn), 1500);
  EXPECT_EQ(t.wire.report(t.peer.flow, t.byte(t.in_flight - 1), 1400), DropReason::count_);
}

TEST(PathMtu, reports_never_raise) {
  Loaded t;
  EXPECT_EQ(t.report(0, 1500), DropReason::icmp_mtu_ignored);
  EXPECT_EQ(t.report(0, 9000), DropReason::icmp_mtu_ignored);
  EXPECT_TRUE(t.wire.quiet());
  EXPECT_EQ(t.report(0, 1400), DropReason::count_);
  t.wire.forget();
  EXPECT_EQ(t.report(0, 1400), DropReason::icmp_mtu_ignored);
  EXPECT_EQ(t.report(0, 1450), DropReason::icmp_mtu_ignored);
  EXPECT_TRUE(t.wire.quiet());
  EXPECT_EQ(t.report(0, 1300), DropReason::count_);
  t.expect_run(0, 1260);
}

TEST(PathMtu, a_connection_half_open_has_nothing_that_is_too_large) {
  Wire wire;
  wire.give({.seq = Seq{1}, .flags = kSyn});
  const Sent syn_ack = wire.take();
  EXPECT_EQ(wire.report(Wire::default_flow(), syn_ack.seq, 552), DropReason::icmp_other_packet);
}

TEST(PathMtu, larger_segments_are_tried_again_after_ten_minutes) {
  Loaded t;
  EXPECT_EQ(t.report(0, 1400), DropReason::count_);
  uint32_t acked = t.expect_run(0, 1360);
  while (acked < Loaded::kTotal) {
    t.peer.give(0, {}, acked);
    acked = t.expect_run(acked, 1360);
  }
  t.peer.give(0, {}, acked);
  t.wire.run(9 * kMinute);
  EXPECT_EQ(t.wire.endpoint->path_mtu(t.peer.conn), 1400);
  t.wire.run(kMinute);
  EXPECT_EQ(t.wire.endpoint->path_mtu(t.peer.conn), 1500);
  ASSERT_TRUE(t.wire.endpoint->send_copy(t.peer.conn, bytes(pattern(3000))));
  t.wire.poll();
  EXPECT_EQ(t.wire.take().data.size(), 1460u);
}

TEST(PathMtu, below_the_floor_fragments_are_allowed) {
  Loaded t({.scale = 8}, {.ip_checksum = true,
                          .tcp_checksum = true,
                          .multi_segment = true,
                          .tso_bytes = 60'000,
                          .tso_buffers = 8});
  EXPECT_EQ(t.report(0, 552, true), DropReason::count_);
  ASSERT_FALSE(t.wire.quiet());
  for (const Sent& s : t.wire.out)
    EXPECT_FALSE(s.dont_fragment);
  const uint32_t acked = t.expect_run(0, 512);
  // Each with a number of its own, so that its fragments are not taken for another's.
  t.peer.give(0, {}, acked);
  t.expect_run(acked, 512);
  EXPECT_EQ(t.report(acked, 552, true), DropReason::icmp_mtu_ignored);
}

TEST(PathMtu, df_is_set_as_long_as_the_path_is_not_below_the_floor) {
  Loaded t;
  EXPECT_EQ(t.report(0, 552), DropReason::count_);
  for (const Sent& s : t.wire.out)
    EXPECT_TRUE(s.dont_fragment);
}

// The path swallows what is larger than `mtu`, silently.
struct BlackHole {
  explicit BlackHole(uint16_t mtu) : most(mtu - kHeaders) { answer(); }
  // Acknowledges what gets through, in order.
  void answer() {
    while (!t.wire.quiet()) {
      std::deque<Sent> arrived;
      arrived.swap(t.wire.out);
      const uint32_t before = acked;
      for (const Sent& s : arrived) {
        if (s.data.size() > most || t.peer.offset_of(s) != acked) continue;
        EXPECT_EQ(s.data, pattern(s.data.size(), acked));
        acked += static_cast<uint32_t>(s.data.size());
      }
      if (acked == before) return;
      t.peer.give(0, {}, acked);
    }
  }
  void run(Time duration) {
    const Time end = t.wire.now + duration;
    while (t.wire.now < end && acked < Loaded::kTotal) {
      t.wire.run(50 * kMs);
      answer();
    }
  }
  Loaded t;
  uint32_t most;
  uint32_t acked = 0;
};

TEST(PathMtu, out_of_a_black_hole_after_three_timeouts) {
  BlackHole b(1400);
  b.run(kSecond);  // after 0.2 and 0.6 s
  EXPECT_EQ(b.acked, 0u);
  EXPECT_EQ(b.t.wire.endpoint->path_mtu(b.t.peer.conn), 1500);
  b.run(4 * kSecond);
  EXPECT_EQ(b.acked, Loaded::kTotal);
  EXPECT_EQ(b.t.wire.endpoint->path_mtu(b.t.peer.conn), 1064);
}

TEST(PathMtu, out_of_a_narrow_black_hole_after_five) {
  BlackHole b(600);
  b.run(120 * kSecond);
  EXPECT_EQ(b.acked, Loaded::kTotal);
  EXPECT_EQ(b.t.wire.endpoint->path_mtu(b.t.peer.conn), 552);
}

TEST(PathMtu, small_segments_that_get_lost_prove_nothing) {
  Wire wire;
  Peer peer(wire);
  ASSERT_TRUE(wire.endpoint->send_copy(peer.conn, bytes(pattern(512))));
  wire.run(60 * kSecond);
  EXPECT_EQ(wire.endpoint->path_mtu(peer.conn), 1500);
}

}  // namespace
}  // namespace culvert::tcp::test
