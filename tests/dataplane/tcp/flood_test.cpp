// A full backlog: SYN cookies (RFC 4987 §3.6), and segments of no connection that come in numbers.
#include <algorithm>
#include <array>
#include <set>

#include "dataplane/tcp/reset_limit.hpp"
#include "dataplane/tcp/syn_cookies.hpp"
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

struct Flooded {
  Flooded() : wire(backlog_of_one()) { fill_backlog(wire); }
  // The answer to a SYN; nothing may have been kept of it.
  Sent syn(uint16_t port, const OptionWriter& options = {}, Seq isn = Seq{7}) {
    wire.give({.seq = isn, .flags = kSyn, .window = 20000, .options = option_bytes(options)},
              Wire::default_flow(port));
    EXPECT_EQ(wire.endpoint->counters().connections, 1u);
    return wire.take();
  }
  Wire wire;
};

OptionWriter everything(uint32_t stamp) {
  OptionWriter o;
  o.mss(1400);
  o.sack_permitted();
  o.timestamps(stamp, 0);
  o.window_scale(9);
  return o;
}

TEST(Flood, a_cookie_keeps_nothing_and_everything_is_there_all_the_same) {
  Flooded f;
  const Sent syn_ack = f.syn(2, everything(5000));
  EXPECT_EQ(syn_ack.flags, kSyn | kAck);
  EXPECT_EQ(syn_ack.ack, Seq{8});
  EXPECT_EQ(syn_ack.options.mss, 1380);
  EXPECT_TRUE(syn_ack.options.sack_permitted && syn_ack.options.has_window_scale);
  EXPECT_EQ(syn_ack.options.ts_echo, 5000u);
  f.wire.now += 50 * kMs;
  OptionWriter o;
  o.timestamps(5050, syn_ack.options.ts_value);
  f.wire.give({.seq = Seq{8},
               .ack = syn_ack.seq + 1,
               .window = 100,
               .data = "hello",
               .options = option_bytes(o)},
              syn_ack.flow);
  const Event e = f.wire.event();
  EXPECT_EQ(e.bits, event::kOpened | event::kReadable);
  EXPECT_EQ(f.wire.read(e.conn), "hello");
  EXPECT_EQ(f.wire.endpoint->counters().cookies_accepted, 1u);
  EXPECT_TRUE(f.wire.endpoint->timestamps(e.conn));
  EXPECT_EQ(f.wire.endpoint->peer_mss(e.conn), 1380);  // rounded down
  f.wire.forget();
  // The window is scaled: 100 << 9 bytes may leave at once, far more than 100.
  const std::string data = pattern(8000);
  EXPECT_TRUE(f.wire.endpoint->send_copy(
      e.conn, {reinterpret_cast<const uint8_t*>(data.data()), data.size()}));
  f.wire.poll();
  ASSERT_GE(f.wire.out.size(), 5u);
  EXPECT_EQ(f.wire.out[0].seq, syn_ack.seq + 1);
  EXPECT_EQ(f.wire.out[0].options.ts_echo, 5050u);
  // Our clock goes on from the cookie's, never back (RFC 7323 §5.3).
  EXPECT_GE(static_cast<int32_t>(f.wire.out[0].options.ts_value - syn_ack.options.ts_value), 0);
  f.wire.forget();
  // And what comes out of order is reported.
  o = {};
  o.timestamps(5060, syn_ack.options.ts_value);
  f.wire.give({.seq = Seq{8 + 100},
               .ack = syn_ack.seq + 1,
               .window = 100,
               .data = "x",
               .options = option_bytes(o)},
              syn_ack.flow);
  ASSERT_FALSE(f.wire.quiet());
  EXPECT_EQ(f.wire.out.back().options.sack_count, 1u);
}

