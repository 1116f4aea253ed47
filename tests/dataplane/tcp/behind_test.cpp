// Floods that are faster than who reads them (dataplane/tcp/flood.cpp): not all strangers are answered, and those who
// are connected notice nothing.
#include <algorithm>
#include <array>
#include <vector>

#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

constexpr Given kStrangersSyn{.seq = Seq{7}, .flags = kSyn};
constexpr Given kStrangersAck{.seq = Seq{7}, .ack = Seq{9}, .flags = kAck};

dp::Flow stranger(uint32_t number) {
  dp::Flow flow = Wire::default_flow(1000);
  flow.remote = dp::IpAddress::v4(0x0a000000u + number);  // resets are counted by address
  return flow;
}

// A whole burst: strangers from `first` on, and then `last`, if there is one.
void burst(Wire& wire, const Given& segment, uint32_t first, Inflow inflow,
           rte_mbuf* last = nullptr) {
  std::array<rte_mbuf*, dp::kBurst> packets{};
  for (uint32_t i = 0; i < packets.size(); ++i)
    packets[i] = wire.packet(segment, stranger(first + i));
  if (last != nullptr) std::swap(packets.back(), last);
  rte_pktmbuf_free(last);
  wire.endpoint->input(packets, wire.now, inflow);
  wire.poll();
}

TEST(Behind, in_time_each_stranger_gets_a_cookie) {
  Wire wire(backlog_of_one());
  fill_backlog(wire);
  burst(wire, kStrangersSyn, 0, Inflow::in_time);
  EXPECT_EQ(wire.out.size(), dp::kBurst);
  EXPECT_EQ(wire.dropped(DropReason::tcp_syn_shed), 0u);
}

TEST(Behind, every_second_gets_a_cookie) {
  Wire wire(backlog_of_one());
  fill_backlog(wire);
  constexpr uint32_t kBursts = 50;
  for (uint32_t i = 0; i < kBursts; ++i)
    burst(wire, kStrangersSyn, i * dp::kBurst, Inflow::behind);
  EXPECT_EQ(wire.out.size() + wire.dropped(DropReason::tcp_syn_shed), kBursts * dp::kBurst);
  EXPECT_NEAR(static_cast<double>(wire.out.size()), kBursts * dp::kBurst / 2.0, 100);
  // And when the flood is over everybody does.
  wire.forget();
  burst(wire, kStrangersSyn, 0, Inflow::in_time);
  EXPECT_EQ(wire.out.size(), dp::kBurst);
}

TEST(Behind, who_tries_again_gets_in) {
  Wire wire(backlog_of_one());
  fill_backlog(wire);
  uint32_t answered = 0;
  constexpr uint32_t kTries = 200;
  for (uint32_t tries = 0; tries < kTries; ++tries) {
    wire.forget();
    rte_mbuf* syn = wire.packet(kStrangersSyn, stranger(1));
    wire.endpoint->input({&syn, 1}, wire.now, Inflow::behind);
    wire.poll();
    answered += wire.quiet() ? 0 : 1;
  }
  EXPECT_NEAR(answered, kTries / 2.0, 30);
}

TEST(Behind, every_second_gets_a_reset) {
  Wire wire;
  constexpr uint32_t kBursts = 50;
  for (uint32_t i = 0; i < kBursts; ++i)
    burst(wire, kStrangersAck, i * dp::kBurst, Inflow::behind);
  EXPECT_NEAR(static_cast<double>(wire.out.size()), kBursts * dp::kBurst / 2.0, 100);
  EXPECT_EQ(wire.dropped(DropReason::tcp_not_syn), wire.out.size());
  EXPECT_EQ(wire.dropped(DropReason::tcp_not_syn) + wire.dropped(DropReason::tcp_reset_limit),
            kBursts * dp::kBurst);
}

TEST(Behind, a_connection_is_read_after_a_burst_of_strangers) {
  Wire wire(backlog_of_one());
  Peer peer(wire);
  fill_backlog(wire);
  burst(wire, kStrangersSyn, 0, Inflow::behind, wire.packet(peer.segment(0, "data", 0), peer.flow));
  EXPECT_EQ(wire.read(peer.conn), "data");
  EXPECT_GT(wire.dropped(DropReason::tcp_syn_shed), dp::kBurst / 4);
}

TEST(Behind, as_long_as_the_backlog_has_room_no_syn_is_turned_away) {
  Wire wire({.max_connections = 512});
  burst(wire, kStrangersSyn, 0, Inflow::behind);
  EXPECT_EQ(wire.out.size(), dp::kBurst);
  EXPECT_EQ(wire.endpoint->counters().connections, dp::kBurst);
}

// As Resets.what_one_address_gets_says_nothing_of_the_others: whether segments in others' names found connections must
// not show in which of one's own are answered.
TEST(Behind, what_one_gets_says_nothing_of_the_others) {
  std::array<std::vector<bool>, 2> seen;
  for (const bool connected : {false, true}) {
    Wire wire;
    if (connected) (void)Peer(wire);
    for (uint32_t i = 0; i < 500; ++i) {
      wire.forget();
      std::array<rte_mbuf*, 3> packets{
          wire.packet({.seq = Seq{1001 + i}, .ack = Seq{1}}, Wire::default_flow()),
          wire.packet({.seq = Seq{1001 + i}, .flags = kSyn}, Wire::default_flow()),
          wire.packet(kStrangersAck, stranger(i))};
      wire.endpoint->input(packets, wire.now, Inflow::behind);
      wire.poll();
      bool answered = false;
      for (const Sent& s : wire.out)
        answered = answered || s.flow == stranger(i);
      seen[connected].push_back(answered);
    }
  }
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_GT(std::count(seen[0].begin(), seen[0].end(), true), 150);
}

}  // namespace
}  // namespace culvert::tcp::test
