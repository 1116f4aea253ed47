// Two endpoints over simulated networks: thousands of storms, and what long transfers reach.
#include <gtest/gtest.h>

#include "tests/dataplane/tcp/network/storm.hpp"
#include "tests/dataplane/tcp/seeds.hpp"
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test {
namespace {

class Storms : public testing::TestWithParam<uint64_t> {};

TEST_P(Storms, every_byte_comes_and_nothing_is_left) {
  constexpr uint64_t kEach = 2'000;
  StormTotals totals;
  for (uint64_t seed = GetParam() * kEach; seed < (GetParam() + 1) * kEach; ++seed) {
    std::string description;
    const std::string wrong = storm(test_pool(), seed, totals, description);
    ASSERT_TRUE(wrong.empty()) << "seed " << seed << ": " << wrong << "\n" << description;
  }
  // The weather really was what it should be.
  EXPECT_GT(totals.lost, kEach);
  EXPECT_GT(totals.reordered, kEach);
  EXPECT_GT(totals.duplicated, kEach / 2);
  EXPECT_GT(totals.corrupted, kEach / 4);
  EXPECT_GT(totals.overflowed, kEach / 50);
  EXPECT_GT(totals.retransmits, kEach);
}

INSTANTIATE_TEST_SUITE_P(Tcp, Storms, testing::Range(uint64_t{0}, uint64_t{seeds(10)}));

constexpr Time kRtt = 50 * kMs;
constexpr uint64_t kRate = 20'000'000;
constexpr uint32_t kBdp = kRate / 8 * kRtt / kSecond;

LinkConfig narrow() {
  return {.rate = kRate, .delay = kRtt / 2, .queue = kBdp};
}
LinkConfig wide() {
  return {.delay = kRtt / 2};
}

struct Bulk {
  std::vector<double> goodput;  // bits a second, of each flow
  Time mean_rtt = 0;            // of the first
  uint64_t retransmits = 0;
  uint64_t timeouts = 0;
  uint64_t refused = 0;  // by the receiver's queue of segments beyond gaps
  LinkCounters link;
};

// Flows that never end, each begun `apart` after the one before; measured from `from` to `to`.
Bulk bulk(const LinkConfig& there, const LinkConfig& back, Time from, Time to, size_t flows = 1,
          Time apart = 0, uint64_t seed = 1) {
  Network network(test_pool(), seed);
  EndpointConfig config;
  config.max_connections = 16;
  config.receive_buffer = config.send_buffer = 1024 * 1024;
  config.receive_runs = 4096;  // as with thousands of connections
  Host& client = network.add_host(config);
  Host& server = network.add_host(config);
  Link& link = network.add_link(there);
  network.route(client, server, {&link});
  network.route(server, client, {&network.add_link(back)});
  Transfers transfers(network);
  for (size_t i = 0; i < flows; ++i) {
    transfers.add(client, server, {.up = UINT64_MAX / 2, .starts = i * apart, .writes = 16'000});
  }
  const Time start = network.now();
  network.run_until(start + from);
  Bulk result;
  for (size_t i = 0; i < flows; ++i) {
    result.goodput.push_back(static_cast<double>(transfers[i].down.received));
  }
  network.run_until(start + to);
  for (size_t i = 0; i < flows; ++i) {
    const double bytes = static_cast<double>(transfers[i].down.received) - result.goodput[i];
    result.goodput[i] = bytes * 8 * 1e6 / static_cast<double>(to - from);
  }
  EXPECT_EQ(transfers.wrong(), "");
  result.mean_rtt = transfers[0].mean_rtt();
  result.retransmits = client.endpoint().counters().retransmits;
  result.timeouts = client.endpoint().counters().timeouts;
  result.refused = server.drops().get(DropReason::tcp_reassembly_full);
  result.link = link.counters();
  return result;
}

double mean_goodput(const LinkConfig& there, const LinkConfig& back, Time duration) {
  constexpr uint64_t kSeeds = 5;
  double sum = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    sum += bulk(there, back, 2 * kSecond, duration, 1, 0, seed).goodput[0];
  }
  return sum / kSeeds;
}

TEST(Network, one_flow_fills_a_link_with_a_queue_of_one_bdp) {
  const Bulk b = bulk(narrow(), wide(), 3 * kSecond, 20 * kSecond);
  EXPECT_GE(b.goodput[0], 0.9 * kRate);
  EXPECT_EQ(b.timeouts, 0u);
  EXPECT_EQ(b.refused, 0u);
  // The queue adds one round trip at most, and what is lost is what overflowed.
  EXPECT_GE(b.mean_rtt, kRtt);
  EXPECT_LE(b.mean_rtt, 2 * kRtt + 5 * kMs);
  EXPECT_LE(b.link.most_queued, kBdp);
  EXPECT_LE(b.retransmits, b.link.overflowed + b.link.overflowed / 5 + 2);
}

TEST(Network, two_flows_share_a_link) {
  // CUBIC lets go of a share slowly (docs/tcp-on-bad-networks.md).
  const Bulk b = bulk(narrow(), wide(), 40 * kSecond, 240 * kSecond, 2, kSecond);
  EXPECT_GE(b.goodput[0] + b.goodput[1], 0.9 * kRate);
  EXPECT_GE(b.goodput[0] / b.goodput[1], 0.6);
  EXPECT_LE(b.goodput[0] / b.goodput[1], 1.67);
}

TEST(Network, four_flows_share_a_link_that_is_narrow) {
  LinkConfig link = narrow();
  link.rate = 5'000'000;
  link.queue = 40'000;
  const Bulk b = bulk(link, wide(), 20 * kSecond, 80 * kSecond, 4, 500 * kMs);
  double sum = 0;
  double squares = 0;
  for (const double g : b.goodput) {
    sum += g;
    squares += g * g;
  }
  EXPECT_GE(sum, 0.9 * 5e6);
  EXPECT_GE(sum * sum / (4 * squares), 0.85);  // Jain's index
}

TEST(Network, random_loss_leaves_what_mathis_expects) {
  // Mathis et al. 1997, with an ACK for every second segment: MSS / RTT * 0.87 / sqrt(p).
  LinkConfig link = wide();
  link.loss = 0.01;
  link.rate = 100'000'000;
  const double expected = 1368 * 8 / 0.05 * 0.87 / 0.1;
  EXPECT_GE(mean_goodput(link, wide(), 60 * kSecond), expected);
}

TEST(Network, lost_acks_cost_little) {
  LinkConfig back = wide();
  back.ack_loss = 0.1;
  EXPECT_GE(bulk(narrow(), back, 3 * kSecond, 20 * kSecond).goodput[0], 0.85 * kRate);
}

TEST(Network, jitter_costs_little) {
  LinkConfig link = narrow();
  link.jitter = 5 * kMs;
  EXPECT_GE(bulk(link, wide(), 3 * kSecond, 20 * kSecond).goodput[0], 0.85 * kRate);
}

// RFC 8985 §6.2 step 4: what comes within a quarter of the round trip is not lost.
TEST(Network, reordering_within_a_quarter_of_the_round_trip_costs_little) {
  LinkConfig link = narrow();
  link.reorder = 0.02;
  link.reorder_by = kRtt / 4 - kMs;
  const double undisturbed = bulk(narrow(), wide(), 3 * kSecond, 20 * kSecond).goodput[0];
  EXPECT_GE(bulk(link, wide(), 3 * kSecond, 20 * kSecond).goodput[0], 0.9 * undisturbed);
}

TEST(Network, nothing_comes_through_for_a_while_and_all_goes_on) {
  Network network(test_pool(), 3);
  EndpointConfig config;
  config.max_connections = 16;
  Host& client = network.add_host(config);
  Host& server = network.add_host(config);
  Link& up = network.add_link(narrow());
  network.route(client, server, {&up});
  network.route(server, client, {&network.add_link(wide())});
  Transfers transfers(network);
  transfers.add(client, server, {.up = UINT64_MAX / 2});
  const Time start = network.now();
  network.run_until(start + 5 * kSecond);
  LinkConfig cut = narrow();
  cut.loss = 1;
  up.change(cut);
  network.run_until(start + 9 * kSecond);
  const uint64_t before = transfers[0].down.received;
  up.change(narrow());
  // RFC 6298 §5.5: the pause doubles, so it ends at most as long after the cut as the cut was.
  network.run_until(start + 14 * kSecond);
  EXPECT_GT(transfers[0].down.received, before + 100'000);
  network.run_until(start + 20 * kSecond);
  const uint64_t later = transfers[0].down.received;
  network.run_until(start + 30 * kSecond);
  EXPECT_GE(static_cast<double>(transfers[0].down.received - later) * 8 / 10, 0.8 * kRate);
  EXPECT_EQ(transfers.wrong(), "");
}

TEST(Network, same_seed_same_run) {
  LinkConfig link = narrow();
  link.loss = 0.02;
  link.reorder = 0.05;
  link.reorder_by = 10 * kMs;
  const Bulk a = bulk(link, wide(), 0, 5 * kSecond, 2, 0, 9);
  const Bulk b = bulk(link, wide(), 0, 5 * kSecond, 2, 0, 9);
  EXPECT_EQ(a.goodput, b.goodput);
  EXPECT_EQ(a.retransmits, b.retransmits);
  EXPECT_EQ(a.link.reordered, b.link.reordered);
  EXPECT_NE(a.goodput, bulk(link, wide(), 0, 5 * kSecond, 2, 0, 10).goodput);
}

}  // namespace
}  // namespace culvert::tcp::test
