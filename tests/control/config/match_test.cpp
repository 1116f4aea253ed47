// The matching itself: words, quotes, abbreviations, choices, and the edges of every range in the
// table.
#include "control/config/match.hpp"

#include <gtest/gtest.h>

#include "tests/control/config/hasher.hpp"

namespace culvert::control {
namespace {

Match match_one(std::string_view syntax, std::string_view line) {
  const Syntax compiled(syntax);
  const std::vector<Candidate> candidates = {{&compiled, ""}};
  return match(candidates, split_words(line).words, line);
}

TEST(Words, AreSplitAndQuoted) {
  const auto w = split_words(" a\t\"b c\" d\"e !f");
  ASSERT_EQ(w.words.size(), 3U);
  EXPECT_EQ(w.words[1].text, "b c");
  EXPECT_EQ(w.words[1].column, 3U);
  EXPECT_EQ(w.words[1].end, 8U);
  EXPECT_EQ(w.words[2].text, "d\"e");
  EXPECT_TRUE(split_words("\"a").open_quote);
  EXPECT_TRUE(split_words("\"a\\").open_quote);
  for (const std::string text : {"", "a", "!a", "a b", "a\"b", "\\", "\"", "a\\b c", "\t"}) {
    ASSERT_EQ(split_words(quote(text)).words.size(), 1U) << text;
    EXPECT_EQ(split_words(quote(text)).words[0].text, text);
  }
}

TEST(Match, RepeatsAndLeavesOut) {
  EXPECT_EQ(match_one("a <x:word>... [b]", "a 1 2 3").arguments.texts("x"),
            (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(match_one("a [b] c", "a c").status, MatchStatus::ok);
  EXPECT_EQ(match_one("a [b] c", "a b c").status, MatchStatus::ok);
  EXPECT_EQ(match_one("a [b] c", "a b b c").status, MatchStatus::invalid);
  EXPECT_EQ(match_one("a {b | <n:1-9>}", "a 9").arguments.number("n"), 9U);
  EXPECT_EQ(match_one("a {b | <n:1-9>}", "a 10").status, MatchStatus::invalid);
  EXPECT_EQ(match_one("a <t:line>", "a  b \"c ! d").arguments.text("t"), "b \"c ! d");
}

TEST(Match, PrefersTheExactKeyword) {
  EXPECT_EQ(match_one("{ab | abc}", "ab").arguments[0].name, "ab");
  EXPECT_EQ(match_one("{ab | abc}", "a").status, MatchStatus::ambiguous);
  EXPECT_EQ(match_one("{ab | abc}", "\"ab\"").status, MatchStatus::invalid);
}

TEST(Syntax, RefusesMalformedRows) {
  for (const char* bad : {"", "[a]", "{a", "a}", "a <b>", "a <b:1-", "<b", "a <b:x>"}) {
    EXPECT_THROW(Syntax{bad}, std::logic_error) << bad;
  }
}

TEST(Arguments, ReadCores) {
  EXPECT_EQ(match_one("<c:cores>", "5,1-3").arguments[0].list, (std::vector<unsigned>{1, 2, 3, 5}));
  for (const char* bad : {"", "1-", "-1", "1,", "1,,2", "1-3,2", "a", "99999999999999999999"}) {
    EXPECT_NE(match_one("<c:cores>", std::string("\"") + bad + "\"").status, MatchStatus::ok)
        << bad;
  }
  const std::vector<unsigned> cores = {1, 2, 3, 5, 7, 8};
  EXPECT_EQ(cores_text(cores), "1-3,5,7-8");
}

TEST(Arguments, ReadAddresses) {
  EXPECT_EQ(read_ipv4("192.0.2.1"), 0xc0000201U);
  for (const char* bad : {"", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1",
                          "01.2.3.4", "1..2.3", "+1.2.3.4", " 1.2.3.4", "1.2.3.4 "}) {
    EXPECT_EQ(read_ipv4(bad), std::nullopt) << bad;
  }
  for (unsigned bits = 0; bits <= 32; ++bits)
    EXPECT_EQ(prefix_of_mask(mask_of_prefix(bits)), bits);
  EXPECT_EQ(prefix_of_mask(0xff00ff00), std::nullopt);
  EXPECT_EQ(ipv4_text(0xc0000201), "192.0.2.1");
}

// Each number of each row: its ends are taken, what lies beyond is not.
TEST(Ranges, HoldAtTheirEnds) {
  size_t seen = 0;
  for (const Command& c : commands()) {
    const Syntax syntax(c.syntax);
    std::vector<size_t> open = syntax.first();
    std::vector<bool> done(100, false);
    while (!open.empty()) {
      const size_t p = open.back();
      open.pop_back();
      if (done[p]) continue;
      done[p] = true;
      for (const size_t next : syntax.follow(p))
        open.push_back(next);
      const Symbol& symbol = syntax.symbol(p);
      if (symbol.kind != SymbolKind::number) continue;
      ++seen;
      for (const auto& [low, high] : symbol.ranges) {
        EXPECT_TRUE(read_argument(symbol, std::to_string(low))) << c.syntax;
        EXPECT_TRUE(read_argument(symbol, std::to_string(high))) << c.syntax;
        EXPECT_EQ(read_argument(symbol, std::to_string(high))->number, high);
      }
      const uint64_t low = symbol.ranges.front().first;
      if (low > 0) {
        EXPECT_FALSE(read_argument(symbol, std::to_string(low - 1))) << c.syntax;
      }
      EXPECT_FALSE(read_argument(symbol, std::to_string(symbol.ranges.back().second + 1)))
          << c.syntax;
      for (const char* bad : {"", "-1", "+1", "1x", "0x1", " 1", "99999999999999999999999"}) {
        EXPECT_FALSE(read_argument(symbol, bad)) << c.syntax;
      }
    }
  }
  EXPECT_GT(seen, 15U);
}

TEST(Choices, AreWhatMayComeNext) {
  const Syntax first("show asp drop");
  const Syntax second("show <n:1-9> [more]");
  const std::vector<Candidate> candidates = {{&first, "drops"}, {&second, "a number"}};
  const auto at = [&](std::string_view line) {
    std::vector<std::string> out;
    for (const auto& c : choices(candidates, split_words(line).words, line))
      out.push_back(c.text);
    return out;
  };
  EXPECT_EQ(at(""), std::vector<std::string>{"show"});
  EXPECT_EQ(at("sh"), (std::vector<std::string>{"<1-9>", "asp"}));
  EXPECT_EQ(at("show 3"), (std::vector<std::string>{"more", "<cr>"}));
  EXPECT_EQ(at("show x"), std::vector<std::string>{});
}

}  // namespace
}  // namespace culvert::control
