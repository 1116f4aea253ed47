#include "dataplane/cstp/setup.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/cstp/dialogue.hpp"

namespace culvert::cstp::test {
namespace {

using tcp::test::kSecond;
using tcp::test::pattern;

std::string record(size_t body, uint8_t type = 22) {
  std::string r{static_cast<char>(type), 3, 1, static_cast<char>(body >> 8),
                static_cast<char>(body)};
  return r + pattern(body);
}

TEST(Setup, OpenedTellsWhoAndHowLargeSegmentsAre) {
  Dialogue d;
  const Told t = d.expect(MessageKind::opened);
  EXPECT_EQ(t.flow, d.peer.flow);
  EXPECT_EQ(t.peer_mss, 1460);
  EXPECT_FALSE(d.told());
}

TEST(Setup, PassesOneRecordForEachRequest) {
  Dialogue d;
  d.expect(MessageKind::opened);
  const std::string first = record(300), second = record(700), third = record(16'384 + 2048);
  d.say(first + second);
  EXPECT_FALSE(d.told());  // nobody has asked
  d.tell(MessageKind::want_record);
  EXPECT_EQ(d.expect(MessageKind::record).data, first);
  EXPECT_FALSE(d.told());
  d.tell(MessageKind::want_record);
  EXPECT_EQ(d.expect(MessageKind::record).data, second);
  d.tell(MessageKind::want_record);
  d.say(third);
  EXPECT_EQ(d.expect(MessageKind::record).data, third);
  EXPECT_EQ(d.wire.endpoint->readable(d.conn), 0u);
}

tcp::EndpointConfig little_room() {
  tcp::EndpointConfig config;
  config.first_receive_buffer = kFirstRoom;
  return config;
}

TEST(Setup, WhoHasNoPlaceYetHoldsLittle) {
  Dialogue d(crypto::tls_suites().front(), 8, little_room());
  d.expect(MessageKind::opened);
  d.tell(MessageKind::want_record);
  const std::string hello = record(500);
  d.say(hello);
  EXPECT_EQ(d.expect(MessageKind::record).data, hello);
  // It has to wait, and goes on.
  const uint32_t before = d.sent;
  d.say(record(16'000));
  EXPECT_LE(d.wire.endpoint->readable(d.conn), kFirstRoom);
  EXPECT_GT(d.wire.endpoint->readable(d.conn), kFirstRoom - 1400);
  EXPECT_LE(d.wire.endpoint->buffers_held(), 4u);
  // In set-up there is room for the whole of it.
  d.tell(MessageKind::want_record);
  d.sent = before + d.wire.endpoint->readable(d.conn);
  d.say(record(16'000).substr(d.sent - before));
  EXPECT_EQ(d.expect(MessageKind::record).data, record(16'000));
}

TEST(Setup, AHelloThatIsLargerHasRoomUnlessThereAreManyOfThem) {
  const std::string hello = record(16'000);
  Dialogue d(crypto::tls_suites().front(), 8, little_room());
  d.expect(MessageKind::opened);
  d.tell(MessageKind::want_record);
  d.say(hello.substr(0, 1000));
  EXPECT_EQ(d.tunnels.large_hellos, 1u);
  d.say(hello.substr(1000));
  EXPECT_EQ(d.expect(MessageKind::record).data, hello);
  d.tell(MessageKind::want_record);
  EXPECT_EQ(d.tunnels.large_hellos, 0u);

  Dialogue crowded(crypto::tls_suites().front(), 8, little_room());
  crowded.expect(MessageKind::opened);
  crowded.tunnels.large_hellos = kMostLargeHellos;
  crowded.tell(MessageKind::want_record);
  crowded.say(hello.substr(0, 1000));
  crowded.say(hello.substr(1000));
  EXPECT_FALSE(crowded.told());
  EXPECT_LE(crowded.wire.endpoint->readable(crowded.conn), kFirstRoom);
}

TEST(Setup, ALargeHelloThatNeverComesGivesItsRoomBack) {
  Dialogue d(crypto::tls_suites().front(), 8, little_room());
  d.expect(MessageKind::opened);
  d.tell(MessageKind::want_record);
  d.say(record(16'000).substr(0, 5));
  EXPECT_EQ(d.tunnels.large_hellos, 1u);
  d.reset();
  EXPECT_EQ(d.tunnels.large_hellos, 0u);
  EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::peer_reset);
}

TEST(Setup, ARecordThatComesByteByByteIsPassedWhenItIsWhole) {
  Dialogue d;
  d.expect(MessageKind::opened);
  d.tell(MessageKind::want_record);
  EXPECT_TRUE(d.tunnels.owing.empty());  // nothing to do until bytes come
  const std::string r = record(100);
  for (size_t i = 0; i + 1 < r.size(); ++i) {
    d.say(r.substr(i, 1));
    ASSERT_FALSE(d.told());
  }
  d.say(r.substr(r.size() - 1));
  EXPECT_EQ(d.expect(MessageKind::record).data, r);
}

TEST(Setup, SendsWhatControlWrites) {
  Dialogue d;
  const std::string flight = pattern(18'000);
  d.tell(MessageKind::send, flight);
  d.tell(MessageKind::send, "reply");
  EXPECT_EQ(d.hear(), flight + "reply");
}

TEST(Setup, NoiseEndsTheConnectionByName) {
  for (const std::string& noise :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(5, '\0'),
        std::string("\x17\x03\x03\x00\x00", 5), std::string("\x17\x03\x03\xff\xff", 5)}) {
    Dialogue d;
    d.expect(MessageKind::opened);
    d.tell(MessageKind::want_record);
    d.say(noise);
    EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::bad_record);
    EXPECT_EQ(d.dropped(DropReason::tls_first_record), 1u);
    EXPECT_EQ(d.hear(), "");
    EXPECT_TRUE(d.heard_fin);
  }
}

TEST(Setup, FinIsToldWhenTheBytesBeforeItAreRead) {
  for (const bool cut : {false, true}) {
    Dialogue d;
    d.expect(MessageKind::opened);
    const std::string whole = record(50);
    d.fin(whole + (cut ? record(50).substr(0, 30) : ""));
    EXPECT_FALSE(d.told());
    d.tell(MessageKind::want_record);
    EXPECT_EQ(d.expect(MessageKind::record).data, whole);
    EXPECT_FALSE(d.told());
    d.tell(MessageKind::want_record);
    EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::peer_closed);
    EXPECT_EQ(d.hear(), "");
    EXPECT_TRUE(d.heard_fin);
  }
}

TEST(Setup, FinWhileARecordIsWantedEndsAtOnce) {
  for (const size_t have : {0u, 3u, 5u, 54u}) {
    Dialogue d;
    d.expect(MessageKind::opened);
    d.tell(MessageKind::want_record);
    d.fin(record(50).substr(0, have));
    EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::peer_closed) << have;
  }
}

// A client that leaves while its password is verified: its close_notify, then its FIN, or the FIN alone.
TEST(Setup, FinBehindARecordEndsWhenTheNextIsWanted) {
  for (const bool close_notify : {true, false}) {
    Dialogue d;
    d.expect(MessageKind::opened);
    d.tell(MessageKind::want_record);
    d.say(record(50));
    d.expect(MessageKind::record);
    d.tell(MessageKind::want_record);
    d.fin(close_notify ? record(19, 21) : "");
    if (close_notify) {
      EXPECT_EQ(d.expect(MessageKind::record).data, record(19, 21));
      EXPECT_FALSE(d.told());
      d.tell(MessageKind::close);
      EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::closed_here);
    } else {
      EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::peer_closed);
    }
    EXPECT_EQ(d.hear(), "");
    EXPECT_TRUE(d.heard_fin);
  }
}

TEST(Setup, ResetInEveryPhase) {
  for (int phase = 0; phase < 4; ++phase) {
    Dialogue d;
    d.expect(MessageKind::opened);
    if (phase == 1) d.tell(MessageKind::want_record);
    if (phase == 2) d.say(record(50));
    if (phase == 3) d.promote();
    d.reset();
    EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::peer_reset) << phase;
    // What crosses the end on its way changes nothing.
    d.tell(MessageKind::want_record);
    d.tell(MessageKind::send, "late");
    d.put_promote({});
    d.tell(MessageKind::close, "bye", 5);
    EXPECT_FALSE(d.told());
  }
}

TEST(Setup, TimesOutWhenNothingWholeComes) {
  Dialogue d;
  d.expect(MessageKind::opened);
  d.pass(500 * kSecond);
  d.tell(MessageKind::want_record);  // control is at work: the time starts again
  d.say(record(50).substr(0, 20));
  d.pass(599 * kSecond);
  EXPECT_FALSE(d.told());
  d.pass(3 * kSecond);
  EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::handshake_timeout);
  EXPECT_TRUE(d.heard_reset);
}

TEST(Setup, CloseSendsFinAndAbortResets) {
  {
    Dialogue d;
    d.expect(MessageKind::opened);
    d.tell(MessageKind::send, "HTTP 404");
    d.tell(MessageKind::close, "ignored before a tunnel", 5);
    EXPECT_EQ(d.hear(), "HTTP 404");
    EXPECT_TRUE(d.heard_fin);
    EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::closed_here);
    d.tell(MessageKind::close);
    d.tell(MessageKind::abort);
    EXPECT_FALSE(d.told());
  }
  Dialogue d;
  d.expect(MessageKind::opened);
  d.tell(MessageKind::abort);
  EXPECT_EQ(d.hear(), "");
  EXPECT_TRUE(d.heard_reset);
  EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::closed_here);
}

TEST(Setup, AStaleIdNamesNothing) {
  Dialogue d;
  d.expect(MessageKind::opened);
  const ConnId live = d.conn;
  for (const ConnId& stale :
       {ConnId{0, live.slot, live.generation + 1}, ConnId{0, live.slot, 0},
        ConnId{0, live.slot + 1u, live.generation}, ConnId{0, 16, 1}, ConnId{0, 0xffffffff, 1}}) {
    d.conn = stale;
    for (const auto kind : {MessageKind::want_record, MessageKind::send, MessageKind::close,
                            MessageKind::abort, MessageKind::forget}) {
      d.tell(kind, "x");
    }
    d.put_promote({});
    d.pump();
  }
  d.conn = live;
  EXPECT_FALSE(d.told());
  EXPECT_EQ(d.tunnel().phase, Phase::setup);
  EXPECT_EQ(d.hear(), "");
  EXPECT_FALSE(d.heard_fin || d.heard_reset);
}

TEST(Setup, WhatNoMessageWasFreeForIsToldLaterAndInOrder) {
  Dialogue d(crypto::tls_suites().front(), 3);
  d.expect(MessageKind::opened);
  d.tell(MessageKind::want_record);
  std::vector<dp::Message*> taken;
  while (dp::Message* m = d.mailbox.allocate_for_control())
    taken.push_back(m);
  const std::string r = record(60);
  d.say(r);
  EXPECT_FALSE(d.told());
  EXPECT_EQ(d.tunnel().owed, owed::kRecord);
  EXPECT_EQ(d.wire.endpoint->readable(d.conn), r.size());  // its window closes by and by
  d.mailbox.free(taken.back());
  taken.pop_back();
  d.pump();
  EXPECT_EQ(d.expect(MessageKind::record).data, r);
  EXPECT_EQ(d.tunnel().owed, 0);
  d.put_promote({});
  d.pump();  // uses the one that is free for `promoted`
  const std::string packet = d.sealed_packet(PacketType::disconnect,
                                             "\xb0"
                                             "bye");
  d.say(packet);
  EXPECT_EQ(d.tunnel().owed, owed::kEnded);
  d.expect(MessageKind::promoted);
  d.pump();
  EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::client_disconnect);
  for (dp::Message* m : taken)
    d.mailbox.free(m);
}

TEST(Setup, OpenedPromotedAndEndedKeepTheirOrderThroughAFullPool) {
  Dialogue d(crypto::tls_suites().front(), 2);
  d.expect(MessageKind::opened);
  std::vector<dp::Message*> taken;
  while (dp::Message* m = d.mailbox.allocate_for_control())
    taken.push_back(m);
  d.put_promote({});
  d.pump();  // nothing can be told
  d.reset();
  EXPECT_EQ(d.tunnel().phase, Phase::ended);
  EXPECT_FALSE(d.told());
  d.mailbox.free(taken.back());
  taken.pop_back();
  d.pump();
  d.expect(MessageKind::promoted);
  EXPECT_FALSE(d.told());
  d.pump();
  d.expect(MessageKind::ended);
  EXPECT_FALSE(d.told());
  for (dp::Message* m : taken)
    d.mailbox.free(m);
}

TEST(Setup, PromotionTakesWhatWaitsBehindTheConnect) {
  Dialogue d;
  d.expect(MessageKind::opened);
  const std::string connect = record(80, 23);
  d.say(join({connect, d.sealed_packet(PacketType::data, "one"),
              d.sealed_packet(PacketType::data, "two")}));
  d.tell(MessageKind::want_record);
  EXPECT_EQ(d.expect(MessageKind::record).data, connect);
  EXPECT_TRUE(d.up.empty());
  d.tell(MessageKind::send, "200 CONNECTED");
  const Told t = d.promote();
  EXPECT_EQ(d.hear(), "200 CONNECTED");
  EXPECT_EQ(d.up, (std::vector<std::string>{"one", "two"}));
  ASSERT_NE(t.counters, nullptr);
  EXPECT_EQ(t.counters->rx_packets.load(), 2u);
  EXPECT_EQ(t.counters->rx_bytes.load(), 6u);
  EXPECT_EQ(t.counters->rx_records.load(), 2u);
  EXPECT_EQ(t.counters->last_rx_us.load(), d.wire.now);
  EXPECT_EQ(t.counters->last_data_us.load(), d.wire.now);
}

TEST(Setup, FinBeforeThePromotionIsToldAfterIt) {
  Dialogue d;
  d.expect(MessageKind::opened);
  d.fin(d.sealed_packet(PacketType::data, "last"));
  d.promote();
  EXPECT_EQ(d.up, std::vector<std::string>{"last"});
  EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::peer_closed);
}

