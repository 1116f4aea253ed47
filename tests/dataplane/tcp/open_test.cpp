// From SYN to ESTABLISHED, and what has no connection.
#include <algorithm>

#include "dataplane/port/interface.hpp"
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

TEST(Open, a_minimum_raises_an_mss_that_is_announced_too_small) {
  Wire wire({.tcpmss_min = 600});
  EXPECT_EQ(wire.endpoint->send_mss(Peer(wire, {.mss = 200, .port = 1}).conn), 600);
  EXPECT_EQ(wire.endpoint->send_mss(Peer(wire, {.mss = 1000, .port = 2}).conn), 1000);
  EXPECT_EQ(wire.endpoint->send_mss(Peer(wire, {.mss = 0, .port = 3}).conn), 536);  // no option
  EXPECT_EQ(wire.endpoint->peer_mss(Peer(wire, {.mss = 200, .port = 4}).conn), 200);
  Wire wide({.tcpmss_min = 9000});
  EXPECT_EQ(wide.endpoint->send_mss(Peer(wide, {.mss = 200}).conn),
            1460);  // the link's limit stays
}

TEST(Open, negotiates_everything) {
  Wire wire;
  Peer peer(wire, {.mss = 1400, .timestamps = true, .sack = true, .scale = 9});
  EXPECT_EQ(peer.syn_ack.options.mss, 1380);  // sysopt connection tcpmss
  EXPECT_TRUE(peer.syn_ack.options.sack_permitted);
  EXPECT_EQ(peer.syn_ack.options.ts_echo, 5000u);
  EXPECT_TRUE(peer.syn_ack.options.has_window_scale);
  EXPECT_EQ(wire.endpoint->peer_mss(peer.conn), 1400);
  EXPECT_EQ(wire.endpoint->send_mss(peer.conn), 1400 - 12);
  EXPECT_TRUE(wire.endpoint->timestamps(peer.conn));
}

TEST(Open, new_limits_hold_for_new_connections) {
  Wire wire;
  Peer before(wire, {.mss = 200, .port = 1});
  wire.endpoint->set_mss_limits(1460, 600);
  Peer after(wire, {.mss = 200, .port = 2});
  EXPECT_EQ(before.syn_ack.options.mss, 1380);
  EXPECT_EQ(after.syn_ack.options.mss, 1460);
  EXPECT_EQ(wire.endpoint->send_mss(before.conn), 200);
  EXPECT_EQ(wire.endpoint->send_mss(after.conn), 600);
}

TEST(Open, offers_nothing_that_the_peer_did_not) {
  Wire wire({.tcpmss_max = 0});
  Peer peer(wire, {.mss = 0});
  EXPECT_EQ(peer.syn_ack.options.mss, 1460);
  EXPECT_FALSE(peer.syn_ack.options.sack_permitted);
  EXPECT_FALSE(peer.syn_ack.options.has_timestamps);
  EXPECT_FALSE(peer.syn_ack.options.has_window_scale);
  EXPECT_EQ(wire.endpoint->peer_mss(peer.conn), 536);  // RFC 9293 §3.7.1
  EXPECT_EQ(wire.endpoint->send_mss(peer.conn), 536);
  EXPECT_FALSE(wire.endpoint->timestamps(peer.conn));
}

TEST(Open, syn_ack_is_repeated_and_given_up) {
  Wire wire;
  wire.give({.seq = Seq{7}, .flags = kSyn});
  const Sent first = wire.take();
  wire.run(200 * kSecond);
  EXPECT_EQ(wire.out.size(), 5u);
  EXPECT_EQ(wire.take().seq, first.seq);
  EXPECT_EQ(wire.dropped(DropReason::tcp_handshake), 1u);
  EXPECT_EQ(wire.endpoint->counters().connections, 0u);
  EXPECT_EQ(wire.event().conn.generation, 0u);
}

TEST(Open, doubled_syn_gets_the_same_answer) {
  Wire wire;
  wire.give({.seq = Seq{7}, .flags = kSyn});
  wire.give({.seq = Seq{7}, .flags = kSyn});
  ASSERT_EQ(wire.out.size(), 2u);
  EXPECT_EQ(wire.take().seq, wire.take().seq);
}