TEST(Flood, without_timestamps_there_is_the_mss_alone) {
  Flooded f;
  OptionWriter o;
  o.mss(600);
  o.sack_permitted();
  o.window_scale(9);
  const Sent syn_ack = f.syn(2, o);
  EXPECT_FALSE(syn_ack.options.sack_permitted || syn_ack.options.has_window_scale ||
               syn_ack.options.has_timestamps);
  f.wire.give({.seq = Seq{8}, .ack = syn_ack.seq + 1}, syn_ack.flow);
  const Event e = f.wire.event();
  EXPECT_EQ(e.bits, event::kOpened);
  EXPECT_EQ(f.wire.endpoint->send_mss(e.conn), 536);
  EXPECT_FALSE(f.wire.endpoint->timestamps(e.conn));
}

TEST(Flood, a_lost_third_segment_is_made_up_for_by_the_data) {
  Flooded f;
  const Sent syn_ack = f.syn(2);
  f.wire.give({.seq = Seq{8}, .ack = syn_ack.seq + 1, .flags = kAck | kPsh, .data = "data"},
              syn_ack.flow);
  EXPECT_EQ(f.wire.event().bits, event::kOpened | event::kReadable);
}

TEST(Flood, a_forged_or_old_answer_is_dropped_by_name_and_reset) {
  Flooded f;
  const Sent syn_ack = f.syn(2);
  const auto refused = [&](const Given& g, const dp::Flow& flow) {
    const uint64_t before = f.wire.dropped(DropReason::tcp_cookie);
    f.wire.give(g, flow);
    EXPECT_EQ(f.wire.dropped(DropReason::tcp_cookie), before + 1);
    EXPECT_EQ(f.wire.take().flags, kRst);
    EXPECT_EQ(f.wire.endpoint->counters().connections, 1u);
  };
  const Given good{.seq = Seq{8}, .ack = syn_ack.seq + 1};
  for (uint32_t bit = 0; bit < 32; ++bit) {
    Given bad = good;
    bad.ack = Seq{syn_ack.seq.v ^ 1u << bit} + 1;
    refused(bad, syn_ack.flow);
    bad = good;
    bad.seq = Seq{7u ^ 1u << bit} + 1;
    refused(bad, syn_ack.flow);
  }
  dp::Flow other = syn_ack.flow;
  other.remote_port ^= 1;
  refused(good, other);
  other = syn_ack.flow;
  other.remote = dp::IpAddress::v4(0x01020304);
  refused(good, other);
  // The next period it is still good, the one after that it is not. Another SYN keeps cookies in season.
  f.wire.now += SynCookies::kPeriod;
  f.wire.give(good, syn_ack.flow);
  EXPECT_EQ(f.wire.event().bits, event::kOpened);
  f.wire.give({.seq = Seq{8}, .ack = syn_ack.seq + 1, .flags = kRst}, syn_ack.flow);
}

TEST(Flood, an_old_cookie_is_stale) {
  SynCookies cookies({1, 2});
  const dp::Flow flow = Wire::default_flow(2);
  const Time start = 10 * SynCookies::kPeriod;
  const Seq cookie = cookies.make(flow, Seq{7}, 1460, start);
  EXPECT_EQ(cookies.check(flow, Seq{7}, cookie, start), 1460);
  EXPECT_EQ(cookies.check(flow, Seq{7}, cookie, start + 2 * SynCookies::kPeriod - 1), 1460);
  for (uint64_t periods = 2; periods < 100; ++periods)
    EXPECT_EQ(cookies.check(flow, Seq{7}, cookie, start + periods * SynCookies::kPeriod), 0);
  EXPECT_TRUE(cookies.outstanding(start + SynCookies::kPeriod));
  EXPECT_FALSE(cookies.outstanding(start + 2 * SynCookies::kPeriod));
}

TEST(Flood, sizes_are_rounded_down_to_what_a_cookie_can_say) {
  SynCookies cookies({1, 2});
  const dp::Flow flow = Wire::default_flow(2);
  const std::array<std::array<uint16_t, 2>, 9> cases{{{1, 88},
                                                      {88, 88},
                                                      {535, 88},
                                                      {536, 536},
                                                      {1219, 1024},
                                                      {1220, 1220},
                                                      {1379, 1300},
                                                      {1459, 1440},
                                                      {8960, 1460}}};
  for (const auto& [announced, kept] : cases) {
    const Seq cookie = cookies.make(flow, Seq{7}, announced, 0);
    EXPECT_EQ(cookies.check(flow, Seq{7}, cookie, 0), kept) << announced;
  }
}