TEST(Setup, AWantedRecordDoesNotOutliveThePromotion) {
  Dialogue d;
  d.expect(MessageKind::opened);
  d.tell(MessageKind::want_record);
  d.promote();
  d.say(d.sealed_packet(PacketType::data, "x"));
  EXPECT_FALSE(d.told());
  EXPECT_EQ(d.up.size(), 1u);
  EXPECT_TRUE(d.tunnels.owing.empty());
}

TEST(Setup, KeysThatDoNotFitEndTheConnection) {
  Dialogue d;
  d.expect(MessageKind::opened);
  d.client_material.key.assign(std::vector<uint8_t>(7, 1));
  d.put_promote({});
  d.pump();
  EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::bad_record);
  EXPECT_EQ(d.hear(), "");
  EXPECT_TRUE(d.heard_reset);
}

TEST(Setup, ASlotThatIsUsedAgainOwesNothingOfItsFirstLife) {
  TunnelTable table(4);
  Tunnel& t = table.open({0, 2, 1});
  table.owe(t, owed::kOpened | owed::kEnded);
  EXPECT_EQ(table.owing, std::vector<uint32_t>{2});
  table.open({0, 1, 1});
  table.close(t);
  EXPECT_EQ(table.active, std::vector<uint32_t>{1});
  EXPECT_EQ(table.find({0, 2, 1}), nullptr);
  Tunnel& again = table.open({0, 2, 2});
  EXPECT_EQ(again.owed, 0);
  EXPECT_EQ(table.find({0, 2, 1}), nullptr);
  EXPECT_EQ(table.find({0, 2, 2}), &again);
  table.owe(again, owed::kOpened);
  EXPECT_EQ(table.owing, std::vector<uint32_t>{2});  // listed once
  table.close(table[1]);
  EXPECT_EQ(table.active, std::vector<uint32_t>{2});
  EXPECT_EQ(again.active_index, 0u);
}

}  // namespace
}  // namespace culvert::cstp::test
