// Congestion control's parts alone, against the figures that the RFCs' formulas give.
#include "dataplane/tcp/congestion.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "dataplane/tcp/pacer.hpp"
#include "dataplane/tcp/prr.hpp"

namespace culvert::tcp {
namespace {

constexpr uint32_t kMss = 1000;
constexpr Time kSecond = 1'000'000;

// Acknowledges a window a round trip, two segments an ACK, until `until`.
uint32_t grow(Cubic& cubic, uint32_t window, Time rtt, Time& now, Time until) {
  while (now < until) {
    const uint32_t acks = std::max(1u, window / (2 * kMss));
    for (uint32_t i = 0; i < acks; ++i) {
      now += rtt / acks;
      window = cubic.on_ack(window, kMss, 2 * kMss, now, rtt);
    }
  }
  return window;
}

TEST(Cubic, follows_its_function) {
  // W_max = 100 segments, so K = cbrt(100 * 0.3 / 0.4) = 4.217 s (RFC 9438 §4.2).
  Cubic cubic;
  Time now = 7 * kSecond;
  uint32_t window = cubic.after_loss(100 * kMss, kMss);
  EXPECT_EQ(window, 70 * kMss);
  const Time start = now;
  const double k = std::cbrt(100 * 0.3 / 0.4);
  for (const double t : {1.0, 2.0, 3.0, 4.217, 6.0, 8.0}) {
    window = grow(cubic, window, 100'000, now, start + static_cast<Time>(t * 1e6));
    const double want = 0.4 * std::pow(double(now - start) / 1e6 - k, 3) + 100;
    EXPECT_NEAR(window / double(kMss), want, 1.5) << t << " s";
  }
}

TEST(Cubic, is_no_worse_than_reno_on_short_paths) {
  // RFC 9438 §4.3: 3 * 0.3 / 1.7 = 0.529 segments a round trip, and, as in Linux, no more when the old window is
  // reached.
  Cubic cubic;
  Time now = kSecond;
  uint32_t window = cubic.after_loss(100 * kMss, kMss);
  window = grow(cubic, window, 10'000, now, kSecond + 300'000);
  EXPECT_NEAR(window / double(kMss), 70 + 30 * 0.529, 1.5);
  window = grow(cubic, window, 10'000, now, kSecond + 570'000);
  EXPECT_NEAR(window / double(kMss), 100, 2);
  const uint32_t before = window;
  window = grow(cubic, window, 10'000, now, now + 200'000);
  EXPECT_NEAR((window - before) / double(kMss), 20 * 0.529, 2);
}

TEST(Cubic, makes_room_for_newcomers) {
  // RFC 9438 §4.7: a window that did not come back to W_max lowers it to (1 + 0.7) / 2 of itself.
  Cubic cubic;
  Time now = kSecond;
  (void)cubic.after_loss(100 * kMss, kMss);
  uint32_t window = cubic.after_loss(80 * kMss, kMss);
  EXPECT_EQ(window, 56 * kMss);
  const double w_max = 80 * 0.85;
  const double k = std::cbrt((w_max - 56) / 0.4);
  // So long a round trip that Reno would be slower.
  window = grow(cubic, window, 300'000, now, kSecond + static_cast<Time>(k * 1e6));
  EXPECT_NEAR(window / double(kMss), w_max, 1.5);
}

TEST(Cubic, time_in_which_the_window_was_not_needed_does_not_count) {
  Cubic idle;
  Cubic busy;
  Time now = kSecond;
  Time other = kSecond;
  uint32_t window = idle.after_loss(100 * kMss, kMss);
  (void)busy.after_loss(100 * kMss, kMss);
  uint32_t reference = grow(busy, window, 100'000, other, 2 * kSecond);
  window = grow(idle, window, 100'000, now, 2 * kSecond);
  now += 60 * kSecond;
  idle.on_unused(now);
  window = grow(idle, window, 100'000, now, now + kSecond);
  reference = grow(busy, reference, 100'000, other, other + kSecond);
  EXPECT_NEAR(window, reference, 1.5 * kMss);
}

TEST(Congestion, slow_start_doubles_and_loss_ends_it) {
  Congestion c;
  c.start(CongestionAlgorithm::newreno, kMss, false);
  EXPECT_EQ(c.window(), 10 * kMss);
  for (int i = 0; i < 5; ++i)
    c.on_ack({.bytes = 2 * kMss, .now = kSecond, .nxt = Seq{1}});
  EXPECT_EQ(c.window(), 20 * kMss);
  c.on_loss(20 * kMss);
  c.on_repaired();
  EXPECT_EQ(c.window(), 10 * kMss);
  for (int i = 0; i < 5; ++i)
    c.on_ack({.bytes = 2 * kMss, .now = kSecond});
  EXPECT_EQ(c.window(), 11 * kMss);  // RFC 5681 §3.1: a segment a window
}

TEST(Congestion, a_timeout_starts_again_with_one_segment) {
  Congestion c;
  c.start(CongestionAlgorithm::cubic, kMss, false);
  const Congestion::Saved saved = c.save();
  c.on_timeout(10 * kMss);
  EXPECT_EQ(c.window(), kMss);
  EXPECT_EQ(c.threshold(), 7 * kMss);  // RFC 9438 §4.8
  c.restore(saved);
  EXPECT_EQ(c.window(), 10 * kMss);
  EXPECT_FALSE(c.threshold() < 1'000'000u);
}

TEST(Congestion, an_ack_does_not_open_more_than_eight_segments_in_a_burst) {
  Congestion c;
  c.start(CongestionAlgorithm::cubic, kMss, false);
  c.on_ack({.bytes = 10 * kMss, .now = kSecond});
  EXPECT_EQ(c.window(), 18 * kMss);  // RFC 9406 §4.2
  c.on_ack({.bytes = 18 * kMss, .now = kSecond, .paced = true});
  EXPECT_EQ(c.window(), 36 * kMss);
}

// A round of `acks` ACKs with this round trip; true if one of them ended slow start.
bool round(HyStart& hystart, Time rtt, uint32_t& una, uint32_t acks = 10) {
  bool over = false;
  const uint32_t nxt = una + acks;
  for (uint32_t i = 0; i < acks; ++i, ++una)
    over |= hystart.on_ack(rtt, Seq{una}, Seq{nxt});
  return over;
}

TEST(HyStart, slows_down_when_round_trips_grow_and_ends_after_five_rounds) {
  HyStart hystart;
  uint32_t una = 1;
  EXPECT_FALSE(round(hystart, 50'000, una));
  EXPECT_FALSE(round(hystart, 52'000, una));
  EXPECT_FALSE(hystart.conservative());
  EXPECT_FALSE(round(hystart, 59'000, una));  // more than an eighth above the last round's
  EXPECT_TRUE(hystart.conservative());
  for (int i = 0; i < 4; ++i)
    EXPECT_FALSE(round(hystart, 60'000, una)) << i;
  EXPECT_TRUE(round(hystart, 60'000, una));  // RFC 9406 §4.3: CSS_ROUNDS
}

TEST(HyStart, goes_back_when_the_growth_was_a_hiccup) {
  HyStart hystart;
  uint32_t una = 1;
  (void)round(hystart, 50'000, una);
  (void)round(hystart, 70'000, una);
  EXPECT_TRUE(hystart.conservative());
  EXPECT_FALSE(round(hystart, 51'000, una));
  EXPECT_FALSE(hystart.conservative());
}

TEST(HyStart, few_samples_say_nothing) {
  HyStart hystart;
  uint32_t una = 1;
  (void)round(hystart, 50'000, una);
  (void)round(hystart, 90'000, una, 7);
  EXPECT_FALSE(hystart.conservative());
}

TEST(Prr, shrinks_in_proportion_to_what_arrives) {
  // RFC 6937 §3: with 20 segments on their way and a threshold of 10, one leaves for two that arrive.
  Prr prr;
  prr.start(20 * kMss);
  uint32_t pipe = 19 * kMss;
  uint32_t sent = 0;
  for (uint32_t arrived = 1; arrived <= 8; ++arrived) {
    prr.on_ack(kMss, pipe, 10 * kMss, kMss, false);
    while (pipe + kMss <= prr.window()) {
      prr.on_sent(kMss);
      pipe += kMss;
      sent += kMss;
    }
    pipe -= kMss;
    EXPECT_EQ(sent / kMss, std::max(arrived / 2, 1u)) << arrived;  // the first at once
  }
}

TEST(Prr, sends_what_arrives_when_more_was_lost_and_a_segment_more_when_that_is_safe) {
  Prr prr;
  prr.start(20 * kMss);
  prr.on_ack(kMss, 4 * kMss, 10 * kMss, kMss, false);
  EXPECT_EQ(prr.window(), 5 * kMss);  // conservative reduction bound
  prr.on_sent(kMss);
  prr.on_ack(kMss, 4 * kMss, 10 * kMss, kMss, true);
  EXPECT_EQ(prr.window(), 6 * kMss);  // slow start reduction bound
  prr.on_sent(2 * kMss);
  prr.on_ack(9 * kMss, 9 * kMss, 10 * kMss, kMss, true);
  EXPECT_EQ(prr.window(), 10 * kMss);  // never beyond the threshold
}

TEST(Pacer, lets_out_a_window_a_round_trip) {
  Pacer pacer;
  Time now = kSecond;
  (void)pacer.allowance(now, 100 * kMss, 100'000, 100, kMss);
  uint32_t sent = 0;
  // Asked every seven microseconds, it still gains no less than its rate.
  for (; now < 2 * kSecond; now += 7) {
    const uint32_t may = pacer.allowance(now, 100 * kMss, 100'000, 100, kMss);
    if (may < kMss) continue;
    pacer.on_sent(kMss);
    sent += kMss;
  }
  EXPECT_NEAR(sent, 1000 * kMss, 10 * kMss);
}

TEST(Pacer, what_was_not_used_is_no_burst_later) {
  Pacer pacer;
  // What three milliseconds bring, or an initial window.
  EXPECT_EQ(pacer.allowance(kSecond, 1000 * kMss, 100'000, 200, kMss), 60 * kMss);
  EXPECT_EQ(pacer.allowance(9 * kSecond, 1000 * kMss, 100'000, 200, kMss), 60 * kMss);
  EXPECT_EQ(pacer.allowance(9 * kSecond, kMss, 100'000, 100, kMss), 10 * kMss);
}

}  // namespace
}  // namespace culvert::tcp
