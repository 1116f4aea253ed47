// Words into options, and which words are refused.
#include "tools/load/command_line.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/control/cli/shell.hpp"

namespace culvert::load {
namespace {

CommandLine read(std::vector<std::string> words) {
  words.insert(words.begin(), "culvert-load");
  std::vector<char*> pointers;
  for (std::string& word : words)
    pointers.push_back(word.data());
  return read_command_line(static_cast<int>(pointers.size()), pointers.data());
}

std::vector<std::string> with(std::vector<std::string> more) {
  std::vector<std::string> words{"https://198.51.100.1",
                                 "--port",
                                 "net_af_xdp0,iface=wan",
                                 "--sources",
                                 "198.51.100.10-198.51.100.20",
                                 "--user",
                                 "vpn",
                                 "--passwd-file",
                                 "password"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(LoadCommandLine, ReadsAScenario) {
  const CommandLine line = read(with({"--sessions",     "500",
                                      "--rate",         "50",
                                      "--ramp",         "5",
                                      "--hold",         "20",
                                      "--churn",        "2",
                                      "--storm",        "1",
                                      "--roam",         "3",
                                      "--roam-to",      "address",
                                      "--silent-death", "0.5",
                                      "--target",       "10.48.66.200",
                                      "--sizes",        "64,1300",
                                      "--tunnels",      "both",
                                      "--hostile",      "syn=1000",
                                      "--hostile",      "half-tls=5",
                                      "--slow",         "2",
                                      "--goal",         "sessions=500,lost=0",
                                      "--goal",         "setup-p99<2s",
                                      "--dtls-again",   "7.5"}));
  ASSERT_TRUE(line.options.has_value());
  const Options& o = *line.options;
  EXPECT_EQ(o.plan.sessions, 500u);
  EXPECT_EQ(o.plan.rate, 50);
  EXPECT_EQ(o.plan.ramp, 5 * kSecond);
  EXPECT_EQ(o.plan.hold, 20 * kSecond);
  EXPECT_EQ(o.plan.storms, 1u);
  EXPECT_EQ(o.plan.silent_death, 0.5);
  EXPECT_EQ(o.plan.roam_to, RoamTo::address);
  EXPECT_EQ(o.tunnels, Tunnels::both);
  EXPECT_EQ(o.dtls_again, 15 * kSecond / 2);
  EXPECT_EQ(o.target->to_string(), "10.48.66.200");
  EXPECT_EQ(o.sizes, (std::vector<uint16_t>{64, 1300}));
  EXPECT_EQ(o.strangers[static_cast<size_t>(StrangerKind::syn)], 1000);
  EXPECT_EQ(o.strangers[static_cast<size_t>(StrangerKind::half_tls)], 5);
  EXPECT_EQ(o.strangers[static_cast<size_t>(StrangerKind::slow)], 2);
  EXPECT_EQ(o.goals.size(), 3u);
  EXPECT_EQ(o.sources.back().to_string(), "198.51.100.20");
}

TEST(LoadCommandLine, TriesDtlsAgainAsOpenconnectDoes) {
  EXPECT_EQ(read(with({})).options.value().dtls_again, 60 * kSecond);
  EXPECT_EQ(read(with({"--dtls-again", "0"})).options.value().dtls_again, 0u);
}

TEST(LoadCommandLine, ReadsSlowReaders) {
  const CommandLine line = read(
      with({"--target", "10.48.66.200", "--slow-reader", "tiny=3", "--slow-reader", "hung=10000"}));
  ASSERT_TRUE(line.options.has_value());
  EXPECT_EQ(line.options->slow_readers, (SlowReaderNumbers{10'000, 0, 0, 3}));
}

TEST(LoadCommandLine, RefusesWithStatusTwo) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {},
           {"https://198.51.100.1"},
           with({"--sessions", "0"}),
           with({"--sessions", "many"}),
           with({"--rate", "-1"}),
           with({"--dtls-again", "-1"}),
           with({"--seed", "-1"}),
           with({"--storm", "-1"}),
           with({"--sizes", "60,-1"}),
           with({"--sizes", "65636"}),
           with({"--rate", "nan"}),
           with({"--hold", "nan"}),
           with({"--hold", "inf"}),
           with({"--pings", "nan"}),
           with({"--slow", "nan"}),
           with({"--hostile", "syn=nan"}),
           with({"--goal", "nonsense=1"}),
           with({"--goal", "setup-p99<2"}),
           with({"--hostile", "syn"}),
           with({"--hostile", "syn=0"}),
           with({"--hostile", "polite=1"}),
           with({"--target", "10.48.66.200", "--slow-reader", "hung"}),
           with({"--target", "10.48.66.200", "--slow-reader", "hung=0"}),
           with({"--target", "10.48.66.200", "--slow-reader", "hung=1.5"}),
           with({"--target", "10.48.66.200", "--slow-reader", "hung=10001"}),
           with({"--target", "10.48.66.200", "--slow-reader", "quick=1"}),
           with({"--slow-reader", "hung=1"}),
           with({"--roam-to", "nowhere"}),
           with({"--roam", "1", "--tunnels", "tls"}),
           with({"--target", "server"}),
           with({"--sizes", "20"}),
           with({"--target", "fd00::1", "--sizes", "60"}),
           with({"--gateway", "x"}),
           with({"--sources", "198.51.100.20-198.51.100.10"}),
           with({"--nonsense"}),
       }) {
    const CommandLine line = read(words);
    EXPECT_FALSE(line.options.has_value()) << (words.empty() ? "" : words.back());
    EXPECT_EQ(line.status, 2) << (words.empty() ? "" : words.back());
  }
}

TEST(LoadCommandLine, AsAProcessItTellsWhatIsWrong) {
  const auto run = [](const std::string& arguments) {
    return control::shell("timeout 30 " CULVERT_LOAD " " + arguments + " 2>&1");
  };
  const std::string rest = " -p net_null0 --sources 198.51.100.7 --user u --passwd-file ";
  EXPECT_EQ(run("--version").said, "culvert-load 0.1.0\n");
  EXPECT_EQ(run("https://198.51.100.1").status, 2);
  const control::Done name = run("https://vpn.example.net" + rest + "/dev/null");
  EXPECT_EQ(name.status, 2);
  EXPECT_NE(name.said.find("'vpn.example.net' is no address"), std::string::npos) << name.said;
  const control::Done family = run("'https://[2001:db8::1]'" + rest + "/dev/null");
  EXPECT_EQ(family.status, 2);
  EXPECT_NE(family.said.find("two families"), std::string::npos) << family.said;
  const control::Done file = run("https://198.51.100.1" + rest + "/nonexistent");
  EXPECT_EQ(file.status, 2);
  EXPECT_NE(file.said.find("cannot read /nonexistent"), std::string::npos) << file.said;
  // Nobody is at the other end of a device that throws everything away.
  const control::Done nobody =
      run("https://198.51.100.1" + rest + "/dev/null --no-huge --link-wait 0.2");
  EXPECT_EQ(nobody.status, 1);
  EXPECT_NE(nobody.said.find("has not told its MAC address"), std::string::npos) << nobody.said;
}

TEST(LoadCommandLine, DescribesItself) {
  testing::internal::CaptureStdout();
  const CommandLine line = read({"--help"});
  const std::string help = testing::internal::GetCapturedStdout();
  EXPECT_FALSE(line.options.has_value());
  EXPECT_EQ(line.status, 0);
  for (const char* word : {"--sessions", "--storm", "--dtls-again", "KIND=PER-SECOND", "KIND=N",
                           "setup-p99<2s", "Exit status"})
    EXPECT_NE(help.find(word), std::string::npos) << word;
}

}  // namespace
}  // namespace culvert::load
