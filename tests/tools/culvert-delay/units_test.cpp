#include "tools/culvert-delay/units.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace culvert::delay {
namespace {

TEST(Units, Durations) {
  EXPECT_EQ(parse_duration("25ms"), 25 * kMillisecond);
  EXPECT_EQ(parse_duration("0.5ms"), 500 * kMicrosecond);
  EXPECT_EQ(parse_duration("250us"), 250 * kMicrosecond);
  EXPECT_EQ(parse_duration("1.5s"), 1500 * kMillisecond);
  EXPECT_EQ(parse_duration("0ms"), 0u);
  for (const char* wrong : {"", "25", "ms", "-1ms", "25 ms", "25min", "1e9s", "nan", "inf", "nans"})
    EXPECT_THROW((void)parse_duration(wrong), std::invalid_argument) << wrong;
}

TEST(Units, Rates) {
  EXPECT_EQ(parse_rate("50mbit"), 50'000'000u);
  EXPECT_EQ(parse_rate("0.5gbit"), 500'000'000u);
  EXPECT_EQ(parse_rate("640kbit"), 640'000u);
  for (const char* wrong : {"", "50", "0mbit", "-5mbit", "50mb", "9999gbit"})
    EXPECT_THROW((void)parse_rate(wrong), std::invalid_argument) << wrong;
}

TEST(Units, Shares) {
  EXPECT_DOUBLE_EQ(parse_share("2%"), 0.02);
  EXPECT_DOUBLE_EQ(parse_share("0.1%"), 0.001);
  EXPECT_DOUBLE_EQ(parse_share("0.02"), 0.02);
  EXPECT_DOUBLE_EQ(parse_share("0"), 0);
  for (const char* wrong : {"", "%", "100%", "1", "-1%", "2 %", "2%%", "nan"})
    EXPECT_THROW((void)parse_share(wrong), std::invalid_argument) << wrong;
}

TEST(Units, QueuesInBytesOrTime) {
  EXPECT_EQ(parse_queue("64kb", 0), 64'000u);
  EXPECT_EQ(parse_queue("1500b", 0), 1500u);
  EXPECT_EQ(parse_queue("1mb", 5), 1'000'000u);
  EXPECT_EQ(parse_queue("100ms", 50'000'000), 625'000u);
  EXPECT_THROW((void)parse_queue("100ms", 0), std::invalid_argument);
  EXPECT_THROW((void)parse_queue("100", 50'000'000), std::invalid_argument);
}

}  // namespace
}  // namespace culvert::delay
