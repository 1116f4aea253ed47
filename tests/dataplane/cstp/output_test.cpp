#include "dataplane/cstp/output.hpp"

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>
#include <rte_ip.h>

#include "dataplane/packet/checksum.hpp"
#include "dataplane/packet/headers.hpp"
#include "tests/dataplane/cstp/dialogue.hpp"

namespace culvert::cstp::test {
namespace {

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
      packets.push_back(one_flow(1 + i * 4, i));
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

// What TCP cannot soon send is not sealed, so that it can still be dropped.
TEST(Output, MoreThanTheWindowWaitsUnsealed) {
  Dialogue d;
  const auto* counters = d.promote().counters;
  std::vector<std::string> packets;
  for (size_t i = 0; i < 200; ++i)
    packets.push_back(one_flow(1300, i));
  d.down(packets);  // the client acknowledges nothing
  const uint64_t sealed = counters->tx_records.load();
  EXPECT_LE(d.wire.endpoint->unsent(d.conn), 2u * d.wire.endpoint->send_mss(d.conn));
  EXPECT_EQ(d.tunnels.backlog.waiting(), packets.size() - sealed);
  EXPECT_GT(d.tunnels.backlog.waiting(), 150u);
  EXPECT_EQ(d.tunnel().burst_bytes, 0u);
  EXPECT_EQ(data_payloads(d.hear_records()), packets);  // none was lost, none came before another
  EXPECT_EQ(d.dropped(DropReason::svc_flow_control), 0u);
  EXPECT_EQ(d.tunnels.backlog.waiting(), 0u);
  d.down({"again"});
  EXPECT_EQ(data_payloads(d.hear_records()), std::vector<std::string>{"again"});
  EXPECT_FALSE(d.told());
}

// A packet of UDP over IPv4, to `port`.
std::string datagram(uint16_t port, size_t size, uint8_t tos = 0) {
  std::string packet = one_flow(size);
  dp::Ipv4Header ip{};
  ip.version_ihl = 0x45;
  ip.tos = tos;
  ip.total_length = static_cast<uint16_t>(size);
  ip.protocol = static_cast<uint8_t>(dp::IpProtocol::udp);
  ip.src = 0x0a304208;
  ip.dst = 0x0a0a0a05;
  dp::fill_ipv4_checksum(ip);
  std::memcpy(packet.data(), &ip, sizeof ip);
  store_be(packet.data() + sizeof ip, uint16_t{53});
  store_be(packet.data() + sizeof ip + 2, port);
  return packet;
}

TEST(Output, AFlowThatSendsLittleDoesNotWaitForOneThatSendsMuch) {
  Dialogue d;
  d.promote();
  d.down(std::vector<std::string>(300, datagram(1, 1300)));
  const std::string small = datagram(2, 100);
  d.down({small});
  const auto heard = data_payloads(d.hear_records());
  ASSERT_EQ(heard.size(), 301u);
  const auto at = std::find(heard.begin(), heard.end(), small) - heard.begin();
  EXPECT_LT(at, 20);  // the first window, and what had been sealed already
}

// Virtual time: the client takes a window of 64 KB each 10 ms, and 60 packets come for it.
struct Congestion {
  uint64_t sent = 0, came = 0, waiting_most = 0;
  uint64_t marked = 0;  // of those that came
};
Congestion congest(Dialogue& d, uint8_t tos) {
  Congestion c;
  const auto arrive = [&c](const std::vector<Heard>& records) {
    for (const auto& payload : data_payloads(records)) {
      ++c.came;
      EXPECT_EQ(rte_raw_cksum(payload.data(), 20), 0xffff);
      c.marked += (payload[1] & 3) == 3;
    }
  };
  for (int turn = 0; turn < 500; ++turn) {
    const std::vector<std::string> packets(60, datagram(7, 1300, tos));
    c.sent += packets.size();
    d.down(packets);
    c.waiting_most = std::max<uint64_t>(c.waiting_most, d.tunnels.backlog.waiting());
    d.wire.now += 10'000;
    arrive(d.hear_window());
  }
  // What is left takes its time: TCP paces it.
  for (int ms = 0; ms < 2000; ++ms) {
    d.wire.now += 1000;
    d.pump();
    arrive(d.hear_window());
  }
  return c;
}

TEST(Output, AStandingQueueIsDroppedFrom) {
  Dialogue d;
  const auto* counters = d.promote().counters;
  const Congestion c = congest(d, 0);
  const uint64_t dropped = d.dropped(DropReason::svc_flow_control);
  EXPECT_GT(dropped, 100u);
  EXPECT_EQ(counters->tx_dropped.load(), dropped);
  EXPECT_EQ(counters->tx_marked.load(), 0u);
  EXPECT_EQ(c.marked, 0u);
  EXPECT_EQ(c.came + dropped, c.sent);
  EXPECT_EQ(d.tunnels.backlog.waiting(), 0u);
  EXPECT_LE(c.waiting_most, Backlog::kMostOfOne);
}

TEST(Output, WhoeverListensIsMarkedInstead) {
  Dialogue d;
  const auto* counters = d.promote().counters;
  const Congestion c = congest(d, 2);
  EXPECT_GT(c.marked, 50u);
  EXPECT_EQ(counters->tx_marked.load(), c.marked);
}

TEST(Output, WhatWaitsIsBoundedForEachAndForAll) {
  Dialogue d;
  d.promote();
  for (size_t i = 0; i < 100; ++i)
    d.down(std::vector<std::string>(64, one_flow(100, i)));
  EXPECT_EQ(d.tunnels.backlog.waiting(), Backlog::kMostOfOne);
  const auto dropped = d.dropped(DropReason::svc_flow_control);
  EXPECT_GT(dropped, 5000u);
  EXPECT_EQ(data_payloads(d.hear_records()).size() + dropped, 6400u);
}

TEST(Output, WithTheTunnelGoesWhatWaitsForIt) {
  Dialogue d;
  const auto* counters = d.promote().counters;
  d.down(std::vector<std::string>(200, one_flow(1300)));
  const uint64_t waiting = d.tunnels.backlog.waiting();
  ASSERT_GT(waiting, 0u);
  d.tell(MessageKind::close, "bye", static_cast<uint8_t>(PacketType::terminate));
  EXPECT_EQ(d.tunnels.backlog.waiting(), 0u);
  EXPECT_EQ(d.dropped(DropReason::svc_deleting), waiting);
  EXPECT_EQ(counters->tx_dropped.load(), waiting);
  const auto heard = d.hear_records();
  ASSERT_EQ(heard.size(), 200 - waiting + 2);  // TERMINATE and close_notify
  EXPECT_TRUE(heard[heard.size() - 2].is(PacketType::terminate));
}

TEST(Output, AnswersGoBeforeWhatWaits) {
  Dialogue d;
  d.promote();
  d.down(std::vector<std::string>(200, one_flow(1300)));
  d.say(d.sealed_packet(PacketType::dpd_request, "probe"));
  const auto heard = d.hear_records();
  ASSERT_EQ(heard.size(), 201u);
  const auto answer = std::find_if(heard.begin(), heard.end(),
                                   [](const Heard& h) { return h.is(PacketType::dpd_response); });
  ASSERT_NE(answer, heard.end());
  EXPECT_LT(answer - heard.begin(), 20);
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
