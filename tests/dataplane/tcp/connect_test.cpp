// The active open: from connect() to ESTABLISHED, and what keeps it from getting there.
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

dp::Flow outgoing(uint16_t port = 50000) {
  dp::Flow flow = Wire::default_flow();
  flow.local_port = port;
  flow.remote_port = 443;
  return flow;
}

// A connection whose SYN has been sent.
struct Dial {
  explicit Dial(Wire& on, uint16_t port = 50000) : wire(on), flow(outgoing(port)) {
    conn = wire.endpoint->connect(flow, wire.now);
    EXPECT_NE(conn.generation, 0u);
    wire.poll();
    syn = wire.take();
    EXPECT_EQ(syn.flags, kSyn);
  }
  void give(const Given& g) { wire.give(g, flow); }
  // Answers the SYN; the ACK that follows is returned.
  Sent accept(std::vector<uint8_t> options = {}, std::string_view data = {}) {
    give({.seq = Seq{900},
          .ack = syn.seq + 1,
          .flags = kSyn | kAck,
          .window = 30000,
          .data = data,
          .options = std::move(options)});
    return wire.take();
  }
  Wire& wire;
  dp::Flow flow;
  dp::ConnId conn;
  Sent syn;
};

TEST(Connect, opens_and_negotiates_everything) {
  Wire wire;
  Dial dial(wire);
  EXPECT_EQ(dial.syn.options.mss, 1380);
  EXPECT_TRUE(dial.syn.options.sack_permitted && dial.syn.options.has_timestamps);
  EXPECT_TRUE(dial.syn.options.has_window_scale);
  EXPECT_EQ(wire.endpoint->state(dial.conn), State::syn_sent);
  EXPECT_FALSE(wire.endpoint->send_copy(dial.conn, std::array<uint8_t, 1>{}));
  OptionWriter o;
  o.mss(1400);
  o.sack_permitted();
  o.timestamps(77, dial.syn.options.ts_value);
  o.window_scale(3);
  const Sent ack = dial.accept(option_bytes(o));
  EXPECT_EQ(ack.flags, kAck);
  EXPECT_EQ(ack.seq, dial.syn.seq + 1);
  EXPECT_EQ(ack.ack, Seq{901});
  EXPECT_EQ(ack.options.ts_echo, 77u);
  EXPECT_GT(uint32_t{ack.window} << dial.syn.options.window_scale, 500'000u);  // scaled from now on
  const Event e = wire.event();
  EXPECT_EQ(e.conn, dial.conn);
  EXPECT_EQ(e.bits, event::kOpened);
  EXPECT_EQ(wire.endpoint->state(dial.conn), State::established);
  EXPECT_EQ(wire.endpoint->send_mss(dial.conn), 1400 - 12);
  EXPECT_EQ(wire.endpoint->peer_mss(dial.conn), 1400);
  EXPECT_EQ(wire.endpoint->counters().connects, 1u);
  // Nothing is sent again.
  wire.run(10 * kSecond);
  EXPECT_TRUE(wire.quiet());
}

TEST(Connect, uses_no_option_that_the_peer_did_not_answer) {
  Wire wire;
  Dial dial(wire);
  const Sent ack = dial.accept();
  EXPECT_FALSE(ack.options.has_timestamps);
  EXPECT_FALSE(wire.endpoint->timestamps(dial.conn));
  EXPECT_EQ(wire.endpoint->send_mss(dial.conn), 536);
  EXPECT_EQ(ack.window, 65535);  // never scaled
}

TEST(Connect, data_goes_both_ways_and_both_sides_close) {
  Wire wire;
  Dial dial(wire);
  (void)dial.accept();
  const std::string_view hello = "hello";
  EXPECT_TRUE(wire.endpoint->send_copy(
      dial.conn, {reinterpret_cast<const uint8_t*>(hello.data()), hello.size()}));
  wire.poll();
  const Sent sent = wire.take();
  EXPECT_EQ(sent.data, "hello");
  EXPECT_EQ(sent.seq, dial.syn.seq + 1);
  dial.give({.seq = Seq{901}, .ack = sent.seq + 5, .data = "world"});
  EXPECT_EQ(wire.read(dial.conn), "world");
  wire.endpoint->shutdown(dial.conn);
  wire.poll();
  const Sent fin = wire.take();
  EXPECT_TRUE((fin.flags & kFin) != 0);
  dial.give({.seq = Seq{906}, .ack = fin.seq + 1, .flags = kAck | kFin});
  EXPECT_EQ(wire.endpoint->state(dial.conn), State::time_wait);
  EXPECT_EQ(wire.endpoint->close_reason(dial.conn), CloseReason::finished);
  wire.endpoint->release(dial.conn);
  // TIME-WAIT is ours, and the flow is not to be had before it is over.
  EXPECT_TRUE(wire.endpoint->knows(dial.flow));
  EXPECT_EQ(wire.endpoint->connect(dial.flow, wire.now).generation, 0u);
  wire.run(61 * kSecond);
  EXPECT_FALSE(wire.endpoint->knows(dial.flow));
  wire.forget();
  Dial again(wire);
  // RFC 6528: the numbers of a flow go up.
  EXPECT_GT(again.syn.seq, fin.seq);
}

TEST(Connect, data_behind_the_syn_ack_is_read) {
  Wire wire;
  Dial dial(wire);
  EXPECT_EQ(dial.accept({}, "banner").ack, Seq{901 + 6});
  EXPECT_EQ(wire.event().bits, event::kOpened | event::kReadable);
  EXPECT_EQ(wire.read(dial.conn), "banner");
}

TEST(Connect, a_reset_refuses) {
  Wire wire;
  Dial dial(wire);
  // RFC 9293 §3.10.7.3: only one that acknowledges the SYN.
  dial.give({.seq = Seq{}, .flags = kRst});
  dial.give({.seq = Seq{}, .ack = dial.syn.seq, .flags = kRst | kAck});
  dial.give({.seq = Seq{}, .ack = dial.syn.seq + 2, .flags = kRst | kAck});
  EXPECT_EQ(wire.dropped(DropReason::tcp_bad_ack), 3u);
  EXPECT_TRUE(wire.quiet());
  EXPECT_EQ(wire.endpoint->state(dial.conn), State::syn_sent);
  dial.give({.seq = Seq{}, .ack = dial.syn.seq + 1, .flags = kRst | kAck});
  const Event e = wire.event();
  EXPECT_EQ(e.bits, event::kClosed);
  EXPECT_EQ(wire.endpoint->close_reason(e.conn), CloseReason::refused);
  EXPECT_FALSE(wire.endpoint->knows(dial.flow));
  EXPECT_TRUE(wire.quiet());
  wire.endpoint->release(e.conn);
  EXPECT_EQ(wire.endpoint->counters().connections, 0u);
}

TEST(Connect, an_old_connections_segment_is_reset_and_the_syn_comes_again) {
  Wire wire;
  Dial dial(wire);
  for (const uint8_t flags : {kAck, static_cast<uint8_t>(kSyn | kAck)}) {
    dial.give({.seq = Seq{5}, .ack = Seq{123}, .flags = flags});
    const Sent reset = wire.take();
    EXPECT_EQ(reset.flags, kRst);
    EXPECT_EQ(reset.seq, Seq{123});
  }
  dial.give({.seq = Seq{5}, .ack = dial.syn.seq + 1});  // neither SYN nor RST
  EXPECT_EQ(wire.dropped(DropReason::tcp_handshake), 1u);
  EXPECT_TRUE(wire.quiet());
  wire.run(1500 * kMs);
  EXPECT_EQ(wire.take().seq, dial.syn.seq);
  (void)dial.accept();
  EXPECT_EQ(wire.endpoint->state(dial.conn), State::established);
}

TEST(Connect, is_given_up_after_three_minutes) {
  Wire wire;
  Dial dial(wire);
  const Time start = wire.now;
  wire.run(182 * kSecond);
  ASSERT_EQ(wire.out.size(), 7u);
  // RFC 6298 §5.5, bounded by a minute.
  const Time expected[] = {1, 3, 7, 15, 31, 63, 123};
  for (const Time at : expected) {
    const Sent again = wire.take();
    EXPECT_EQ(again.flags, kSyn);
    EXPECT_EQ(again.seq, dial.syn.seq);
    EXPECT_NEAR(static_cast<double>(again.at - start), static_cast<double>(at * kSecond), 1e4);
  }
  EXPECT_EQ(wire.event().bits, 0);
  wire.run(3 * kSecond);
  EXPECT_EQ(wire.event().bits, event::kClosed);
  EXPECT_EQ(wire.endpoint->close_reason(dial.conn), CloseReason::timed_out);
  EXPECT_TRUE(wire.quiet());
}

TEST(Connect, both_sides_at_once) {
  Wire wire;
  Dial dial(wire);
  OptionWriter o;
  o.mss(1000);
  o.window_scale(4);
  dial.give({.seq = Seq{300}, .flags = kSyn, .window = 20000, .options = option_bytes(o)});
  const Sent syn_ack = wire.take();
  EXPECT_EQ(syn_ack.flags, kSyn | kAck);
  EXPECT_EQ(syn_ack.seq, dial.syn.seq);
  EXPECT_EQ(syn_ack.ack, Seq{301});
  EXPECT_EQ(wire.endpoint->state(dial.conn), State::syn_received);
  wire.run(1500 * kMs);
  EXPECT_EQ(wire.take().flags, kSyn | kAck);  // it may have got lost
  dial.give({.seq = Seq{300}, .ack = dial.syn.seq + 1, .flags = kSyn | kAck, .window = 20000});
  EXPECT_EQ(wire.event().bits, event::kOpened);
  EXPECT_EQ(wire.endpoint->send_mss(dial.conn), 1000);
  EXPECT_EQ(wire.take().flags, kAck);
  dial.give({.seq = Seq{301}, .ack = dial.syn.seq + 1, .data = "both"});
  EXPECT_EQ(wire.read(dial.conn), "both");
}

TEST(Connect, both_sides_at_once_and_a_bare_ack_is_enough) {
  Wire wire;
  Dial dial(wire);
  dial.give({.seq = Seq{300}, .flags = kSyn});
  wire.forget();
  dial.give({.seq = Seq{300}, .ack = dial.syn.seq + 9, .flags = kSyn | kAck});  // wrong
  EXPECT_EQ(wire.dropped(DropReason::tcp_syn_in_window), 1u);
  dial.give({.seq = Seq{301}, .ack = dial.syn.seq + 1});
  EXPECT_EQ(wire.event().bits, event::kOpened);
}

TEST(Connect, both_sides_at_once_and_then_refused) {
  Wire wire;
  Dial dial(wire);
  dial.give({.seq = Seq{300}, .flags = kSyn});
  dial.give({.seq = Seq{301}, .flags = kRst});
  EXPECT_EQ(wire.event().bits, event::kClosed);
  EXPECT_EQ(wire.endpoint->close_reason(dial.conn), CloseReason::refused);
}

TEST(Connect, an_attempt_can_be_ended_in_every_way) {
  Wire wire;
  Dial shut(wire, 1), aborted(wire, 2), released(wire, 3), crossed(wire, 4);
  wire.endpoint->shutdown(shut.conn);
  EXPECT_EQ(wire.event().conn, shut.conn);
  EXPECT_EQ(wire.endpoint->close_reason(shut.conn), CloseReason::local_abort);
  wire.endpoint->release(shut.conn);
  wire.endpoint->abort(aborted.conn, wire.now);
  wire.endpoint->release(aborted.conn);
  wire.endpoint->release(released.conn);
  EXPECT_EQ(wire.event().conn.generation, 0u);
  wire.poll();
  EXPECT_TRUE(wire.quiet());  // no reset to somebody who may not have heard of it
  EXPECT_EQ(wire.endpoint->counters().connections, 1u);
  // Closed in SYN-RECEIVED: the FIN follows when the connection is open.
  crossed.give({.seq = Seq{300}, .flags = kSyn});
  wire.endpoint->shutdown(crossed.conn);
  wire.forget();
  crossed.give({.seq = Seq{301}, .ack = crossed.syn.seq + 1});
  EXPECT_EQ(wire.take().flags, kFin | kAck);
  EXPECT_EQ(wire.endpoint->state(crossed.conn), State::fin_wait_1);
}

TEST(Connect, many_addresses_one_flow_each) {
  Wire wire({.max_connections = 64});
  std::vector<dp::Flow> flows;
  for (uint32_t i = 0; i < 50; ++i) {
    dp::Flow flow = outgoing(7);
    flow.local = dp::IpAddress::v4(0x0a000001 + i);
    flows.push_back(flow);
    EXPECT_NE(wire.endpoint->connect(flow, wire.now).generation, 0u);
    EXPECT_EQ(wire.endpoint->connect(flow, wire.now).generation, 0u);  // in use
  }
  wire.poll();
  ASSERT_EQ(wire.out.size(), 50u);
  for (const dp::Flow& flow : flows) {
    const Sent syn = wire.take();
    EXPECT_EQ(syn.flow.local, flow.local);
    wire.give({.seq = Seq{9}, .ack = syn.seq + 1, .flags = kSyn | kAck}, flow);
    EXPECT_EQ(wire.event().bits, event::kOpened);
  }
}

TEST(Connect, slots_are_bounded_and_ports_are_needed) {
  Wire wire({.max_connections = 2});
  dp::Flow nowhere = outgoing();
  nowhere.remote_port = 0;
  EXPECT_EQ(wire.endpoint->connect(nowhere, wire.now).generation, 0u);
  EXPECT_EQ(wire.endpoint->connect(outgoing(0), wire.now).generation, 0u);
  Dial one(wire, 1), two(wire, 2);
  EXPECT_EQ(wire.endpoint->connect(outgoing(3), wire.now).generation, 0u);
}

TEST(Connect, over_ipv6) {
  Wire wire;
  const dp::Flow flow{*dp::IpAddress::parse("2001:db8::1"), *dp::IpAddress::parse("2001:db8::2"), 9,
                      443};
  const dp::ConnId conn = wire.endpoint->connect(flow, wire.now);
  wire.poll();
  const Sent syn = wire.take();
  wire.give({.seq = Seq{7}, .ack = syn.seq + 1, .flags = kSyn | kAck}, flow);
  EXPECT_EQ(wire.endpoint->state(conn), State::established);
  EXPECT_EQ(wire.endpoint->peer_mss(conn), 1220);
}

}  // namespace
}  // namespace culvert::tcp::test
