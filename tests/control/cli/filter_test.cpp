// Output filters.
#include "control/cli/filter.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace culvert::control {
namespace {

const std::string kText = "Protocol\nSSL one\nDTLS two\nother {x}\n";

TEST(Filter, TakesLines) {
  EXPECT_EQ(apply_filter("include SSL|DTLS", kText), "SSL one\nDTLS two\n");
  EXPECT_EQ(apply_filter("i ^SSL", kText), "SSL one\n");
  EXPECT_EQ(apply_filter("exclude SSL", kText), "Protocol\nDTLS two\nother {x}\n");
  EXPECT_EQ(apply_filter("grep -v o", kText), "");
  EXPECT_EQ(apply_filter("grep two$", kText), "DTLS two\n");
  EXPECT_EQ(apply_filter("begin DTLS", kText), "DTLS two\nother {x}\n");
  EXPECT_EQ(apply_filter("count S", kText), "2\n");
  EXPECT_EQ(apply_filter("include {x}", kText), "other {x}\n");
}

TEST(Filter, RefusesWhatIsNone) {
  for (const std::string& bad : std::vector<std::string>{
           "", "include", "include ", "sort x", "include (", "include [", "include \\",
           "include (a)\\1", "include " + std::string(200, 'a')}) {
    EXPECT_THROW(static_cast<void>(apply_filter(bad, kText)), std::runtime_error) << bad;
  }
}

TEST(Filter, IsCutOffAtABarAfterABlank) {
  EXPECT_EQ(split_pipe("show x | include a|b").command, "show x ");
  EXPECT_EQ(split_pipe("show x | include a|b").filter, "include a|b");
  EXPECT_FALSE(split_pipe("show x|y").has_filter);
  EXPECT_TRUE(split_pipe("show x |").has_filter);
}

}  // namespace
}  // namespace culvert::control
