// What the summaries say, in words and as JSON.
#include "tools/replay/report.hpp"

#include <gtest/gtest.h>

namespace culvert::replay {
namespace {

bool says(const Report& report, const std::string& words) {
  return as_text(report).find(words) != std::string::npos;
}

TEST(Report, TellsWhatWasLost) {
  const Report report{.lost = 3, .end = "everything was sent"};
  EXPECT_TRUE(says(report, "Lost: 3 packets\n")) << as_text(report);
  EXPECT_EQ(as_json(report)["lost"], 3);
  EXPECT_EQ(as_json(report)["surplus"], 0);
}

TEST(Report, TellsNoLossWhereMoreCameThanWasSent) {
  const Report report{.surplus = 3};
  EXPECT_TRUE(says(report, "Lost: not known, for 3 packets more came than were sent"))
      << as_text(report);
  EXPECT_EQ(as_text(report).find('-'), std::string::npos) << as_text(report);
  EXPECT_TRUE(as_json(report)["lost"].is_null());
  EXPECT_EQ(as_json(report)["surplus"], 3);
}

TEST(Report, NothingKnownOfLossIsNothingSaid) {
  EXPECT_FALSE(says({}, "Lost"));
  EXPECT_TRUE(as_json(Report{})["lost"].is_null());
}

TEST(Report, TellsNothingAskedFromNoEnd) {
  Report report;
  report.sent.emplace_back().pace = "as recorded";
  EXPECT_TRUE(says(report, "no end, as recorded")) << as_text(report);
  EXPECT_TRUE(as_json(report)["sent"][0]["asked_packets"].is_null());
  report.sent[0].asked = 0;
  EXPECT_TRUE(says(report, " 0 packets, as recorded")) << as_text(report);
  EXPECT_EQ(as_json(report)["sent"][0]["asked_packets"], 0);
}

}  // namespace
}  // namespace culvert::replay
