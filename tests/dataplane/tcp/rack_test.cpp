// RACK alone (RFC 8985 §6), and the least round trip that it builds on.
#include "dataplane/tcp/rack.hpp"

#include <gtest/gtest.h>

#include "dataplane/tcp/min_rtt.hpp"

namespace culvert::tcp {
namespace {

constexpr Time kMs = 1000;

SentRange sent(uint32_t start, uint32_t end, Time at, bool again = false) {
  SentRange range;
  range.start = Seq{start};
  range.end = Seq{end};
  range.sent_at = at;
  range.retransmitted = again;
  return range;
}

Rack started() {
  Rack rack;
  rack.start(Seq{0});
  return rack;
}

TEST(Rack, what_was_sent_before_something_that_arrived_is_lost_in_time) {
  Rack rack = started();
  rack.on_delivered(sent(2000, 3000, 10 * kMs), 40 * kMs, false);  // it is 50 ms now
  const Time window = 10 * kMs;
  EXPECT_EQ(rack.patience(sent(0, 1000, 9 * kMs), window, 50 * kMs), 9 * kMs);
  EXPECT_EQ(rack.patience(sent(0, 1000, 9 * kMs), window, 59 * kMs), 0u);
  EXPECT_EQ(rack.patience(sent(3000, 4000, 11 * kMs), window, 500 * kMs), Rack::kForEver);
  // Of one burst: the lower sequence left first.
  EXPECT_EQ(rack.patience(sent(1000, 2000, 10 * kMs), 0, 50 * kMs), 0u);
  EXPECT_EQ(rack.patience(sent(3000, 4000, 10 * kMs), 0, 50 * kMs), Rack::kForEver);
}

TEST(Rack, three_segments_beyond_a_hole_end_the_patience_unless_the_path_reorders) {
  Rack rack = started();
  EXPECT_EQ(rack.window(false, 2, 40 * kMs, 60 * kMs), 10 * kMs);
  EXPECT_EQ(rack.window(false, 3, 40 * kMs, 60 * kMs), 0u);
  EXPECT_EQ(rack.window(true, 1, 40 * kMs, 60 * kMs), 0u);
  rack.on_delivered(sent(2000, 3000, 10 * kMs), 40 * kMs, false);
  rack.on_delivered(sent(1000, 2000, 9 * kMs), 42 * kMs, false);  // overtaken, sent once
  EXPECT_TRUE(rack.reordering_seen());
  EXPECT_EQ(rack.window(false, 3, 40 * kMs, 60 * kMs), 10 * kMs);
  EXPECT_EQ(rack.window(true, 9, 40 * kMs, 60 * kMs), 10 * kMs);
}

TEST(Rack, a_retransmission_that_arrives_late_is_no_reordering) {
  Rack rack = started();
  rack.on_delivered(sent(2000, 3000, 10 * kMs), 40 * kMs, false);
  rack.on_delivered(sent(1000, 2000, 50 * kMs, true), 40 * kMs, false);
  EXPECT_FALSE(rack.reordering_seen());
}

TEST(Rack, an_ambiguous_ack_moves_nothing) {
  Rack rack = started();
  rack.on_delivered(sent(0, 1000, 50 * kMs, true), 1 * kMs, true);
  EXPECT_EQ(rack.patience(sent(1000, 2000, 10 * kMs), 0, 60 * kMs), Rack::kForEver);
}

TEST(Rack, duplicates_widen_the_window_once_a_round_trip_and_sixteen_recoveries_narrow_it) {
  Rack rack = started();
  rack.on_delivered(sent(2000, 3000, 10 * kMs), 40 * kMs, false);
  rack.on_delivered(sent(1000, 2000, 9 * kMs), 42 * kMs, false);
  const auto window = [&] { return rack.window(false, 0, 40 * kMs, 60 * kMs); };
  rack.on_ack(true, Seq{3000}, Seq{9000});
  EXPECT_EQ(window(), 20 * kMs);
  rack.on_ack(true, Seq{4000}, Seq{9500});  // the same round
  EXPECT_EQ(window(), 20 * kMs);
  rack.on_ack(true, Seq{9000}, Seq{12000});
  EXPECT_EQ(window(), 30 * kMs);
  for (Seq una{12000}; una < Seq{90000}; una += 1000)
    rack.on_ack(true, una, una + 1000);
  EXPECT_EQ(window(), 60 * kMs);  // never more than a smoothed round trip
  for (int i = 0; i < 15; ++i)
    rack.on_recovery_over();
  EXPECT_EQ(window(), 60 * kMs);
  rack.on_recovery_over();
  EXPECT_EQ(window(), 10 * kMs);
}

TEST(MinRtt, forgets_after_some_minutes) {
  MinRtt least;
  EXPECT_EQ(least.value(), 0u);
  const Time second = 1'000'000;
  least.sample(20 * kMs, 1 * second);
  least.sample(50 * kMs, 2 * second);
  EXPECT_EQ(least.value(), 20 * kMs);
  for (Time at = 3; at < 400; ++at)
    least.sample(50 * kMs, at * second);
  EXPECT_EQ(least.value(), 50 * kMs);
}

}  // namespace
}  // namespace culvert::tcp
