#include "tools/culvert-client/route.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "tools/culvert-client/failure.hpp"

namespace culvert::client {
namespace {

using Bytes = std::array<uint8_t, 16>;

TEST(ClientRoute, IsANetworkWithBitsOrAMask) {
  const Route bits = Route::parse("10.48.66.77/24");
  EXPECT_FALSE(bits.six);
  EXPECT_EQ(bits.network, (Bytes{10, 48, 66}));  // without the host's part
  EXPECT_EQ(bits.length, 24u);
  const Route mask = Route::parse("10.1.2.3/255.128.0.0");
  EXPECT_EQ(mask.network, (Bytes{10}));
  EXPECT_EQ(mask.length, 9u);
  EXPECT_EQ(Route::parse("128.0.0.0/1").network, (Bytes{128}));
  EXPECT_EQ(Route::parse("1.2.3.4/0").network, Bytes{});
  EXPECT_EQ(Route::parse("1.2.3.4/0.0.0.0").length, 0u);
  EXPECT_EQ(Route::parse("10.0.0.1/32").network, (Bytes{10, 0, 0, 1}));
}

TEST(ClientRoute, HasEitherFamily) {
  const Route six = Route::parse("fd00:1:2:3:4::5/50");
  EXPECT_TRUE(six.six);
  EXPECT_EQ(six.network, (Bytes{0xfd, 0, 0, 1, 0, 2}));
  EXPECT_EQ(six.length, 50u);
  EXPECT_EQ(Route::parse("8000::/1").network, (Bytes{0x80}));
  EXPECT_EQ(Route::parse("::1/128").network[15], 1);
}

TEST(ClientRoute, IsNothingElse) {
  for (const char* text :
       {"", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "10.0.0.0/8 ",
        "10.0.0.0/-1", "10.0.0.0/255.0.255.0", "fd00::/ffff::"}) {
    EXPECT_THROW((void)Route::parse(text), Failure) << text;
  }
}

}  // namespace
}  // namespace culvert::client
