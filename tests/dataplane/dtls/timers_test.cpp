#include "dataplane/dtls/timers.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/dtls/rig.hpp"

namespace culvert::dtls {
namespace {

using namespace test;

class DtlsTimers : public testing::Test {
 protected:
  DtlsTimers() : rig(2), c(rig.client(0, 0, 1)) {}
  void up(const Timers& timers) {
    rig.install(*c, timers);
    rig.land(*c, Rig::packet(*c, PacketType::data, "x"));
    (void)rig.expect(MessageKind::dtls_up);
  }
  unsigned heard(PacketType type) {
    unsigned n = 0;
    for (const Heard& h : rig.hear(*c))
      n += h.plaintext == std::string(1, static_cast<char>(type));
    return n;
  }
  Rig rig;
  std::unique_ptr<Client> c;
};

TEST_F(DtlsTimers, SilenceIsAskedAboutAndThenSaidWithinTheInterval) {
  up({.dpd = 20});
  rig.pass(9 * dp::kSecond);
  EXPECT_EQ(heard(PacketType::dpd_request), 0u);
  rig.pass(2 * dp::kSecond);
  EXPECT_EQ(heard(PacketType::dpd_request), 1u);
  rig.pass(8 * dp::kSecond);
  EXPECT_EQ(heard(PacketType::dpd_request), 1u);
  EXPECT_FALSE(rig.told());
  rig.pass(2 * dp::kSecond);
  EXPECT_EQ(rig.expect(MessageKind::dtls_silent).conn, c->rx);
  EXPECT_EQ(heard(PacketType::dpd_request), 1u) << "it may come back";
  // Both sides go on working, and one record brings it back.
  rig.down(*c, {"still sent"});
  EXPECT_EQ(rig.hear(*c).size(), 1u);
  rig.pass(30 * dp::kSecond);
  EXPECT_FALSE(rig.told());
  rig.land(*c, Rig::packet(*c, PacketType::dpd_response));
  EXPECT_EQ(rig.expect(MessageKind::dtls_up).conn, c->rx);
}

TEST_F(DtlsTimers, AnAnswerKeepsItUp) {
  up({.dpd = 20});
  for (int i = 0; i < 10; ++i) {
    rig.pass(12 * dp::kSecond);
    EXPECT_GE(heard(PacketType::dpd_request), 1u);
    rig.land(*c, Rig::packet(*c, PacketType::dpd_response));
  }
  EXPECT_FALSE(rig.told());
}

TEST_F(DtlsTimers, ForgeriesDoNotKeepItUp) {
  up({.dpd = 10});
  for (int i = 0; i < 12; ++i) {
    rig.pass(dp::kSecond);
    std::string forged = Rig::packet(*c, PacketType::data, "x");
    forged.back() = static_cast<char>(forged.back() ^ 1);
    rig.land(*c, forged);
  }
  (void)rig.expect(MessageKind::dtls_silent);
}

TEST_F(DtlsTimers, WhoStaysSilentIsNotAskedForEver) {
  up({.dpd = 10});
  rig.pass(200 * dp::kSecond);
  const unsigned asked = heard(PacketType::dpd_request);
  EXPECT_GE(asked, 5u);
  EXPECT_LE(asked, 12u);
  rig.pass(200 * dp::kSecond);
  EXPECT_EQ(heard(PacketType::dpd_request), 0u);
}

TEST_F(DtlsTimers, PacketsThatGoDownWithoutASignSayItSooner) {
  up({.dpd = 30});
  rig.pass(10 * dp::kSecond);  // idle: that is no reason
  EXPECT_EQ(heard(PacketType::dpd_request), 0u);
  // Nobody knows yet how long an answer takes.
  for (int i = 0; i < 30; ++i) {
    rig.down(*c, {"data"});
    rig.pass(100'000);
  }
  EXPECT_FALSE(rig.told());
  EXPECT_GE(heard(PacketType::dpd_request), 2u);
  rig.pass(2 * dp::kSecond);
  (void)rig.expect(MessageKind::dtls_silent);
  c->flow.remote_port = 50'000;
  rig.land(*c, Rig::packet(*c, PacketType::data, "here"));
  EXPECT_EQ(rig.expect(MessageKind::dtls_up).flow, c->flow);
  EXPECT_EQ(rig.expect(MessageKind::dtls_moved).flow, c->flow);
  // Data one way only is no reason either, as long as the client answers.
  for (int i = 0; i < 100; ++i) {
    rig.down(*c, {"data"});
    rig.pass(100'000);
    if (heard(PacketType::dpd_request) != 0) {
      rig.land(*c, Rig::packet(*c, PacketType::dpd_response));
    }
  }
  EXPECT_FALSE(rig.told());
}

// Without TLS to fall back to, control gives the tunnel the whole DPD time: somebody has to ask.
TEST_F(DtlsTimers, QuestionsGoOnAfterAnEarlySilence) {
  up({.dpd = 30});
  rig.pass(dp::kSecond);
  rig.down(*c, {"data"});
  rig.pass(5 * dp::kSecond);
  (void)rig.expect(MessageKind::dtls_silent);
  (void)heard(PacketType::dpd_request);
  rig.pass(30 * dp::kSecond);
  EXPECT_GE(heard(PacketType::dpd_request), 2u);
}

TEST_F(DtlsTimers, PatienceIsMeasuredInRoundTrips) {
  up({.dpd = 30});
  const auto silent_after = [&](dp::Time answer_takes) {
    rig.down(*c, {"data"});
    while (heard(PacketType::dpd_request) == 0)
      rig.pass(50'000);
    rig.pass(answer_takes);
    rig.land(*c, Rig::packet(*c, PacketType::dpd_response));
    rig.pass(1'000, 1'000);
    rig.down(*c, {"data"});
    const dp::Time begin = rig.now;
    while (!rig.told())
      rig.pass(50'000);
    rig.land(*c, Rig::packet(*c, PacketType::data, "back"));
    (void)rig.expect(MessageKind::dtls_up);
    return rig.now - begin;
  };
  const dp::Time near = silent_after(1'000);
  EXPECT_GE(near, 500'000u);
  EXPECT_LE(near, 700'000u);
  (void)heard(PacketType::dpd_request);
  const dp::Time far = silent_after(200'000);
  EXPECT_GE(far, 800'000u);
  EXPECT_LE(far, 1'200'000u);
}

TEST_F(DtlsTimers, NoIntervalNoQuestion) {
  up({});
  rig.pass(200 * dp::kSecond);
  EXPECT_TRUE(rig.hear(*c).empty());
  EXPECT_FALSE(rig.told());
}

TEST_F(DtlsTimers, BeforeTheFirstRecordNothingIsSent) {
  rig.install(*c, {.dpd = 5});
  rig.pass(60 * dp::kSecond);
  EXPECT_TRUE(rig.hear(*c).empty());
  EXPECT_FALSE(rig.told());
}

TEST_F(DtlsTimers, KeepaliveOnlyWhenNothingElseIsSent) {
  up({.keepalive = 10});
  for (int i = 0; i < 5; ++i) {
    rig.pass(8 * dp::kSecond);
    rig.down(*c, {"data"});
  }
  EXPECT_EQ(heard(PacketType::keepalive), 0u);
  rig.pass(35 * dp::kSecond);
  EXPECT_EQ(heard(PacketType::keepalive), 3u);
}

}  // namespace
}  // namespace culvert::dtls
