// What is said of a tunnelled replay, when it counts as complete, and when nothing moves any more.
#include "tools/replay/tunnel/tunnel_report.hpp"

#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace culvert::replay {
namespace {

// 10 packets that were taken: 1 left out, 9 sent, one of them out of order.
TunnelReport usual() {
  TunnelReport report;
  report.headend = "198.51.100.1";
  report.captures = {"a.pcap"};
  report.sessions = report.ready = 1;
  report.rounds = 1;
  report.asked = report.taken = 10;
  report.left_out.not_ip = 1;
  const PassageReport all{.up = true, .sent = 9, .sent_bytes = 900, .intact = 9, .reordered = 7};
  report.totals = {all};
  report.suites = {all};
  report.suites[0].channel = "DTLS";
  report.suites[0].suite = "ECDHE-RSA-AES128-GCM-SHA256";
  report.sizes = report.suites;
  report.sizes[0].sizes = "65-128";
  report.end = "everything was sent";
  return report;
}
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream in(line);
  for (std::string word; in >> word;)
    words.push_back(word);
  return words;
}

TEST(TunnelReport, RowsTellWhatIsOutOfOrder) {
  const std::string said = as_text(usual());
  const size_t head = said.find("cipher  ");
  ASSERT_NE(head, std::string::npos) << said;
  const size_t line = said.find('\n', head) + 1;
  EXPECT_EQ(words_of(said.substr(head, line - head)),
            (std::vector<std::string>{"cipher", "bytes", "sent", "intact", "lost", "changed",
                                      "reordered", "50", "%", "µs", "99", "%", "µs"}));
  EXPECT_EQ(words_of(said.substr(line, said.find('\n', line) - line)),
            (std::vector<std::string>{"up", "DTLS", "ECDHE-RSA-AES128-GCM-SHA256", "all", "9", "9",
                                      "0", "0", "7", "0.0", "0.0"}));
}

TEST(TunnelReport, WhatIsTooLargeIsNamed) {
  TunnelReport report = usual();
  report.captures_left_out.oversized = 3;
  EXPECT_NE(as_text(report).find("of captures   3 too large for any tunnel\n"), std::string::npos)
      << as_text(report);
  EXPECT_EQ(as_json(report)["left_out"]["oversized"], 3);
}

TEST(TunnelReport, WhatIsMissingIsTold) {
  TunnelReport report = usual();
  EXPECT_TRUE(as_json(report)["missing"].is_null());
  EXPECT_EQ(as_text(report).find("missing"), std::string::npos);
  report.missing = "what the headend dropped: it has gone.";
  EXPECT_EQ(as_json(report)["missing"], report.missing);
  EXPECT_NE(as_text(report).find("missing       what the headend dropped: it has gone.\n"),
            std::string::npos);
}

TEST(TunnelReport, IsWholeIfNothingLacks) {
  EXPECT_TRUE(whole(usual()));
  const auto with = [](auto change) {
    TunnelReport report = usual();
    change(report);
    return whole(report);
  };
  EXPECT_TRUE(with([](TunnelReport& r) { r.asked = 0; })) << "what has no end is never all taken";
  EXPECT_FALSE(with([](TunnelReport& r) { r.taken = 9; }));
  EXPECT_FALSE(with([](TunnelReport& r) { r.waiting = 1; }));
  EXPECT_FALSE(with([](TunnelReport& r) { r.asked = 0, r.waiting = 1; }));
  EXPECT_FALSE(with([](TunnelReport& r) { r.closed = 1; }));
  EXPECT_FALSE(with([](TunnelReport& r) { r.unfit = 1; }));
  EXPECT_FALSE(with([](TunnelReport& r) { r.ended["timed out"] = 1; }));
  EXPECT_FALSE(with([](TunnelReport& r) { r.missing = "drops"; }));
}

}  // namespace
}  // namespace culvert::replay
