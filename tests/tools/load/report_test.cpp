// The report in its three forms, of figures that a test can know.
#include "tools/load/report.hpp"

#include <gtest/gtest.h>

namespace culvert::load {
namespace {

Report some() {
  Report r;
  r.url = "https://198.51.100.1";
  r.asked = 100;
  r.peak = 100;
  r.held = 99;
  r.held_dtls = 97;
  r.gave_up = 1;
  r.seconds = {4, 10, 1, 0.5, 0};
  r.came = 98;
  r.tally.log_ins = {105, 100, 5};
  r.tally.failures["timed out"] = 5;
  r.tally.dtls = {120, 98, 22};
  r.tally.dtls_again = {20, 12, 8};
  for (uint64_t i = 1; i <= 100; ++i)
    r.tally.setup.add(i * 1000);
  r.storms = {{100, 100, 3.5}, {99, 99, 2.5}};
  r.data_wanted = true;
  r.data = {.sent = 1000, .answered = 980, .again = 1, .late = 2, .interrupted = 15, .heard = 96};
  r.strangers[0].came = 7;
  SlowReaderCount& stopped = r.slow_readers[static_cast<size_t>(SlowReaderKind::stopped)];
  stopped.wanted = stopped.up = 4;
  stopped.slow = 3;
  stopped.shown_out = 1;
  stopped.kept = 2;
  stopped.ends["reset by the headend"] = 1;
  stopped.requests = 500;
  stopped.answers = 60;
  stopped.stay.add(8'000'000);
  r.goals = judge(parse_goals("sessions=100,lost<10"), figures_of(r));
  r.end = "the scenario is over";
  return r;
}

TEST(LoadReport, HasAFigureForEachGoal) {
  const Figures figures = figures_of(some());
  EXPECT_EQ(figures.at("sessions"), 99);
  EXPECT_EQ(figures.at("peak"), 100);
  EXPECT_EQ(figures.at("failed"), 5);
  EXPECT_EQ(figures.at("dtls-failed"), 22);
  EXPECT_EQ(figures.at("dtls-sessions"), 97);
  EXPECT_DOUBLE_EQ(figures.at("rate"), 24.5);
  EXPECT_EQ(figures.at("storm"), 3.5);
  EXPECT_EQ(figures.at("lost"), 5);
  EXPECT_EQ(figures.at("damaged"), 0);
  EXPECT_EQ(figures.at("duplicates"), 1);
  EXPECT_EQ(figures.at("answered-sessions"), 96);
  EXPECT_DOUBLE_EQ(figures.at("loss"), 0.005);
  EXPECT_NEAR(figures.at("setup-p50"), 0.05, 0.001);
  EXPECT_NEAR(figures.at("setup-max"), 0.1, 1e-9);
  EXPECT_FALSE(figures.contains("rtt-p99")) << "nothing was measured";
  for (const auto& [name, value] : figures)
    EXPECT_TRUE(unit_of_figure(name).has_value()) << name;
}

bool met(const Report& r, const char* goal) {
  return judge(parse_goals(goal), figures_of(r)).at(0).met;
}

TEST(LoadReport, AStormIsOverWhenAllAreBack) {
  Report r = some();
  EXPECT_TRUE(met(r, "storm<4s"));
  r.storms[1].back = 98;
  EXPECT_FALSE(met(r, "storm<4s")) << "one gave up, however soon";
  EXPECT_EQ(why_no_figure(r, "storm"), "not all came back");
  r.storms[1] = {};
  EXPECT_FALSE(met(r, "storm<4s")) << "nobody was there";
  EXPECT_EQ(why_no_figure(r, "storm"), "one of them found nobody up");
  r.storms.clear();
  EXPECT_FALSE(met(r, "storm<4s"));
  EXPECT_EQ(why_no_figure(r, "storm"), "nothing was measured");
}

TEST(LoadReport, GoalsAboutDataThatNobodySentAreMissed) {
  Report r = some();
  r.data = {};
  for (const char* goal : {"lost=0", "loss<1%", "damaged=0", "duplicates=0", "answered-sessions=0"})
    EXPECT_FALSE(met(r, goal)) << goal;
  EXPECT_EQ(why_no_figure(r, "lost"), "no echo request was sent");
  r.goals = judge(parse_goals("lost=0"), figures_of(r));
  EXPECT_NE(as_text(r).find("GOAL MISSED  lost=0: no echo request was sent"), std::string::npos);
  EXPECT_EQ(as_json(r)["goals"][0]["why"], "no echo request was sent");
  r.data.sent = 1;
  EXPECT_TRUE(met(r, "damaged=0"));
  EXPECT_EQ(why_no_figure(r, "rtt-max"), "no echo request was answered");
  r.data_wanted = false;
  EXPECT_EQ(why_no_figure(r, "lost"), "there was no --target");
}

TEST(LoadReport, ThatNothingFailedIsNoGoalReachedIfNothingWasTried) {
  const Report r{};
  for (const char* goal : {"failed=0", "closed=0", "dtls-failed=0", "rate<1"})
    EXPECT_FALSE(met(r, goal)) << goal;
  for (const char* goal : {"sessions=0", "gave-up=0", "dtls-sessions=0"})
    EXPECT_TRUE(met(r, goal)) << goal;
}

TEST(LoadReport, AsText) {
  const std::string said = as_text(some());
  for (const char* words :
       {"100 sessions on https://198.51.100.1", "100 of 105, 5 failed, 24.5 a second",
        "DTLS         98 of 120, 22 failed; 97 had it at the end of the hold",
        "  again      12 of 20, 8 failed of those, by who had tried before", "5 timed out",
        "100 of 100 were back, the last after 3.50 s", "1000 echo requests, 980 answered, 5 lost",
        "96 of the sessions got answers", "7 garbage",
        "slow readers 3 of 4 stopped, 2 kept to the end, 1 shown out, after 8.00 s on",
        "of 500 echoes they read 60; 1 reset by the headend", "GOAL MISSED  sessions=100: 99",
        "goal met     lost<10: 5", "Complete: the scenario is over\n"}) {
    EXPECT_NE(said.find(words), std::string::npos) << words << " in\n" << said;
  }
  // 33 to 65 ms, the longest, and the rest.
  EXPECT_NE(said.find("<   65.5 ms       33 " + std::string(48, '#') + "\n"), std::string::npos);
  EXPECT_NE(said.find("<  131.1 ms       35 " + std::string(50, '#') + "\n"), std::string::npos);
}

TEST(LoadReport, AsJson) {
  const auto json = as_json(some());
  EXPECT_EQ(json["sessions"]["held"], 99);
  EXPECT_EQ(json["log_ins"]["failed"], 5);
  EXPECT_EQ(json["log_ins"]["seconds"]["count"], 100);
  const auto& buckets = json["log_ins"]["seconds"]["buckets"];
  ASSERT_EQ(buckets.size(), 8u) << "from 1 ms to 100 ms";
  EXPECT_NEAR(buckets[0]["below"].get<double>(), 1024e-6, 1e-12);
  EXPECT_EQ(buckets[0]["count"], 1);
  EXPECT_NEAR(buckets[7]["below"].get<double>(), 131072e-6, 1e-12);
  EXPECT_EQ(buckets[7]["count"], 35);
  uint64_t sum = 0;
  for (const auto& each : buckets)
    sum += each["count"].get<uint64_t>();
  EXPECT_EQ(sum, 100u);
  EXPECT_EQ(json["dtls"]["attempts"], 120);
  EXPECT_EQ(json["dtls"]["failed"], 22);
  EXPECT_EQ(json["dtls"]["again"]["worked"], 12);
  EXPECT_EQ(json["dtls"]["again"]["failed"], 8);
  EXPECT_EQ(json["dtls"]["held"], 97);
  EXPECT_EQ(json["storms"].size(), 2u);
  EXPECT_EQ(json["data"]["lost"], 5);
  EXPECT_EQ(json["data"]["sessions_answered"], 96);
  EXPECT_EQ(json["strangers"]["garbage"]["came"], 7);
  EXPECT_FALSE(json["strangers"].contains("syn"));
  const auto& stopped = json["slow_readers"]["stopped"];
  EXPECT_EQ(stopped["wanted"], 4);
  EXPECT_EQ(stopped["slow"], 3);
  EXPECT_EQ(stopped["shown_out"], 1);
  EXPECT_EQ(stopped["kept"], 2);
  EXPECT_EQ(stopped["echoes_asked"], 500);
  EXPECT_EQ(stopped["echoes_read"], 60);
  EXPECT_EQ(stopped["ends"]["reset by the headend"], 1);
  EXPECT_EQ(stopped["stay_seconds"]["count"], 1);
  EXPECT_FALSE(json["slow_readers"].contains("tiny"));
  EXPECT_EQ(json["goals"][0]["met"], false);
  EXPECT_EQ(json["goals"][1]["met"], true);
  EXPECT_TRUE(json["goals"][1]["why"].is_null());
  EXPECT_TRUE(json["reconnects"]["seconds"].is_null());
}

TEST(LoadReport, GoalsAreMetIfAllAre) {
  Report r = some();
  EXPECT_FALSE(r.goals_met());
  r.goals = judge(parse_goals("lost<10,failed=5"), figures_of(r));
  EXPECT_TRUE(r.goals_met());
  r.goals.clear();
  EXPECT_TRUE(r.goals_met());
}

}  // namespace
}  // namespace culvert::load
