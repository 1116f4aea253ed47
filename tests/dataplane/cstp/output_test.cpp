#include "dataplane/cstp/output.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/cstp/dialogue.hpp"

namespace culvert::cstp::test {
namespace {

using tcp::test::pattern;

std::vector<std::string> data_payloads(const std::vector<Heard>& records) {
  std::vector<std::string> out;
  for (const auto& r : records) {
    EXPECT_TRUE(r.is(PacketType::data));
    EXPECT_EQ(r.plaintext, framed(PacketType::data, r.payload()));
    out.push_back(r.payload());
  }
  return out;
}

TEST(Output, OnePacketARecordInOrder) {
  for (const auto& suite : crypto::tls_suites()) {
    Dialogue d(suite);
    const auto* counters = d.promote().counters;
    std::vector<std::string> packets;
    uint64_t bytes = 0;
    for (size_t i = 0; i < 300; ++i) {
      packets.push_back(pattern(1 + i * 4, i));
      bytes += packets.back().size();
    }
    d.down(packets);
    EXPECT_EQ(data_payloads(d.hear_records()), packets);
    EXPECT_EQ(counters->tx_packets.load(), packets.size());
    EXPECT_EQ(counters->tx_records.load(), packets.size());
    EXPECT_EQ(counters->tx_bytes.load(), bytes);
    EXPECT_EQ(counters->last_data_us.load(), d.wire.now);
  }
}

TEST(Output, WithoutATunnelThereIsNoChannel) {
  Dialogue d;
  d.down({"before the promotion"});
  d.promote();
  const ConnId live = d.conn;
  for (const ConnId& wrong : {ConnId{0, live.slot, live.generation + 1}, ConnId{0, 16, 1},
                              ConnId{0, 0xffffff, 1}, ConnId{0, live.slot + 1u, live.generation}}) {
    d.conn = wrong;
    d.down({"stale"});
  }
  d.conn = live;
  EXPECT_EQ(d.dropped(DropReason::svc_no_channel), 5u);
  EXPECT_TRUE(d.hear_records().empty());
}

TEST(Output, AFullQueueDropsBeforeItSeals) {
  tcp::EndpointConfig config;
  config.send_buffer = 100'000;
  Dialogue d(crypto::tls_suites().front(), 8, config);
  const auto* counters = d.promote().counters;
  std::vector<std::string> packets;
  for (size_t i = 0; i < 200; ++i)
    packets.push_back(pattern(1300, i));
  d.down(packets);  // the client acknowledges nothing
  const uint64_t dropped = d.dropped(DropReason::svc_flow_control);
  EXPECT_GT(dropped, 100u);
  EXPECT_EQ(counters->tx_dropped.load(), dropped);
  packets.resize(200 - dropped);
  EXPECT_EQ(data_payloads(d.hear_records()), packets);  // no number was skipped
  EXPECT_EQ(d.tunnel().burst_bytes, 0u);
  d.down({"again"});
  EXPECT_EQ(data_payloads(d.hear_records()), std::vector<std::string>{"again"});
  EXPECT_FALSE(d.told());
}

// What buffers cost bounds the queue long before bytes do; a sealed record must be taken all the
// same.
TEST(Output, SmallPacketsToAClientThatStandsStillDoNotEndItsTunnel) {
  for (const size_t size : {20u, 230u, 300u, 700u}) {
    tcp::EndpointConfig config;
    config.send_buffer = 100'000;
    Dialogue d(crypto::tls_suites().front(), 8, config);
    d.promote();
    std::vector<std::string> packets;
    for (size_t i = 0; i < 64 * 60; ++i)
      packets.push_back(pattern(size, i));
    d.down(packets);
    EXPECT_FALSE(d.told()) << size;
    EXPECT_GT(d.dropped(DropReason::svc_flow_control), 0u) << size;
    const auto got = data_payloads(d.hear_records());
    EXPECT_EQ(got.size() + d.dropped(DropReason::svc_flow_control), packets.size());
    d.down({"alive"});
    EXPECT_EQ(d.hear_records().size(), 1u);
  }
}

TEST(Output, PacketsWithoutRoomForTheRecordAreDroppedByName) {
  Dialogue d;
  d.promote();
  const auto make = [&](uint16_t headroom, uint16_t size) {
    rte_mbuf* m = rte_pktmbuf_alloc(tcp::test::test_pool());
    m->data_off = headroom;
    std::memset(rte_pktmbuf_append(m, size), 'x', size);
    dp::meta(m).conn = d.conn;
    return m;
  };
  const auto head = static_cast<uint16_t>(
      kHeaderSize + crypto::record::overhead(crypto::tls_suites().front()).prefix);
  const auto tail = crypto::record::overhead(crypto::tls_suites().front()).suffix;
  const auto room = static_cast<uint16_t>(RTE_MBUF_DEFAULT_BUF_SIZE - head - tail);
  rte_mbuf* packets[] = {make(static_cast<uint16_t>(head - 1), 100),
                         make(head, static_cast<uint16_t>(room + 1)), make(head, 100),
                         make(128, 10), make(head, room)};
  ASSERT_EQ(rte_pktmbuf_chain(packets[3], make(128, 10)), 0);
  output(d.context, packets, d.wire.now);
  d.wire.poll();
  EXPECT_EQ(d.dropped(DropReason::svc_no_prepend), 3u);
  const auto got = data_payloads(d.hear_records());
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0], std::string(100, 'x'));
  EXPECT_EQ(got[1], std::string(room, 'x'));
}

TEST(Output, AClientThatHasClosedItsHalfHasNoTunnel) {
  Dialogue d;
  d.promote();
  d.fin();
  d.expect(MessageKind::ended);
  d.down({"late"});
  EXPECT_EQ(d.dropped(DropReason::svc_no_channel), 1u);
}

TEST(Output, AfterAResetPacketsAreDropped) {
  Dialogue d;
  d.promote();
  d.peer.give(d.sent, {}, d.acked,
              tcp::test::kRst | tcp::test::kAck);  // not yet seen by the stages above
  d.down({"into the void"});
  EXPECT_EQ(d.dropped(DropReason::svc_flow_control), 1u);
  d.pump();
  EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::peer_reset);
}

}  // namespace
}  // namespace culvert::cstp::test
