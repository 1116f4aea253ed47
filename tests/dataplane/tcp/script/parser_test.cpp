// Scripts that are wrong, and scripts that do not come true: what is said about them, and where.
#include "tests/dataplane/tcp/script/parser.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/tcp/script/runner.hpp"

namespace culvert::tcp::test::script {
namespace {

std::string complaint(std::string_view text) {
  try {
    (void)parse(text, "x.tcp");
  } catch (const BadScript& bad) {
    return bad.what();
  }
  return "";
}

std::string outcome(std::string_view text) {
  return run(parse(text, "x.tcp"));
}

TEST(ScriptParser, segments) {
  const Script s = parse(
      "+.1 < FP. 1:2001(2000/1000) ack 7 win 10 <mss 1460,sackOK,nop,wscale 7,TS val 3 ecr *,sack "
      "1:2 3:4>  // a comment\n",
      "x.tcp");
  ASSERT_EQ(s.steps.size(), 1u);
  EXPECT_EQ(s.steps[0].line, 1);
  EXPECT_EQ(s.steps[0].when.from, 100'000u);
  const SegmentText& g = std::get<Give>(s.steps[0].action).segment;
  EXPECT_EQ(g.flags, 0x19);
  EXPECT_EQ(g.seq, 1u);
  EXPECT_EQ(g.size, 2000u);
  EXPECT_EQ(g.cut, 1000u);
  EXPECT_EQ(g.ack, 7u);
  EXPECT_EQ(g.window, 10u);
  ASSERT_TRUE(g.options);
  EXPECT_EQ(g.options->mss, 1460u);
  EXPECT_EQ(g.options->scale, 7u);
  EXPECT_TRUE(g.options->sack_ok);
  ASSERT_TRUE(g.options->stamp);
  EXPECT_EQ(g.options->stamp->value, 3u);
  EXPECT_FALSE(g.options->stamp->echo);
  EXPECT_EQ(g.options->sack.size(), 2u);
}

TEST(ScriptParser, times) {
  const Script s = parse("+.2~+300ms > . 1:1(0) ack 1\n* > . 1:1(0) ack 1\nquiet 50us\n", "x.tcp");
  ASSERT_EQ(s.steps.size(), 3u);
  EXPECT_EQ(s.steps[0].when.from, 200'000u);
  EXPECT_EQ(s.steps[0].when.to, 300'000u);
  EXPECT_TRUE(s.steps[1].when.any);
  EXPECT_EQ(std::get<Quiet>(s.steps[2].action).duration, 50u);
}

TEST(ScriptParser, settings) {
  const Script s = parse("set: receive_buffer 3000\nset: time_wait 10s\nquiet 1s\n", "x.tcp");
  EXPECT_EQ(s.config.receive_buffer, 3000u);
  EXPECT_EQ(s.config.time_wait, 10'000'000u);
}

TEST(ScriptParser, says_line_and_column) {
  EXPECT_EQ(complaint(""), "x.tcp:1:1: the script has no line");
  EXPECT_EQ(complaint("quiet 1s\n\n  jump\n").substr(0, 22), "x.tcp:3:3: a line says");
  EXPECT_EQ(complaint("< S 0:0(0)"), "x.tcp:1:1: a time is missing, as in `+0`");
  EXPECT_EQ(complaint("+0 < SX 0:0(0)"), "x.tcp:1:7: a flag is one of `S F R P U E W .`");
  EXPECT_EQ(complaint("+0 < S 0:1(0)"), "x.tcp:1:10: the end is not where the size puts it");
  EXPECT_EQ(complaint("+0 < S zero"), "x.tcp:1:8: the sequence number is expected here, a number");
  EXPECT_EQ(complaint("+0 < . 1:1(0)"), "x.tcp:1:14: `ack` is missing");
  EXPECT_EQ(complaint("+0 < S 0:0(0) ack 1"),
            "x.tcp:1:18: `ack` belongs to segments with the flag `.`");
  EXPECT_EQ(complaint("+0 < S 0:0(0) win 70000"), "x.tcp:1:19: the window is larger than 65535");
  EXPECT_EQ(complaint("+0 < S 0:0(0) <mss 9,wsc 3>"),
            "x.tcp:1:22: an option is one of mss, wscale, sackOK, TS, noTS, sack, nop, eol");
  EXPECT_EQ(complaint("+0 < S 0:0(0) <mss 9"), "x.tcp:1:21: `,` is expected after an option");
  EXPECT_EQ(complaint("+.3~+.2 > S 0:0(0)"), "x.tcp:1:6: the second time is the later one");
  EXPECT_EQ(complaint("* < S 0:0(0)"),
            "x.tcp:1:1: only what the endpoint sends has a range of times");
  EXPECT_EQ(complaint("quiet 1s 2s"), "x.tcp:1:10: nothing more is expected in this line");
  EXPECT_EQ(complaint("quiet soon"), "x.tcp:1:7: how long is expected here, as in `.1` or `100ms`");
  EXPECT_EQ(complaint("set: speed 9\n"), "x.tcp:1:6: no setting is called `speed`");
  EXPECT_EQ(complaint("quiet 1s\nset: time_wait 1s\n"),
            "x.tcp:2:1: settings come before everything else");
  EXPECT_EQ(complaint("expect: drop tcp-lost 1"), "x.tcp:1:14: no drop is called `tcp-lost`");
  EXPECT_EQ(complaint("expect: event opened+shut"), "x.tcp:1:15: no event is called `opened+shut`");
  EXPECT_EQ(complaint("expect: counter losses 1"), "x.tcp:1:17: no counter is called `losses`");
  EXPECT_EQ(complaint("icmp: mtu 1400 seq 1 gone"), "x.tcp:1:22: no drop reason is called `gone`");
}

TEST(ScriptRunner, names_what_came_instead) {
  const std::string text = outcome(
      "+0 < S 0:0(0) win 65535 <mss 1000>\n"
      "+0 > S. 0:0(0) ack 2\n");
  EXPECT_EQ(text,
            "x.tcp:2: > S. 0:0(0) ack 2\n"
            "    the acknowledged byte is another, for at   0.000000 came\n"
            "      > S. 0:0(0) ack 1 win 65535 <mss 1380>\n"
            "  the exchange so far:\n"
            "   0.000000 < S 0:0(0) win 65535 <mss 1000>\n"
            "   0.000000 > S. 0:0(0) ack 1 win 65535 <mss 1380>\n");
}

TEST(ScriptRunner, notices_whatever_is_otherwise) {
  const std::string open = "open <mss 1000>\n";
  const auto first_line = [&](const std::string& rest) {
    const std::string text = outcome(open + rest);
    const size_t start = text.find("\n    ");
    return start == std::string::npos
               ? text
               : text.substr(start + 5, text.find('\n', start + 1) - start - 5);
  };
  EXPECT_EQ(first_line("quiet 1s\n"), "");
  EXPECT_EQ(first_line("app: send 10\nquiet 1s\n"),
            "nothing was to leave before this line, but at   0.000000 came");
  EXPECT_EQ(first_line("app: send 10\nexpect: state closed\n"),
            "nothing was to leave before this line, but at   0.000000 came");
  EXPECT_EQ(first_line("app: send 10\n"), "> P. 1:11(10) ack 1 win 65535");
  EXPECT_EQ(first_line("+.1 > . 1:1(0) ack 1\n"), "nothing came until   0.101000 ");
  EXPECT_EQ(first_line("app: send 10\n+.1 > P. 1:11(10) ack 1\n"),
            "it was to come from   0.100000 to   0.101000 but at   0.000000 came");
  EXPECT_EQ(first_line("app: send 10\n+0 > . 1:12(11) ack 1\n"),
            "the size is another, for at   0.000000 came");
  EXPECT_EQ(first_line("app: send 10\n+0 > F. 1:11(10) ack 1\n"),
            "the set of flags is another, for at   0.000000 came");
  EXPECT_EQ(first_line("app: send 10\n+0 > . 1:11(10) ack 1 win 1\n"),
            "the window is another, for at   0.000000 came");
  EXPECT_EQ(first_line("app: send 10\n+0 > . 1:11(10) ack 1 <sack 1:2>\n"),
            "the number of SACK blocks is another, for at   0.000000 came");
  EXPECT_EQ(first_line("app: read 10\n"), "only 0 bytes are there");
  EXPECT_EQ(first_line("app: send 20000000\n"), "the bytes were refused");
  EXPECT_EQ(first_line("expect: event opened\n"), "it is none");
  EXPECT_EQ(first_line("expect: counter established 2\n"), "it is 1");
  EXPECT_EQ(first_line("icmp: mtu 1400 seq 1\n"),
            "the report was dropped: inspect-icmp-error-different-embedded-conn");
}

}  // namespace
}  // namespace culvert::tcp::test::script
