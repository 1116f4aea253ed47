// Hours of a crowd in no time: who is sent when, and what becomes of those that fail.
#include "tools/load/scenario.hpp"

#include <set>

#include <gtest/gtest.h>

#include "tests/tools/load/crowd_of_paper.hpp"

namespace culvert::load {
namespace {

double length(const Scenario& scenario, Phase from, Phase to) {
  return in_seconds(scenario.began(to) - scenario.began(from));
}

TEST(Scenario, AllComeAreHeldAndLeave) {
  PaperCrowd crowd({.sessions = 200, .rate = 100, .hold = 5 * kSecond});
  crowd.play(60);
  ASSERT_TRUE(crowd.scenario.over());
  EXPECT_EQ(crowd.count(Act::log_in), 200u);
  EXPECT_EQ(crowd.count(Act::leave), 200u);
  EXPECT_EQ(crowd.done.size(), 400u);
  EXPECT_EQ(crowd.scenario.peak(), 200u);
  EXPECT_EQ(crowd.scenario.held(), 200u);
  EXPECT_EQ(crowd.scenario.gave_up(), 0u);
  EXPECT_NEAR(length(crowd.scenario, Phase::ramp, Phase::hold), 2.0, 0.1);
  EXPECT_NEAR(length(crowd.scenario, Phase::hold, Phase::settle), 5.0, 0.1);
  EXPECT_NEAR(length(crowd.scenario, Phase::settle, Phase::leave), 1.0, 0.1);
}

TEST(Scenario, ARateRisesEvenly) {
  PaperCrowd crowd({.sessions = 1000, .rate = 100, .ramp = 10 * kSecond, .at_once = 1000});
  // A rate that rises to 100 a second within ten lets 500 in, a quarter of them in its first half.
  crowd.play(5);
  EXPECT_NEAR(static_cast<double>(crowd.count(Act::log_in)), 125, 2);
  crowd.play(5);
  EXPECT_NEAR(static_cast<double>(crowd.count(Act::log_in)), 500, 2);
  crowd.play(1);
  EXPECT_NEAR(static_cast<double>(crowd.count(Act::log_in)), 600, 2);
}

TEST(Scenario, NoMoreAreOnTheirWayThanMayBe) {
  PaperCrowd crowd({.sessions = 300, .rate = 0, .at_once = 7, .hold = 0});
  crowd.play(100);
  EXPECT_TRUE(crowd.scenario.over());
  EXPECT_EQ(crowd.most_on_their_way, 7u);
  EXPECT_EQ(crowd.scenario.held(), 300u);
  // Each set-up takes a fiftieth of a second, so 350 a second get in.
  EXPECT_NEAR(length(crowd.scenario, Phase::ramp, Phase::hold), 300.0 / 350, 0.1);
}

TEST(Scenario, WhoFailsTriesAgainAndThenGivesUp) {
  PaperCrowd crowd({.sessions = 10, .hold = 0, .tries = 3, .pause = 2 * kSecond});
  crowd.fails = [](const Order& order) { return order.member == 4; };
  crowd.play(60);
  ASSERT_TRUE(crowd.scenario.over());
  EXPECT_EQ(crowd.scenario.held(), 9u);
  EXPECT_EQ(crowd.scenario.gave_up(), 1u);
  std::vector<Time> tries;
  for (const auto& each : crowd.done) {
    if (each.order.member == 4 && each.order.act == Act::log_in) tries.push_back(each.at);
  }
  ASSERT_EQ(tries.size(), 3u);
  EXPECT_NEAR(in_seconds(tries[1] - tries[0]), 2.0, 0.1);
  EXPECT_NEAR(in_seconds(tries[2] - tries[1]), 2.0, 0.1);
}

TEST(Scenario, AFailedLogInThatLeftACookieGoesOnByCookie) {
  PaperCrowd crowd({.sessions = 1});
  while (crowd.done.empty())
    crowd.turn();
  crowd.pending.clear();
  crowd.scenario.failed(0, crowd.now, true);
  crowd.play(1.5);
  ASSERT_EQ(crowd.done.size(), 2u);
  EXPECT_EQ(crowd.done[1].order.act, Act::reconnect);
}

TEST(Scenario, ChurnAndSilentDeathKeepTheirRatesAndTheNumber) {
  PaperCrowd crowd(
      {.sessions = 100, .rate = 1000, .hold = 20 * kSecond, .churn = 5, .silent_death = 2});
  crowd.play(100);
  ASSERT_TRUE(crowd.scenario.over());
  EXPECT_NEAR(static_cast<double>(crowd.count(Act::leave)), 100 + 100, 2);
  EXPECT_NEAR(static_cast<double>(crowd.count(Act::vanish)), 40, 2);
  EXPECT_EQ(crowd.count(Act::log_in),
            100 + crowd.count(Act::leave) - 100 + crowd.count(Act::vanish));
  EXPECT_EQ(crowd.scenario.held(), 100u);
  EXPECT_EQ(crowd.scenario.peak(), 100u);
}

TEST(Scenario, RoamsToPortsAndAddressesInTurns) {
  PaperCrowd crowd({.sessions = 50, .rate = 1000, .hold = 10 * kSecond, .roam = 10});
  crowd.play(100);
  EXPECT_NEAR(static_cast<double>(crowd.count(Act::roam_port)), 50, 2);
  EXPECT_NEAR(static_cast<double>(crowd.count(Act::roam_address)), 50, 2);
  std::set<uint32_t> who;
  for (const auto& each : crowd.done) {
    if (each.order.act == Act::roam_port) who.insert(each.order.member);
  }
  EXPECT_GT(who.size(), 20u) << "the same few roam again and again";
}

TEST(Scenario, AStormTakesAllAtOnceAndIsWaitedFor) {
  PaperCrowd crowd({.sessions = 500, .rate = 1000, .at_once = 8, .hold = 4 * kSecond, .storms = 1});
  crowd.play(4.5);
  ASSERT_EQ(crowd.scenario.phase(), Phase::hold);
  crowd.takes = 30 * kSecond;  // longer than the rest of the hold
  crowd.play(1000);
  ASSERT_TRUE(crowd.scenario.over());
  EXPECT_EQ(crowd.count(Act::reconnect), 500u);
  std::set<Time> when;
  for (const auto& each : crowd.done) {
    if (each.order.act == Act::reconnect) when.insert(each.at);
  }
  EXPECT_EQ(when.size(), 1u) << "they did not come at once";
  ASSERT_EQ(crowd.scenario.storms().size(), 1u);
  const Storm& storm = crowd.scenario.storms()[0];
  EXPECT_EQ(storm.members, 500u);
  EXPECT_EQ(storm.back, 500u);
}

TEST(Scenario, StormsDoNotOverlapAndThoseWhoStayOutEndThem) {
  PaperCrowd crowd({.sessions = 20, .rate = 1000, .hold = 3 * kSecond, .storms = 2, .tries = 2});
  crowd.fails = [](const Order& order) { return order.act == Act::reconnect && order.member == 3; };
  crowd.play(1000);
  ASSERT_TRUE(crowd.scenario.over());
  ASSERT_EQ(crowd.scenario.storms().size(), 2u);
  const Storm& first = crowd.scenario.storms()[0];
  const Storm& second = crowd.scenario.storms()[1];
  EXPECT_EQ(first.members, 20u);
  EXPECT_EQ(first.back, 19u);
  EXPECT_NE(first.ended, kNever);
  EXPECT_GE(second.began, first.ended);
  EXPECT_EQ(second.members, 19u);
  EXPECT_EQ(second.back, 19u);
  EXPECT_EQ(crowd.scenario.gave_up(), 1u);
}

TEST(Scenario, WhoFallsComesBackByCookieOrByPassword) {
  PaperCrowd crowd({.sessions = 2, .rate = 1000, .hold = 100 * kSecond});
  crowd.play(1);
  crowd.scenario.fell(0, crowd.now, true);
  crowd.scenario.fell(1, crowd.now, false);
  EXPECT_EQ(crowd.scenario.up().size(), 0u);
  crowd.play(2);
  EXPECT_EQ(crowd.scenario.up().size(), 2u);
  EXPECT_EQ(crowd.count(Act::reconnect), 1u);
  EXPECT_EQ(crowd.count(Act::log_in), 3u);
}

TEST(Scenario, EventsOfThoseThatAreNotMeantChangeNothing) {
  PaperCrowd crowd({.sessions = 2, .rate = 1000, .hold = 100 * kSecond});
  crowd.play(1);
  crowd.scenario.came_up(0, crowd.now);
  crowd.scenario.failed(1, crowd.now, true);
  EXPECT_EQ(crowd.scenario.up().size(), 2u);
  EXPECT_EQ(crowd.scenario.on_their_way(), 0u);
}

TEST(Scenario, AnEarlyEndLetsThemLeave) {
  PaperCrowd crowd({.sessions = 1000, .rate = 10, .hold = 100 * kSecond});
  crowd.play(3);
  crowd.scenario.wind_up(crowd.now);
  crowd.play(20);
  ASSERT_TRUE(crowd.scenario.over());
  EXPECT_NEAR(static_cast<double>(crowd.count(Act::log_in)), 30, 2);
  EXPECT_EQ(crowd.count(Act::leave), crowd.count(Act::log_in));
  EXPECT_EQ(crowd.scenario.began(Phase::hold), kNever);
}

TEST(Scenario, AnEarlyEndWaitsForThoseOnTheirWayButNotForever) {
  PaperCrowd crowd({.sessions = 20, .rate = 1000, .hold = 100 * kSecond});
  crowd.takes = 3 * kSecond;
  crowd.play(1);
  crowd.scenario.wind_up(crowd.now);
  crowd.play(20);
  ASSERT_TRUE(crowd.scenario.over());
  EXPECT_EQ(crowd.count(Act::leave), 20u);

  PaperCrowd stuck({.sessions = 20, .rate = 1000, .hold = 100 * kSecond});
  stuck.takes = 1000 * kSecond;
  stuck.play(1);
  stuck.scenario.wind_up(stuck.now);
  stuck.play(20);
  EXPECT_TRUE(stuck.scenario.over());
}

TEST(Scenario, WhoFallsAgainAndAgainDoesNotKeepItFromItsEnd) {
  PaperCrowd crowd({.sessions = 10, .rate = 5, .hold = 3 * kSecond, .storms = 1});
  while (!crowd.scenario.over() && crowd.now < 60 * kSecond) {
    crowd.turn();
    for (const uint32_t member : {0u, 1u, 2u}) {
      if (crowd.scenario.up().has(member)) crowd.scenario.fell(member, crowd.now, true);
    }
  }
  ASSERT_TRUE(crowd.scenario.over());
  EXPECT_LT(in_seconds(crowd.scenario.began(Phase::settle) - crowd.scenario.began(Phase::hold)), 6);
  EXPECT_GE(crowd.scenario.held(), 7u);
  EXPECT_EQ(crowd.scenario.gave_up(), 0u);
  EXPECT_GT(crowd.count(Act::reconnect), 3u * 3);
}

TEST(Scenario, WhoIsToFollowOneThatLeftIsWaitedFor) {
  PaperCrowd crowd(
      {.sessions = 20, .rate = 0, .at_once = 1, .hold = 2 * kSecond, .churn = 100, .settle = 0});
  crowd.play(60);
  ASSERT_TRUE(crowd.scenario.over());
  EXPECT_EQ(crowd.scenario.held(), 20u);
}

TEST(Scenario, TheyMayVanishInsteadOfLeaving) {
  PaperCrowd crowd({.sessions = 5, .rate = 1000, .hold = 0, .vanish = true});
  crowd.play(20);
  ASSERT_TRUE(crowd.scenario.over());
  EXPECT_EQ(crowd.count(Act::vanish), 5u);
  EXPECT_EQ(crowd.count(Act::leave), 0u);
}

TEST(Scenario, TheSameSeedDrawsTheSame) {
  const auto drawn = [](uint64_t seed) {
    PaperCrowd crowd(
        {.sessions = 100, .rate = 1000, .hold = 10 * kSecond, .churn = 10, .seed = seed});
    crowd.play(11);
    std::vector<uint32_t> members;
    for (const auto& each : crowd.done) {
      if (each.order.act == Act::leave) members.push_back(each.order.member);
    }
    return members;
  };
  EXPECT_EQ(drawn(5), drawn(5));
  EXPECT_NE(drawn(5), drawn(6));
}

TEST(Roster, AddsRemovesAndKnows) {
  Roster roster(10);
  for (const uint32_t member : {3u, 7u, 5u, 3u})
    roster.add(member);
  EXPECT_EQ(roster.size(), 3u);
  roster.remove(3);
  roster.remove(3);
  EXPECT_EQ(roster.size(), 2u);
  EXPECT_FALSE(roster.has(3));
  EXPECT_EQ(std::set<uint32_t>({roster[0], roster[1]}), std::set<uint32_t>({5, 7}));
}

}  // namespace
}  // namespace culvert::load
