#include "dataplane/cstp/control_packet.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/cstp/dialogue.hpp"

namespace culvert::cstp::test {
namespace {

using tcp::test::kSecond;
using tcp::test::pattern;

TEST(ControlPacket, DpdIsEchoedWithItsPayload) {
  for (const auto& suite : crypto::tls_suites()) {
    Dialogue d(suite);
    d.promote();
    const size_t largest =
        RTE_MBUF_DEFAULT_DATAROOM - kHeaderSize - crypto::record::overhead(suite).total();
    for (const size_t size : {size_t{0}, size_t{1}, size_t{4}, size_t{1300}, largest}) {
      d.say(d.sealed_packet(PacketType::dpd_request, pattern(size)));
      const auto records = d.hear_records();
      ASSERT_EQ(records.size(), 1u) << size;
      EXPECT_TRUE(records[0].is(PacketType::dpd_response));
      EXPECT_EQ(records[0].payload(), pattern(size));
    }
    // What does not fit one buffer is answered, but not measured with.
    for (const size_t size : {largest + 1, size_t{16'000}}) {
      d.say(d.sealed_packet(PacketType::dpd_request, pattern(size)));
      const auto records = d.hear_records();
      ASSERT_EQ(records.size(), 1u) << size;
      EXPECT_TRUE(records[0].is(PacketType::dpd_response));
      EXPECT_EQ(records[0].payload(), "");
    }
    EXPECT_TRUE(d.up.empty());
    EXPECT_EQ(d.tunnels.counters(d.conn.slot).tx_records.load(), 7u);
  }
}

TEST(ControlPacket, KeepalivesAndResponsesAreNotAnswered) {
  Dialogue d;
  d.promote();
  d.say(d.sealed_packet(PacketType::keepalive, {}));
  d.say(d.sealed_packet(PacketType::dpd_response, "x"));
  EXPECT_EQ(d.hear(), "");
  EXPECT_FALSE(d.told());
}

TEST(ControlPacket, WithoutABufferADpdIsNotAnsweredAndNothingBreaks) {
  Dialogue d;
  d.promote();
  d.queue(d.sealed_packet(PacketType::dpd_request, "x"));
  {
    EmptyPool empty;  // a record alone in its segment needs none to be opened
    d.pump();
  }
  EXPECT_TRUE(d.hear_records().empty());
  d.say(d.sealed_packet(PacketType::dpd_request, "y"));
  const auto records = d.hear_records();  // no sequence number was lost
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].payload(), "y");
}

TEST(ControlPacket, DpdAsksWhenSilentAndEndsADeadTunnel) {
  Dialogue d;
  d.promote({.dpd = 30});
  d.pass(28 * kSecond);
  EXPECT_TRUE(d.hear_records().empty());
  d.pass(4 * kSecond);
  auto records = d.hear_records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_TRUE(records[0].is(PacketType::dpd_request));
  // An answer, and the clock starts again.
  d.say(d.sealed_packet(PacketType::dpd_response, {}));
  d.pass(28 * kSecond);
  EXPECT_TRUE(d.hear_records().empty());
  // No answer: once an interval has passed, then every half of one, and the end after three.
  d.pass(60 * kSecond);
  EXPECT_FALSE(d.told());
  records = d.hear_records();
  EXPECT_EQ(records.size(), 4u);
  for (const auto& r : records)
    EXPECT_TRUE(r.is(PacketType::dpd_request));
  d.pass(5 * kSecond);
  EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::dpd_failure);
  EXPECT_TRUE(d.heard_reset);
}

TEST(ControlPacket, AnyRecordIsASignOfLife) {
  Dialogue d;
  d.promote({.dpd = 10});
  for (int i = 0; i < 20; ++i) {
    d.pass(8 * kSecond);
    d.say(i % 2 ? d.sealed_packet(PacketType::data, "x")
                : d.sealed_packet(PacketType::keepalive, {}));
  }
  EXPECT_TRUE(d.hear_records().empty());
  EXPECT_FALSE(d.told());
}

TEST(ControlPacket, KeepaliveWhenNothingWasSent) {
  Dialogue d;
  d.promote({.keepalive = 20});
  d.pass(18 * kSecond);
  d.down({"packet"});
  EXPECT_EQ(d.hear_records().size(), 1u);
  d.pass(18 * kSecond);
  EXPECT_TRUE(d.hear_records().empty());
  d.pass(4 * kSecond);
  const auto records = d.hear_records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_TRUE(records[0].is(PacketType::keepalive));
}

TEST(ControlPacket, CloseSaysWhyAndNothingFollowsCloseNotify) {
  for (const auto& suite : crypto::tls_suites()) {
    Dialogue d(suite);
    d.promote();
    d.down({"before"});
    d.tell(MessageKind::close,
           "\xb0"
           "Administrator Reset",
           static_cast<uint8_t>(PacketType::disconnect));
    EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::closed_here);
    d.down({"after"});
    const auto records = d.hear_records();
    ASSERT_EQ(records.size(), 3u);
    EXPECT_TRUE(records[0].is(PacketType::data));
    EXPECT_TRUE(records[1].is(PacketType::disconnect));
    EXPECT_EQ(records[1].payload(),
              "\xb0"
              "Administrator Reset");
    EXPECT_TRUE(records[2].is_alert(0));
    EXPECT_TRUE(d.heard_fin);
    EXPECT_EQ(d.dropped(DropReason::svc_no_channel), 1u);
    d.say(d.sealed_packet(PacketType::data, "crossed"));
    d.tell(MessageKind::forget);
    EXPECT_EQ(d.tunnels.find(d.conn), nullptr);
    EXPECT_FALSE(d.told());
  }
}

TEST(ControlPacket, CloseWithoutACodeOnlyEndsTls) {
  Dialogue d;
  d.promote();
  d.tell(MessageKind::close);
  const auto records = d.hear_records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_TRUE(records[0].is_alert(0));
}

TEST(ControlPacket, AbortOfATunnelResets) {
  Dialogue d;
  d.promote();
  d.tell(MessageKind::abort);
  EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::closed_here);
  EXPECT_EQ(d.hear(), "");
  EXPECT_TRUE(d.heard_reset);
}

TEST(ControlPacket, ForgetIsGoodAtAnyTime) {
  for (int phase = 0; phase < 3; ++phase) {
    Dialogue d;
    if (phase > 0) d.promote();
    if (phase > 1) d.queue(d.sealed_packet(PacketType::data, "unread"));
    d.tell(MessageKind::forget);
    EXPECT_EQ(d.tunnels.find(d.conn), nullptr);
    d.tell(MessageKind::forget);
  }
}

TEST(ControlPacket, SweepLooksAtEveryTunnelOnceASecond) {
  Dialogue d;
  d.promote({.dpd = 10});
  // Many steps or few: the same virtual time, the same requests.
  d.pass(12 * kSecond, 5'000);
  EXPECT_EQ(d.hear_records().size(), 1u);
  d.say(d.sealed_packet(PacketType::dpd_response, {}));
  d.pass(12 * kSecond, 2'000'000);
  EXPECT_EQ(d.hear_records().size(), 1u);
  sweep_timers(d.context, d.wire.now, 0);
}

}  // namespace
}  // namespace culvert::cstp::test
