#include "tools/culvert-client/liveness.hpp"

#include <gtest/gtest.h>

namespace culvert::client {
namespace {

using Due = Liveness::Due;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ClientLiveness, AsksAndGivesUp) {
  const Clock::time_point start{};
  Liveness it(10, 0, start);
  EXPECT_EQ(it.due(start + seconds(9)), Due::nothing);
  EXPECT_EQ(it.next(), start + seconds(10));
  EXPECT_EQ(it.due(start + seconds(10)), Due::ask);
  EXPECT_EQ(it.due(start + seconds(11)), Due::nothing);
  EXPECT_EQ(it.due(start + seconds(15)), Due::ask);
  EXPECT_EQ(it.due(start + seconds(20)), Due::ask);
  EXPECT_EQ(it.due(start + milliseconds(20'001)), Due::dead);
  it.heard(start + seconds(20));
  EXPECT_EQ(it.due(start + seconds(29)), Due::nothing);
  EXPECT_EQ(it.due(start + seconds(30)), Due::ask);
}

TEST(ClientLiveness, SpeaksWhenItHasNotForLong) {
  const Clock::time_point start{};
  Liveness it(0, 20, start);
  EXPECT_EQ(it.due(start + seconds(19)), Due::nothing);
  EXPECT_EQ(it.due(start + seconds(20)), Due::speak);
  EXPECT_EQ(it.due(start + seconds(21)), Due::nothing);
  it.said(start + seconds(35));
  EXPECT_EQ(it.next(), start + seconds(55));
}

TEST(ClientLiveness, MayBeOff) {
  Liveness it(0, 0, {});
  EXPECT_EQ(it.due(Clock::time_point{} + seconds(100'000)), Due::nothing);
  EXPECT_EQ(it.next(), Clock::time_point::max());
}

}  // namespace
}  // namespace culvert::client