TEST(Flood, cookies_differ_by_everything_that_goes_into_them) {
  const dp::Flow flow = Wire::default_flow(2);
  const Seq cookie = SynCookies({1, 2}).make(flow, Seq{7}, 1460, 0);
  EXPECT_NE(cookie, SynCookies({1, 3}).make(flow, Seq{7}, 1460, 0));
  EXPECT_NE(cookie, SynCookies({1, 2}).make(flow, Seq{8}, 1460, 0));
  EXPECT_NE(cookie, SynCookies({1, 2}).make(Wire::default_flow(3), Seq{7}, 1460, 0));
  EXPECT_NE(cookie, SynCookies({1, 2}).make(flow, Seq{7}, 1460, 2 * SynCookies::kPeriod));
  // A guess among many is as good as any other: none of a million fits.
  SynCookies cookies({1, 2});
  uint32_t fits = 0;
  for (uint32_t i = 0; i < 1'000'000; ++i)
    fits += cookies.check(flow, Seq{7}, Seq{i * 4001u}, 0) != 0;
  EXPECT_EQ(fits, 0u);
}

TEST(Flood, the_stamp_carries_all_scales_and_never_runs_ahead) {
  for (uint32_t clock : {0u, 31u, 32u, 1000u, 0xffffffffu, 0x80000000u}) {
    for (int scale = -1; scale <= 14; ++scale) {
      for (const bool sack : {false, true}) {
        Options syn;
        syn.has_window_scale = scale >= 0;
        syn.window_scale = static_cast<uint8_t>(std::max(scale, 0));
        syn.sack_permitted = sack;
        const uint32_t stamp = SynCookies::stamp(clock, syn);
        EXPECT_LE(clock - stamp, 32u);
        Options read;
        SynCookies::read_stamp(stamp, read);
        EXPECT_EQ(read.has_window_scale, syn.has_window_scale);
        EXPECT_EQ(read.window_scale, syn.window_scale);
        EXPECT_EQ(read.sack_permitted, sack);
      }
    }
  }
}

TEST(Flood, cookies_are_for_a_full_backlog_only) {
  Wire wire({.max_connections = 8, .syn_backlog = 2});
  wire.give({.seq = Seq{1}, .flags = kSyn}, Wire::default_flow(1));
  wire.give({.seq = Seq{1}, .flags = kSyn}, Wire::default_flow(2));
  EXPECT_EQ(wire.endpoint->counters().cookies_sent, 0u);
  wire.forget();
  // Without a cookie on its way a stray ACK is what it always was.
  wire.give({.seq = Seq{5}, .ack = Seq{6}}, Wire::default_flow(3));
  EXPECT_EQ(wire.dropped(DropReason::tcp_not_syn), 1u);
  EXPECT_EQ(wire.dropped(DropReason::tcp_cookie), 0u);
}

TEST(Flood, a_full_table_lets_no_cookie_in) {
  Wire wire({.max_connections = 4, .syn_backlog = 1});
  std::vector<Sent> answers;
  for (uint16_t port = 1; port <= 7; ++port) {
    wire.give({.seq = Seq{7}, .flags = kSyn}, Wire::default_flow(port));
    answers.push_back(wire.take());
  }
  for (const Sent& answer : answers)
    wire.give({.seq = Seq{8}, .ack = answer.seq + 1}, answer.flow);
  EXPECT_EQ(wire.endpoint->counters().established, 4u);
  EXPECT_EQ(wire.dropped(DropReason::tcp_conn_limit), 3u);
  EXPECT_EQ(wire.endpoint->counters().connections, 4u);
}

TEST(Flood, over_ipv6) {
  Flooded f;
  dp::Flow flow{*dp::IpAddress::parse("2001:db8::1"), *dp::IpAddress::parse("2001:db8::2"), 443, 9};
  ASSERT_TRUE(f.wire.endpoint->listen(flow.local, 443));
  f.wire.give({.seq = Seq{7}, .flags = kSyn}, flow);
  const Sent syn_ack = f.wire.take();
  f.wire.give({.seq = Seq{8}, .ack = syn_ack.seq + 1}, flow);
  const Event e = f.wire.event();
  EXPECT_EQ(e.bits, event::kOpened);
  EXPECT_EQ(f.wire.endpoint->peer_mss(e.conn), 1220);
}

