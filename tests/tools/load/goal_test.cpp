// Goals as they are written, and what is a goal and what is not.
#include "tools/load/goal.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace culvert::load {
namespace {

TEST(Goal, ReadsSeveral) {
  const auto goals = parse_goals("sessions=500, setup-p99<2s,lost<=0,loss<0.5%,rtt-p99.9>=10ms");
  ASSERT_EQ(goals.size(), 5u);
  EXPECT_EQ(goals[0].figure, "sessions");
  EXPECT_EQ(goals[0].comparison, Comparison::equal);
  EXPECT_EQ(goals[0].wanted, 500);
  EXPECT_EQ(goals[1].text, "setup-p99<2s");
  EXPECT_EQ(goals[1].comparison, Comparison::less);
  EXPECT_EQ(goals[1].wanted, 2);
  EXPECT_EQ(goals[2].comparison, Comparison::at_most);
  EXPECT_DOUBLE_EQ(goals[3].wanted, 0.005);
  EXPECT_EQ(goals[4].figure, "rtt-p99.9");
  EXPECT_DOUBLE_EQ(goals[4].wanted, 0.01);
}

TEST(Goal, RefusesWhatIsNone) {
  for (const char* text :
       {"", "sessions", "sessions=", "sessions=many", "sessions=5s", "nonsense=1", "setup=1s",
        "setup-p98<1s", "setup-p99<1", "setup-p99<1h", "sessions=>5", "sessions=1,", "=5",
        "loss<5ms", "sessions=inf", "sessions~5"}) {
    EXPECT_THROW((void)parse_goals(text), std::invalid_argument) << text;
  }
}

TEST(Goal, IsMetOrNot) {
  const Figures figures{{"sessions", 500}, {"setup-p99", 1.5}, {"lost", 0}};
  const auto met = [&](const char* text) { return judge(parse_goals(text), figures).at(0).met; };
  EXPECT_TRUE(met("sessions=500"));
  EXPECT_TRUE(met("sessions==500"));
  EXPECT_FALSE(met("sessions!=500"));
  EXPECT_FALSE(met("sessions<500"));
  EXPECT_TRUE(met("sessions>=500"));
  EXPECT_FALSE(met("sessions>500"));
  EXPECT_TRUE(met("setup-p99<2s"));
  EXPECT_FALSE(met("setup-p99<=1499ms"));
  EXPECT_TRUE(met("lost=0"));
}

TEST(Goal, OfWhatWasNotMeasuredIsNotMet) {
  const auto results = judge(parse_goals("rtt-p99<1s"), {});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_FALSE(results[0].met);
  EXPECT_FALSE(results[0].found.has_value());
}

TEST(Goal, TellsValuesWithTheirUnits) {
  EXPECT_EQ(with_unit(0.0000123, Unit::seconds), "12 us");
  EXPECT_EQ(with_unit(0.0123, Unit::seconds), "12.3 ms");
  EXPECT_EQ(with_unit(12.3, Unit::seconds), "12.30 s");
  EXPECT_EQ(with_unit(0.005, Unit::share), "0.5 %");
  EXPECT_EQ(with_unit(500, Unit::count), "500");
  EXPECT_EQ(with_unit(99.96, Unit::per_second), "100.0/s");
}

}  // namespace
}  // namespace culvert::load