TEST(Open, wrong_third_segment_is_reset) {
  Wire wire;
  wire.give({.seq = Seq{7}, .flags = kSyn});
  const Sent syn_ack = wire.take();
  wire.give({.seq = Seq{8}, .ack = syn_ack.seq + 2});
  const Sent reset = wire.take();
  EXPECT_EQ(reset.flags, kRst);
  EXPECT_EQ(reset.seq, syn_ack.seq + 2);
  EXPECT_EQ(wire.dropped(DropReason::tcp_handshake), 1u);
}

TEST(Open, reset_in_syn_received_goes_back_to_listen) {
  Wire wire;
  wire.give({.seq = Seq{7}, .flags = kSyn});
  wire.forget();
  wire.give({.seq = Seq{9}, .flags = kRst});  // not exactly in sequence
  EXPECT_EQ(wire.endpoint->counters().connections, 1u);
  wire.give({.seq = Seq{8}, .flags = kRst});
  EXPECT_EQ(wire.endpoint->counters().connections, 0u);
  EXPECT_TRUE(wire.quiet());
}

TEST(Open, data_and_fin_with_the_third_segment) {
  Wire wire;
  wire.give({.seq = Seq{7}, .flags = kSyn});
  const Sent syn_ack = wire.take();
  wire.give({.seq = Seq{8}, .ack = syn_ack.seq + 1, .flags = kAck | kFin, .data = "hello"});
  const Event e = wire.event();
  EXPECT_EQ(e.bits, event::kOpened | event::kReadable | event::kPeerClosed);
  EXPECT_EQ(wire.read(e.conn), "hello");
  EXPECT_EQ(wire.take().ack, Seq{8 + 5 + 1});
}

TEST(Open, closed_port_and_stray_segments_are_reset) {
  Wire wire;
  dp::Flow flow = Wire::default_flow();
  flow.local_port = 80;
  wire.give({.seq = Seq{7}, .flags = kSyn}, flow);
  Sent reset = wire.take();
  EXPECT_EQ(reset.flags, kRst | kAck);
  EXPECT_EQ(reset.ack, Seq{8});
  EXPECT_EQ(wire.dropped(DropReason::tcp_no_listener), 1u);
  wire.give({.seq = Seq{7}, .ack = Seq{99}, .data = "abc"});
  reset = wire.take();
  EXPECT_EQ(reset.flags, kRst);
  EXPECT_EQ(reset.seq, Seq{99});
  wire.give({.seq = Seq{7}, .flags = kRst});
  EXPECT_TRUE(wire.quiet());
  EXPECT_EQ(wire.dropped(DropReason::tcp_not_syn), 2u);
}

// Sends a SYN from `port` and returns the answer.
Sent open_half(Wire& wire, uint16_t port) {
  wire.give({.seq = Seq{7}, .flags = kSyn}, Wire::default_flow(port));
  return wire.take();
}

// Answers the SYN-ACK; true if that opened the connection, false if it was reset.
bool complete(Wire& wire, const Sent& syn_ack) {
  wire.give({.seq = Seq{8}, .ack = syn_ack.seq + 1}, syn_ack.flow);
  if (wire.event().bits == event::kOpened) return true;
  EXPECT_EQ(wire.take().flags, kRst);
  return false;
}

TEST(Open, a_full_backlog_turns_nobody_away) {
  Wire wire({.max_connections = 15, .syn_backlog = 3});
  std::vector<Sent> answers;
  for (uint16_t port = 1; port <= 5; ++port) {
    answers.push_back(open_half(wire, port));
    EXPECT_EQ(answers.back().flags, kSyn | kAck);
  }
  EXPECT_TRUE(wire.quiet());
  EXPECT_EQ(wire.endpoint->counters().connections, 3u);
  EXPECT_EQ(wire.endpoint->counters().cookies_sent, 2u);
  EXPECT_EQ(wire.dropped(DropReason::tcp_handshake), 0u);
  for (const Sent& answer : answers)
    EXPECT_TRUE(complete(wire, answer));
  EXPECT_EQ(wire.endpoint->counters().cookies_accepted, 2u);
}

TEST(Open, one_who_answers_gets_in_through_a_slow_flood) {
  Wire wire;
  for (uint16_t port = 1; port <= 100; ++port) {
    open_half(wire, port);
    wire.run(100 * kMs);
  }
  wire.forget();
  EXPECT_TRUE(complete(wire, open_half(wire, 200)));
}

