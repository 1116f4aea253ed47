#include "tools/culvert-client/header_value.hpp"

#include <string>

#include <gtest/gtest.h>

namespace culvert::client {
namespace {

TEST(ClientHeaderValue, NumbersAreWholeAndBounded) {
  EXPECT_EQ(header_number("1347", 16384), 1347U);
  EXPECT_EQ(header_number("16384", 16384), 16384U);
  for (const std::string_view bad : {"", "16385", "99999999999999999999", "-1", "12x", " 12"}) {
    EXPECT_EQ(header_number(bad, 16384), 0U) << bad;
  }
}

TEST(ClientHeaderValue, IdsAreWholeBytesThatFitAClientHello) {
  EXPECT_EQ(header_id("00fFa1"), (std::vector<uint8_t>{0x00, 0xff, 0xa1}));
  EXPECT_EQ(header_id(std::string(64, 'a')).size(), kMostDtlsIdBytes);
  for (const std::string& bad : {std::string(), std::string("abc"), std::string("0g"),
                                 std::string("+1"), std::string(66, 'a')}) {
    EXPECT_TRUE(header_id(bad).empty()) << bad;
  }
}

}  // namespace
}  // namespace culvert::client
