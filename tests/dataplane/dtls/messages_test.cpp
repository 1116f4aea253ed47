#include "dataplane/dtls/messages.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/dtls/rig.hpp"

namespace culvert::dtls {
namespace {

using namespace test;

TEST(DtlsMessages, ASlotIsUsedAgain) {
  Rig rig;
  for (int i = 0; i < 20; ++i) {
    auto c = rig.client(3);
    rig.install(*c);
    rig.land(*c, Rig::packet(*c, PacketType::data, "x"));
    (void)rig.expect(MessageKind::dtls_up);
    rig.remove(*c);
    (void)rig.hear(*c);
  }
  EXPECT_EQ(rig.up.size(), 20u);
  EXPECT_TRUE(rig.w[0]->receive.active.empty());
  EXPECT_TRUE(rig.w[0]->transmit.active.empty());
}

TEST(DtlsMessages, AStaleNameRemovesNothing) {
  Rig rig;
  auto c = rig.client(3);
  rig.install(*c);
  for (const auto side : {DtlsSide::receive, DtlsSide::transmit}) {
    for (const ConnId& conn :
         {ConnId{0, 3, 1}, ConnId{0, 4, c->rx.generation}, ConnId{0, 999, 1}}) {
      rig.tell(0, MessageKind::remove_dtls, [&](dp::Message& m) {
        m.side = side;
        m.conn = conn;
      });
    }
  }
  EXPECT_FALSE(rig.told());
  rig.land(*c, Rig::packet(*c, PacketType::data, "x"));
  EXPECT_EQ(rig.up.size(), 1u);
}

TEST(DtlsMessages, KeysThatCannotBeUsedEndTheSide) {
  Rig rig;
  auto c = rig.client(0);
  c->up.suite = &crypto::tls_suites().front();
  c->down.suite = nullptr;
  rig.install_side(*c, DtlsSide::transmit);
  EXPECT_EQ(rig.expect(MessageKind::dtls_ended).reason, EndReason::bad_record);
  rig.install_side(*c, DtlsSide::receive);
  EXPECT_EQ(rig.expect(MessageKind::dtls_ended).reason, EndReason::bad_record);
  rig.remove(*c);
}

TEST(DtlsMessages, ANewHandshakeOnTheSameFlowTakesItOver) {
  Rig rig;
  auto before = rig.client(0);
  auto after = rig.client(1);
  after->flow = before->flow;
  rig.install(*before);
  rig.land(*before, Rig::packet(*before, PacketType::data, "1"));
  rig.install_side(*after, DtlsSide::transmit);
  rig.install_side(*after, DtlsSide::receive);
  while (rig.told())
    continue;
  rig.land(*after, Rig::packet(*after, PacketType::data, "2"));
  rig.land(*after, Rig::packet(*before, PacketType::data, "old"));
  EXPECT_EQ(rig.up, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(rig.dropped(DropReason::dtls_bad_tag), 1u);
  (void)rig.expect(MessageKind::dtls_up);
  rig.remove(*before);  // must not take the flow with it
  rig.land(*after, Rig::packet(*after, PacketType::data, "3"));
  EXPECT_EQ(rig.up.size(), 3u);
}

TEST(DtlsMessages, NothingIsLostWhenNoMessageIsFree) {
  Rig rig(1, 8, 8);
  auto c = rig.client(0);
  rig.install(*c, {.dpd = 10});
  std::vector<dp::Message*> held;
  while (dp::Message* m = rig.mailboxes[0]->allocate_for_control())
    held.push_back(m);
  const auto give_back = [&] {
    for (dp::Message* m : held)
      rig.mailboxes[0]->free(m);
    held.clear();
    rig.pump();
  };
  rig.land(*c, Rig::packet(*c, PacketType::data, "1"));
  c->flow.remote_port = 55'555;
  rig.land(*c, Rig::packet(*c, PacketType::data, "2"));
  rig.land(*c, Rig::record(*c, ContentType::alert, std::string("\x01\x00", 2)));
  EXPECT_FALSE(rig.told());
  give_back();
  (void)rig.expect(MessageKind::dtls_up);
  EXPECT_EQ(rig.expect(MessageKind::dtls_moved).flow, c->flow);
  EXPECT_EQ(rig.expect(MessageKind::dtls_ended).reason, EndReason::tls_alert);
  EXPECT_FALSE(rig.told());
}

TEST(DtlsMessages, CountersLiveWithTheSide) {
  Rig rig;
  auto c = rig.client(0);
  rig.install_side(*c, DtlsSide::transmit);
  const auto* tx = rig.expect(MessageKind::dtls_installed).counters;
  rig.install_side(*c, DtlsSide::receive);
  const auto* rx = rig.expect(MessageKind::dtls_installed).counters;
  ASSERT_NE(tx, nullptr);
  ASSERT_NE(rx, nullptr);
  rig.land(*c, Rig::packet(*c, PacketType::data, "abc"));
  rig.down(*c, {"de"});
  EXPECT_EQ(rx->rx_bytes, 3u);
  EXPECT_EQ(rx->last_data_us, rig.now);
  EXPECT_EQ(tx->tx_bytes, 2u);
  EXPECT_EQ(tx->tx_packets, 1u);
  EXPECT_EQ(tx->last_data_us, rig.now);
  (void)rig.hear(*c);
}

}  // namespace
}  // namespace culvert::dtls
