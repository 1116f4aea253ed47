#include "tools/culvert-client/adapter.hpp"

#include <gtest/gtest.h>

#include "tools/culvert-client/failure.hpp"

namespace culvert::client {
namespace {

TEST(ClientRoute, IsANetworkWithBitsOrAMask) {
  const Route bits = Route::parse("10.48.66.77/24");
  EXPECT_EQ(bits.network, 0x0a304200U);  // without the host's part
  EXPECT_EQ(bits.mask, 0xffffff00U);
  const Route mask = Route::parse("10.0.0.0/255.0.0.0");
  EXPECT_EQ(mask.network, 0x0a000000U);
  EXPECT_EQ(mask.mask, 0xff000000U);
  EXPECT_EQ(Route::parse("128.0.0.0/1").mask, 0x80000000U);
  EXPECT_EQ(Route::parse("0.0.0.0/0").mask, 0U);
  EXPECT_EQ(Route::parse("10.0.0.1/32").mask, 0xffffffffU);
}

TEST(ClientRoute, IsNothingElse) {
  for (const char* text : {"", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8", "fd00::/8",
                           "10.0.0.0/8 ", "10.0.0.0/-1"}) {
    EXPECT_THROW((void)Route::parse(text), Failure) << text;
  }
}

}  // namespace
}  // namespace culvert::client
