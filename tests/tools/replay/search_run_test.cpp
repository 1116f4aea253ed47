// A whole search on a bench that is a formula: what it tries first, what it names as the limit, how it reports.
#include "tools/replay/search_run.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tools/replay/failure.hpp"
#include "tools/replay/headend_use.hpp"
#include "tools/replay/pci_slot.hpp"

namespace culvert::replay {
namespace {

struct Formula {
  double device = 2e6, tester = 1e7;  // packets a second
  double busy_at = 0;  // rate at which the headend's worker is fully busy; 0: no headend
  int trials = 0;
  int breaks_at = 0;  // the trial that finds no headend any more; 0: none does

  TrialRecord run(double rate, double seconds, double carried) {
    if (++trials == breaks_at) throw Failure("The headend has gone.");
    TrialRecord r{.rate = rate, .seconds = seconds, .sent_seconds = seconds};
    const double sent = std::min(rate, tester);
    r.sent = static_cast<uint64_t>(sent * seconds);
    r.expected = std::isfinite(rate) ? static_cast<uint64_t>(rate * seconds) : r.sent;
    r.arrived = static_cast<uint64_t>(std::min(sent, carried) * seconds);
    if (busy_at > 0) r.headend = HeadendUse{std::min(1.0, rate / busy_at), 1200};
    return r;
  }
  Bench bench() {
    return {.run = [this](double rate, double seconds) { return run(rate, seconds, device); },
            .tester = [this](double rate, double seconds) { return run(rate, seconds, tester); },
            .ports = 1,
            .mean_frame = 60,
            .bits_on_wire = 672};
  }
};

SearchWish usual() {
  return {.goals = {{.name = "NDR", .loss_ratio = 1e-5}, {.name = "PDR", .loss_ratio = 0.005}},
          .warm_up_s = 1,
          .curve = 6};
}

SearchReport search(Formula& formula, const SearchWish& wish) {
  Progress silent(false);
  return search_on(formula.bench(), wish, silent);
}

TEST(SearchRun, FindsTheDevice) {
  Formula formula;
  const SearchReport report = search(formula, usual());
  EXPECT_DOUBLE_EQ(*report.tester_rate, 1e7);
  EXPECT_TRUE(report.tester_measured);
  EXPECT_DOUBLE_EQ(report.max_rate, 1e7);
  ASSERT_EQ(report.passes.size(), 1u);
  EXPECT_TRUE(report.passes[0].finished);
  const Found& ndr = report.passes[0].found.at(0);
  EXPECT_NEAR(*ndr.result.lower, 2e6, 2e6 * 0.005);
  EXPECT_EQ(ndr.bottleneck, search::Bottleneck::device);
  EXPECT_EQ(ndr.at_lower->rate, *ndr.result.lower);
  EXPECT_EQ(ndr.at_lower->loss_ratio(), 0);
  EXPECT_GT(ndr.at_upper->loss_ratio(), 1e-5);
  ASSERT_EQ(report.curve.size(), 6u);
  EXPECT_NEAR(report.curve.back().rate, 1.2 * 2e6, 2e6 * 0.02);
  EXPECT_GT(report.curve.back().loss_ratio(), 0.1);
}

TEST(SearchRun, TheTesterIsNamedIfItIsTheLimit) {
  Formula formula{.device = 1e9, .tester = 3e6};
  const SearchReport report = search(formula, usual());
  EXPECT_EQ(report.passes[0].found.at(0).bottleneck, search::Bottleneck::generator);
  EXPECT_NE(as_text(report).find("generator-bound"), std::string::npos);
  // Where it is said that it might do more, its own falling behind tells.
  SearchWish wish = usual();
  wish.max_rate = wish.tester_rate = 1e7;
  const SearchReport given = search(formula, wish);
  EXPECT_FALSE(given.tester_measured);
  EXPECT_NEAR(*given.passes[0].found.at(0).result.lower, 3e6, 3e6 * 0.01);
  EXPECT_EQ(given.passes[0].found.at(0).bottleneck, search::Bottleneck::generator);
  EXPECT_TRUE(as_json(given)["searches"][0]["found"][0]["generator_bound"].get<bool>());
}

TEST(SearchRun, LineAndWorker) {
  Formula fast{.device = 1e9, .tester = 2e7};
  SearchWish wish = usual();
  wish.line_rate = 10e9;
  const SearchReport line = search(fast, wish);
  EXPECT_NEAR(line.max_rate, 10e9 / 672, 1);
  EXPECT_EQ(line.passes[0].found.at(0).bottleneck, search::Bottleneck::nic);
  EXPECT_NE(as_text(line).find("100.0 % of line rate"), std::string::npos) << as_text(line);

  Formula busy{.device = 2e6, .busy_at = 2e6};
  const SearchReport worker = search(busy, usual());
  EXPECT_EQ(worker.passes[0].found.at(0).bottleneck, search::Bottleneck::worker);
  const auto json = as_json(worker);
  EXPECT_NEAR(json["searches"][0]["found"][0]["at_rate"]["headend"]["busiest_worker"].get<double>(),
              1, 0.02);
  EXPECT_EQ(json["searches"][0]["found"][0]["at_rate"]["headend"]["cycles_per_packet"], 1200);
}

TEST(SearchRun, Repeats) {
  Formula formula;
  SearchWish wish = usual();
  wish.repeat = 3;
  const auto json = as_json(search(formula, wish));
  EXPECT_EQ(json["searches"].size(), 3u);
  EXPECT_EQ(json["results"][0]["searches"], 3);
  EXPECT_EQ(json["results"][0]["least"], json["results"][0]["most"]);
  EXPECT_EQ(json["results"][1]["goal"], "PDR");
}

TEST(SearchRun, SustainsAShareOfWhatWasFound) {
  Formula formula;
  SearchWish wish = usual();
  wish.sustain = 0.75;
  wish.sustain_s = 20;
  const SearchReport report = search(formula, wish);
  ASSERT_TRUE(report.sustained);
  EXPECT_DOUBLE_EQ(report.sustained->rate, 0.75 * *report.passes[0].found[0].result.lower);
  EXPECT_EQ(report.sustained->seconds, 20);
  EXPECT_EQ(report.sustained->loss_ratio(), 0);
  EXPECT_NE(as_text(report).find("75 % of NDR for 20 s: "), std::string::npos) << as_text(report);
  EXPECT_EQ(as_json(report)["sustained_share"], 0.75);
  EXPECT_EQ(as_json(report)["sustained"]["arrived"], report.sustained->arrived);
}

TEST(SearchRun, SustainsNothingIfNothingWasFoundOrNobodyAsks) {
  Formula formula;
  SearchWish wish = usual();
  wish.sustain = 0;
  EXPECT_FALSE(search(formula, wish).sustained);
  wish = usual();
  wish.min_rate = 3e6;  // which is more than the device carries
  const SearchReport nothing = search(formula, wish);
  EXPECT_FALSE(nothing.sustained);
  EXPECT_TRUE(as_json(nothing)["sustained"].is_null());
}

TEST(SearchRun, EndsWhenItsTimeIsOver) {
  Formula formula;
  SearchWish wish = usual();
  wish.limit_s = 3;
  wish.curve = 0;
  const SearchReport report = search(formula, wish);
  EXPECT_FALSE(report.passes[0].finished);
  EXPECT_LE(report.passes[0].trial_seconds, 3);
  EXPECT_EQ(describe(report.passes[0].found.at(0).result.end), "not finished");
  EXPECT_TRUE(report.curve.empty());
}

// How many trials it takes in all.
int trials_of(const SearchWish& wish) {
  Formula formula;
  (void)search(formula, wish);
  return formula.trials;
}

TEST(SearchRun, WhatWasFoundStaysWhenALaterTrialFails) {
  SearchWish wish = usual();
  wish.repeat = 2;
  const int all = trials_of(wish);
  const auto broken_at = [&](int trial) {
    Formula formula{.breaks_at = trial};
    SearchReport report = search(formula, wish);
    EXPECT_EQ(formula.trials, trial) << "nothing is tried behind it";
    EXPECT_FALSE(report.complete());
    return report;
  };
  const SearchReport whole = broken_at(all + 1 - static_cast<int>(wish.curve) - 1);
  EXPECT_EQ(whole.passes.size(), 2u);
  EXPECT_TRUE(whole.passes[1].finished);
  EXPECT_NEAR(*whole.passes[1].found.at(0).result.lower, 2e6, 2e6 * 0.005);
  EXPECT_EQ(whole.missing, "the trial with a margin, the curve: The headend has gone.");
  EXPECT_TRUE(as_json(whole)["sustained_share"].is_null());

  const SearchReport curve = broken_at(all);
  EXPECT_TRUE(curve.sustained);
  EXPECT_EQ(curve.curve.size(), wish.curve - 1);
  EXPECT_EQ(curve.missing, "the rest of the curve: The headend has gone.");
  EXPECT_EQ(as_json(curve)["missing"], curve.missing);
  EXPECT_NE(as_text(curve).find("Missing: " + curve.missing + "\n"), std::string::npos);

  const int first = 3 + 1 + static_cast<int>(whole.passes[0].trials.size());
  const SearchReport second = broken_at(first + 2);
  ASSERT_EQ(second.passes.size(), 2u);
  EXPECT_TRUE(second.passes[0].finished);
  EXPECT_EQ(second.passes[1].trials.size(), 1u);
  EXPECT_FALSE(second.passes[1].finished);
  EXPECT_EQ(second.missing,
            "the rest of search 2, the trial with a margin, the curve: The headend has gone.");
  const SearchReport between = broken_at(first + 1);
  EXPECT_EQ(between.passes.size(), 1u);
  EXPECT_EQ(between.missing,
            "1 of 2 searches, the trial with a margin, the curve: The headend has gone.");
}

TEST(SearchRun, WithoutAnyTrialTheFailureIsAllThereIs) {
  for (const int trial : {1, 4, 5}) {  // of the tester alone, the warm-up, the first of the search
    Formula formula{.breaks_at = trial};
    EXPECT_THROW((void)search(formula, usual()), Failure) << trial;
  }
  SearchWish wish = usual();
  Formula formula{.breaks_at = 6};
  const SearchReport report = search(formula, wish);
  EXPECT_EQ(report.passes.at(0).trials.size(), 1u);
  EXPECT_NE(as_text(report).find("not finished"), std::string::npos) << as_text(report);
}

TEST(SearchRun, ACompleteOneSaysSo) {
  Formula formula;
  const SearchReport report = search(formula, usual());
  EXPECT_TRUE(report.complete());
  EXPECT_TRUE(as_json(report)["missing"].is_null());
  EXPECT_EQ(as_text(report).find("Missing"), std::string::npos);
}

TEST(SearchRun, SaysWhatKeepsItFromSearching) {
  Formula cut{.device = 0};
  EXPECT_THROW((void)search(cut, usual()), Failure);  // nothing arrives at the warm-up
  Formula formula;
  Bench blind = formula.bench();
  blind.tester = nullptr;
  Progress silent(false);
  EXPECT_THROW((void)search_on(blind, usual(), silent), Failure);  // no rate to begin at
  SearchWish upside_down = usual();
  upside_down.min_rate = 2e7;
  EXPECT_THROW((void)search(formula, upside_down), Failure);
}

TEST(TrialRecord, WhatWasNotSentIsLostAndTheTesters) {
  TrialRecord r{.expected = 1000, .sent = 900, .arrived = 900};
  EXPECT_DOUBLE_EQ(r.loss_ratio(), 0.1);
  EXPECT_TRUE(r.tester_fell_behind());
  r = {.expected = 1000, .sent = 1000, .arrived = 900};
  EXPECT_FALSE(r.tester_fell_behind());
  r.missed = 95;
  EXPECT_TRUE(r.tester_fell_behind());
  r = {.expected = 1000, .sent = 999, .arrived = 500};
  EXPECT_FALSE(r.tester_fell_behind()) << "a trace of it is not what limits";
  r = {.expected = 1000, .sent = 1000, .arrived = 1000};
  EXPECT_FALSE(r.tester_fell_behind());
  EXPECT_EQ(TrialRecord{}.loss_ratio(), 1);
}

TEST(HeadendUse, IsWhatIsBetweenTwoAnswers) {
  const HeadendUse use = use_between({{10, 1000}, {5, 500}}, {{10.5, 2000}, {5.9, 2500}}, 1, 2e9);
  EXPECT_DOUBLE_EQ(use.busiest, 0.9);
  EXPECT_NEAR(use.cycles_per_packet, 1.4 * 2e9 / 3000, 1);
  EXPECT_EQ(use_between({}, {}, 1, 2e9).cycles_per_packet, 0);
}

TEST(PciSlot, IsReadFromSysfs) {
  const std::filesystem::path folder = testing::TempDir() + "slot";
  std::filesystem::create_directories(folder);
  EXPECT_FALSE(read_slot(folder));
  const auto write = [&](const char* name, const char* text) {
    std::ofstream(folder / name) << text << '\n';
  };
  write("current_link_speed", "8.0 GT/s PCIe");
  write("current_link_width", "4");
  const auto slot = read_slot(folder);
  ASSERT_TRUE(slot);
  EXPECT_DOUBLE_EQ(slot->transfers, 8e9);
  EXPECT_EQ(slot->lanes, 4u);
  write("current_link_speed", "Unknown");
  EXPECT_FALSE(read_slot(folder));
}

}  // namespace
}  // namespace culvert::replay