TEST(Open, the_backlog_is_a_quarter_of_the_slots) {
  for (const uint32_t slots : {1u, 3u, 8u}) {
    Wire wire({.max_connections = slots});
    for (uint16_t port = 1; port <= 10; ++port) {
      EXPECT_EQ(open_half(wire, port).flags, kSyn | kAck);
    }
    EXPECT_EQ(wire.endpoint->counters().connections, std::max(1u, slots / 4));
  }
}

TEST(Open, slots_are_bounded) {
  Wire wire({.max_connections = 8});
  for (uint16_t port = 1; port <= 7; ++port) {
    EXPECT_TRUE(complete(wire, open_half(wire, port)));
  }
  // Half-open connections do not shut the door while the backlog has places but the slots are gone.
  const Sent slow = open_half(wire, 8);
  const Sent quick = open_half(wire, 9);
  EXPECT_EQ(wire.dropped(DropReason::tcp_handshake), 1u);
  EXPECT_FALSE(complete(wire, slow));
  EXPECT_TRUE(complete(wire, quick));
  wire.give({.seq = Seq{7}, .flags = kSyn}, Wire::default_flow(10));
  EXPECT_TRUE(wire.quiet());
  EXPECT_EQ(wire.dropped(DropReason::tcp_conn_limit), 1u);
  EXPECT_EQ(wire.endpoint->counters().connections, 8u);
}

TEST(Open, malformed_segments_are_dropped_by_name) {
  Wire wire;
  const dp::Flow flow = Wire::default_flow();
  rte_mbuf* m = wire.packet({.seq = Seq{1}, .flags = kSyn}, flow);
  rte_pktmbuf_trim(m, 1);
  wire.input(m);
  EXPECT_EQ(wire.dropped(DropReason::tcp_bad_header), 1u);
  m = wire.packet({.seq = Seq{1}, .flags = kSyn}, flow);
  *rte_pktmbuf_mtod_offset(m, uint8_t*, 32) = 0xf0;  // 60 bytes of header
  wire.input(m);
  EXPECT_EQ(wire.dropped(DropReason::tcp_bad_header), 2u);
  m = wire.packet({.seq = Seq{1}, .flags = kSyn}, flow);
  *rte_pktmbuf_mtod_offset(m, uint8_t*, 36) ^= 1;
  wire.input(m);
  EXPECT_EQ(wire.dropped(DropReason::tcp_bad_checksum), 1u);
  m = wire.packet({.seq = Seq{1}, .flags = kSyn}, flow);
  *rte_pktmbuf_mtod_offset(m, uint8_t*, 36) ^= 1;
  m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;  // the port vouches for it
  wire.input(m);
  EXPECT_EQ(wire.take().flags, kSyn | kAck);
  for (const int flags : {0, int{kSyn | kFin}, int{kSyn | kRst}, int{kFin}}) {
    wire.give({.seq = Seq{1}, .flags = static_cast<uint8_t>(flags)});
  }
  EXPECT_EQ(wire.dropped(DropReason::tcp_bad_flags), 4u);
  wire.give({.seq = Seq{1}, .flags = kSyn, .options = {2, 9, 0, 0}});
  EXPECT_EQ(wire.dropped(DropReason::tcp_bad_options), 1u);
}

TEST(Open, listens_on_every_address_that_the_box_may_have) {
  Wire wire;
  wire.endpoint->unlisten(Wire::default_flow().local, 443);
  for (unsigned i = 0; i < dp::kMaxLocalAddresses; ++i)
    EXPECT_TRUE(wire.endpoint->listen(dp::IpAddress::v4(0x0a000001 + i), 443));
  EXPECT_FALSE(wire.endpoint->listen(dp::IpAddress::v4(0x0b000001), 443));
}

TEST(Open, ipv6) {
  Wire wire;
  dp::Flow flow{*dp::IpAddress::parse("2001:db8::1"), *dp::IpAddress::parse("2001:db8::2"), 443, 9};
  ASSERT_TRUE(wire.endpoint->listen(flow.local, 443));
  wire.give({.seq = Seq{7}, .flags = kSyn}, flow);
  const Sent syn_ack = wire.take();
  EXPECT_EQ(syn_ack.flags, kSyn | kAck);
  wire.give({.seq = Seq{8}, .ack = syn_ack.seq + 1, .data = "six"}, flow);
  const Event e = wire.event();
  EXPECT_EQ(wire.read(e.conn), "six");
  EXPECT_EQ(wire.endpoint->peer_mss(e.conn), 1220);
}

}  // namespace
}  // namespace culvert::tcp::test
