// The small parts alone: sequence numbers, options, ISNs, the wheel, the flow table, the estimator.
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "dataplane/tcp/flow_table.hpp"
#include "dataplane/tcp/isn.hpp"
#include "dataplane/tcp/options.hpp"
#include "dataplane/tcp/rtt.hpp"
#include "dataplane/tcp/timer_wheel.hpp"

namespace culvert::tcp {
namespace {

TEST(Seq, wraps) {
  const Seq top{0xfffffff0};
  EXPECT_LT(top, top + 0x20);
  EXPECT_GT(top + 0x20, top);
  EXPECT_EQ((top + 0x20) - top, 0x20u);
  EXPECT_EQ(max(top, top + 0x20), Seq{0x10});
  EXPECT_EQ(min(top, top + 0x20), top);
}

TEST(Seq, a_mark_that_is_left_behind_never_comes_to_lie_ahead) {
  constexpr uint32_t kQuarter = 1u << 30;
  const Seq mark{0xfffffff0};
  EXPECT_EQ(kept_behind(mark, mark), mark);
  EXPECT_EQ(kept_behind(mark, mark + kQuarter), mark);
  EXPECT_EQ(kept_behind(mark, mark + kQuarter + 1), mark + kQuarter);
  EXPECT_EQ(kept_behind(mark + 1000, mark), mark + 1000);  // ahead on purpose
  Seq kept = mark;
  Seq now = mark;
  for (int i = 0; i < 100'000; ++i) {
    now += 65'536;
    kept = kept_behind(kept, now);
    ASSERT_LT(kept, now);
  }
}

TEST(Options, round_trip) {
  OptionWriter w;
  w.mss(1380);
  w.sack_permitted();
  w.timestamps(0x01020304, 0xa0b0c0d0);
  w.window_scale(7);
  EXPECT_EQ(w.size() % 4, 0u);
  Options o;
  ASSERT_TRUE(parse_options(w.bytes(), o));
  EXPECT_EQ(o.mss, 1380);
  EXPECT_TRUE(o.sack_permitted);
  EXPECT_TRUE(o.has_timestamps);
  EXPECT_EQ(o.ts_value, 0x01020304u);
  EXPECT_EQ(o.ts_echo, 0xa0b0c0d0u);
  EXPECT_EQ(o.window_scale, 7);
}

TEST(Options, sack_blocks_fill_what_is_left) {
  OptionWriter w;
  w.timestamps(1, 2);
  const std::array<SackBlock, 4> blocks{
      {{Seq{1}, Seq{2}}, {Seq{3}, Seq{4}}, {Seq{5}, Seq{6}}, {Seq{7}, Seq{8}}}};
  w.sack(blocks);
  EXPECT_EQ(w.size(), 40u);
  Options o;
  ASSERT_TRUE(parse_options(w.bytes(), o));
  ASSERT_EQ(o.sack_count, 3);
  EXPECT_EQ(o.sack[2], blocks[2]);
}

TEST(Options, malformed_lists_are_refused) {
  const std::vector<std::vector<uint8_t>> bad{
      {2},           // no length
      {2, 0, 0, 0},  // length 0
      {2, 1, 0, 0},  // shorter than its own header
      {2, 5, 0, 0},  // beyond the end
      {2, 3, 1, 0},  // an MSS of one byte
      {3, 2, 0, 0},  // a window scale of none
      {8, 4, 0, 0},  // timestamps cut short
      {5, 4, 0, 0},  // half a SACK block
      {5, 2, 1, 1},  // no SACK block
      {4, 3, 0, 0},  // SACK-permitted with a value
  };
  for (const auto& bytes : bad) {
    Options o;
    EXPECT_FALSE(parse_options(bytes, o)) << int(bytes[0]) << " " << bytes.size();
  }
  Options o;
  EXPECT_TRUE(parse_options(std::vector<uint8_t>{0, 2, 0, 0}, o));   // nothing counts after the end
  EXPECT_TRUE(parse_options(std::vector<uint8_t>{99, 4, 1, 2}, o));  // unknown, skipped
  EXPECT_TRUE(parse_options(std::vector<uint8_t>{3, 3, 200, 1}, o));
  EXPECT_EQ(o.window_scale, 14);  // RFC 7323 §2.3
}

TEST(SipHash, vectors_of_the_paper) {
  const SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  // Messages 00, 00..07 and 00..0f of the reference vectors that are whole words.
  const std::array<uint64_t, 2> words{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  EXPECT_EQ((siphash<2, 4>(key, {})), 0x726fdb47dd0e0e31u);
  EXPECT_EQ((siphash<2, 4>(key, std::span(words).first(1))), 0x93f5f5799a932462u);
  EXPECT_EQ((siphash<2, 4>(key, words)), 0x3f2acc7f57c29bdbu);
}

TEST(Isn, depends_on_flow_key_and_clock) {
  const dp::Flow a{dp::IpAddress::v4(1), dp::IpAddress::v4(2), 443, 1000};
  dp::Flow b = a;
  b.remote_port = 1001;
  const SipKey key{1, 2};
  EXPECT_NE(initial_numbers(key, a, 0).isn, initial_numbers(key, b, 0).isn);
  EXPECT_NE(initial_numbers(key, a, 0).isn, initial_numbers({1, 3}, a, 0).isn);
  // RFC 6528: for one flow the numbers grow with the clock.
  EXPECT_EQ(initial_numbers(key, a, 4000).isn - initial_numbers(key, a, 0).isn, 1000u);
}

TEST(Rtt, rfc6298) {
  RttEstimator rtt;
  EXPECT_EQ(rtt.rto(), 1'000'000u);
  rtt.sample(400'000);
  EXPECT_EQ(rtt.rto(), 400'000u + 4 * 200'000u);
  EXPECT_EQ(rtt.rto(1), 2 * rtt.rto());
  EXPECT_EQ(rtt.rto(30), RttEstimator::kMaxRto);
  for (int i = 0; i < 100; ++i) {
    rtt.sample(1000);
  }
  EXPECT_EQ(rtt.rto(), rtt.smoothed() + RttEstimator::kMinVariance);
  EXPECT_NEAR(double(rtt.smoothed()), 1000, 10);
}

TEST(Rtt, many_samples_a_round_trip_count_as_one) {
  RttEstimator one;
  RttEstimator many;
  one.sample(100'000);
  many.sample(100'000);
  one.sample(180'000);
  for (int i = 0; i < 50; ++i)
    many.sample(180'000, 50);
  EXPECT_NEAR(double(many.smoothed()), double(one.smoothed()), 1000);
}

TEST(TimerWheel, fires_each_node_once_and_never_early) {
  TimerWheel wheel;
  std::mt19937_64 random(7);
  uint64_t now = 123'456'789;
  wheel.start(now);
  struct Node {
    TimerNode timer;
    uint64_t when = 0;
    int fired = 0;
  };
  std::vector<Node> nodes(2000);
  const std::array<uint64_t, 5> spans{2'000, 70'000, 5'000'000, 300'000'000, 9'000'000'000};
  for (Node& n : nodes) {
    n.when = now + random() % spans[random() % spans.size()];
    wheel.insert(n.timer, n.when);
  }
  for (size_t i = 0; i < nodes.size(); i += 10) {
    wheel.remove(nodes[i].timer);
  }
  while (wheel.next_deadline() != ~0ull) {
    const uint64_t next = wheel.next_deadline();
    ASSERT_GT(next + TimerWheel::kTick, now);
    now = next + random() % 3'000;
    wheel.advance(now, [&](TimerNode& t) {
      auto& n = *reinterpret_cast<Node*>(&t);
      ++n.fired;
      EXPECT_LE(n.when, now);
      EXPECT_LE(now - n.when, 5'000u);
    });
  }
  for (size_t i = 0; i < nodes.size(); ++i) {
    EXPECT_EQ(nodes[i].fired, i % 10 == 0 ? 0 : 1);
  }
}

TEST(TimerWheel, far_beyond_its_reach_fires_early) {
  TimerWheel wheel;
  TimerNode node;
  wheel.insert(node, 20'000'000'000'000);
  EXPECT_LT(wheel.next_deadline(), 20'000'000'000'000u);
  EXPECT_NE(wheel.next_deadline(), ~0ull);
}

TEST(FlowTable, finds_what_was_put_in_and_nothing_else) {
  constexpr uint32_t kFlows = 500;
  FlowTable table(kFlows, {1, 2});
  std::mt19937 random(1);
  std::map<uint32_t, dp::Flow> live;
  const auto flow_of = [](uint32_t slot) {
    return dp::Flow{dp::IpAddress::v4(1), dp::IpAddress::v4(slot / 7), 443,
                    static_cast<uint16_t>(slot)};
  };
  for (int step = 0; step < 20000; ++step) {
    const uint32_t slot = static_cast<uint32_t>(random() % kFlows);
    const dp::Flow flow = flow_of(slot);
    // Few distinct hashes, so that clusters form and shrink.
    const uint32_t hash = table.hash(flow) & 0x1f;
    const uint32_t found = table.find(hash, [&](uint32_t s) { return flow_of(s) == flow; });
    EXPECT_EQ(found, live.contains(slot) ? slot : FlowTable::kNone);
    if (live.erase(slot) != 0) {
      table.erase(hash, slot);
    } else {
      live.emplace(slot, flow);
      table.insert(hash, slot);
    }
  }
}

}  // namespace
}  // namespace culvert::tcp
