// Due times: recorded, even, by size; and rates in words.
#include "tools/replay/timetable.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace culvert::replay {
namespace {

constexpr double kHz = 2e9;  // two ticks a nanosecond
const std::vector<Recorded> kPackets{{1000, 64}, {1500, 1514}, {1400, 60}, {9000, 64}};

TEST(Timetable, RecordedTimesByAFactor) {
  const Timetable t = make_timetable({PaceKind::recorded, 2, 0}, kPackets, 1000, kHz);
  EXPECT_EQ(t.due, (std::vector<uint64_t>{0, 500, 500, 8000}));
  EXPECT_EQ(t.out_of_order, 1u);
  EXPECT_EQ(t.period, 8000u + 8000 / 3);
}

TEST(Timetable, BeginsAtACommonTimeIfThereIsOne) {
  const Timetable t = make_timetable({PaceKind::recorded, 1, 0}, kPackets, 400, kHz);
  EXPECT_EQ(t.due.front(), 1200u);
}

TEST(Timetable, LongGapsAreShortened) {
  const Timetable t = make_timetable({PaceKind::recorded, 1, 1e-6}, kPackets, 1000, kHz);
  EXPECT_EQ(t.due.back(), 1000u + 2000);
  EXPECT_EQ(t.shortened_gaps, 1u);
}

TEST(Timetable, PacketsASecondDoNotDrift) {
  const std::vector<Recorded> many(300'001, Recorded{0, 64});
  const Timetable t = make_timetable({PaceKind::packets_per_second, 3e5, 0}, many, 0, kHz);
  EXPECT_EQ(t.due[1], 6667u);
  EXPECT_EQ(t.due[300'000], static_cast<uint64_t>(kHz));
}

TEST(Timetable, BitsOfLayer1AndLayer2) {
  // 60 bytes and their check sequence make 64, on layer 1 84: 10 Gbit/s are 14.88 million of them.
  const std::vector<Recorded> two{{0, 60}, {0, 1514}};
  EXPECT_EQ(make_timetable({PaceKind::layer1_bits, 1e9, 0}, two, 0, 1e9).due[1], 84u * 8);
  EXPECT_EQ(make_timetable({PaceKind::layer2_bits, 1e9, 0}, two, 0, 1e9).due[1], 64u * 8);
  EXPECT_EQ(make_timetable({PaceKind::layer2_bits, 1e9, 0}, two, 0, 1e9).period, 8u * (64 + 1518));
  EXPECT_EQ(bytes_on_layer1(1), 84u);
}

TEST(Timetable, NothingWaitsAtTopSpeed) {
  EXPECT_TRUE(make_timetable({PaceKind::unlimited, 1, 0}, kPackets, 0, kHz).due.empty());
}

TEST(Timetable, OfNothing) {
  EXPECT_TRUE(make_timetable({PaceKind::recorded, 1, 0}, {}, 0, kHz).due.empty());
}

TEST(Pace, ReadsRates) {
  EXPECT_EQ(parse_rate("1500"), 1500);
  EXPECT_EQ(parse_rate("2.5M"), 2.5e6);
  EXPECT_EQ(parse_rate("10G"), 1e10);
  for (const char* wrong : {"", "M", "0", "-1", "1 M", "1Mbit", "inf", "nan", "1e400"}) {
    EXPECT_THROW((void)parse_rate(wrong), std::invalid_argument) << wrong;
  }
}

TEST(Pace, IsDescribed) {
  EXPECT_EQ(describe({PaceKind::layer1_bits, 1e10, 0}), "10.0 Gbit/s on layer 1");
  EXPECT_EQ(describe({PaceKind::recorded, 0.5, 0}), "recorded timing x 0.5");
}

}  // namespace
}  // namespace culvert::replay