// How many resets a stray segment from each of `from` gets.
uint32_t resets(Wire& wire, dp::IpAddress from, uint32_t segments) {
  dp::Flow flow = Wire::default_flow();
  flow.remote = from;
  wire.forget();
  for (uint32_t i = 0; i < segments; ++i) {
    flow.remote_port = static_cast<uint16_t>(1 + i);
    wire.give({.seq = Seq{5}, .ack = Seq{6}}, flow);
  }
  return static_cast<uint32_t>(wire.out.size());
}

TEST(Resets, are_limited_for_each_address_and_by_a_number_nobody_knows) {
  Wire wire;
  std::set<uint32_t> limits;
  for (uint32_t i = 0; i < 20; ++i) {
    const uint32_t got = resets(wire, dp::IpAddress::v4(0x0a000001 + i), 1000);
    EXPECT_GE(got, ResetLimit::kLeast);
    EXPECT_LT(got, ResetLimit::kLeast + ResetLimit::kSpread);
    limits.insert(got);
  }
  EXPECT_GT(limits.size(), 5u);
  EXPECT_GT(wire.dropped(DropReason::tcp_reset_limit), 17'000u);
  // A flood from everywhere is bounded, too.
  uint32_t total = 0;
  for (uint32_t i = 0; i < 20'000; ++i)
    total += resets(wire, dp::IpAddress::v4(0x0b000000 + i * 7919), 10);
  EXPECT_LT(total, ResetLimit::kPlaces * (ResetLimit::kLeast + ResetLimit::kSpread));
  wire.now += kSecond;
  EXPECT_GE(resets(wire, dp::IpAddress::v4(0x0a000001), 1000), ResetLimit::kLeast);
}

// CVE-2016-5696 and its relatives: somebody off the path sends segments in a peer's name and looks at how
// he himself is answered. Whether the peer has a connection, and whether he guessed its numbers, must
// make no difference.
TEST(Resets, what_one_address_gets_says_nothing_of_the_others) {
  for (uint32_t round = 0; round < 50; ++round) {
    std::array<std::vector<uint16_t>, 2> seen;
    for (const bool connected : {false, true}) {
      Wire wire({.isn_key = {round + 1, 77}});
      if (connected) (void)Peer(wire);
      dp::Flow stranger = Wire::default_flow(3);
      stranger.remote = dp::IpAddress::v4(0xc6336400 + round);
      for (uint32_t i = 0; i < 300; ++i) {
        wire.forget();
        // In the peer's name, first a segment that a connection would challenge and nothing would reset.
        wire.give({.seq = Seq{1001 + i}, .flags = kSyn}, Wire::default_flow());
        wire.give({.seq = Seq{1001 + i}, .ack = Seq{1}, .flags = kAck}, Wire::default_flow());
        wire.forget();
        wire.give({.seq = Seq{5}, .ack = Seq{6}}, stranger);
        seen[connected].push_back(wire.quiet() ? 1 : wire.take().ip_id);
      }
    }
    EXPECT_EQ(seen[0], seen[1]);
  }
}

TEST(Resets, identification_counts_for_each_connection_apart) {
  Wire wire;
  Peer one(wire, {.port = 1});
  Peer other(wire, {.port = 2});
  const auto send = [&](Peer& peer) {
    EXPECT_TRUE(wire.endpoint->send_copy(peer.conn, std::array<uint8_t, 1>{}));
    wire.poll();
    const uint16_t id = wire.take().ip_id;
    peer.ack(++peer.sent, 65535);
    return id;
  };
  const uint16_t first = send(one);
  for (int i = 0; i < 10; ++i)
    (void)send(other);
  EXPECT_EQ(send(one), static_cast<uint16_t>(first + 1));
}

}  // namespace
}  // namespace culvert::tcp::test
