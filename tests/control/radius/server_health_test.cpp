// Which server is asked, and when the dead come back.
#include "control/radius/server_health.hpp"

#include <gtest/gtest.h>

namespace culvert::control::radius {
namespace {

constexpr uint64_t kMinute = 60'000'000;

class Health : public testing::Test {
 protected:
  Health() {
    group.hosts = {{.address = one, .key = "1"}, {.address = two, .key = "2"}};
    group.max_failed_attempts = 2;
  }
  void kill(const dp::IpAddress& address, uint64_t now_us = 0) {
    EXPECT_FALSE(health.failed(group, address, now_us));
    EXPECT_TRUE(health.failed(group, address, now_us));
  }

  const dp::IpAddress one = dp::IpAddress::v4(1), two = dp::IpAddress::v4(2);
  AaaServerConfig group;
  ServerHealth health;
};

TEST_F(Health, AsksInOrderAndEachOnce) {
  EXPECT_EQ(health.choose(group, {}, false, 0), 0u);
  EXPECT_EQ(health.choose(group, {one}, false, 0), 1u);
  EXPECT_EQ(health.choose(group, {one, two}, false, 0), std::nullopt);
}

TEST_F(Health, AsksNobodyWithoutAKey) {
  group.hosts[0].key.clear();
  EXPECT_EQ(health.choose(group, {}, false, 0), 1u);
  kill(two);  // the last that could be asked: now all are dead, and come back
  EXPECT_EQ(health.choose(group, {}, false, 0), 1u);
  group.hosts[1].key.clear();
  EXPECT_EQ(health.choose(group, {}, false, 0), std::nullopt);
}

TEST_F(Health, PassesOverADeadServer) {
  kill(one);
  EXPECT_EQ(health.choose(group, {}, false, 0), 1u);
  EXPECT_TRUE(health.answered(one));
  EXPECT_FALSE(health.answered(one));
  EXPECT_EQ(health.choose(group, {}, false, 0), 0u);
}

TEST_F(Health, AnAnswerForgivesFailures) {
  EXPECT_FALSE(health.failed(group, one, 0));
  EXPECT_FALSE(health.answered(one));
  EXPECT_FALSE(health.failed(group, one, 0));
}

TEST_F(Health, AllDeadComeBackAtOnceWithoutAFallback) {
  kill(one);
  kill(two);
  EXPECT_EQ(health.choose(group, {}, false, 0), 0u);
}

TEST_F(Health, AllDeadComeBackAfterTheirTimeWithAFallback) {
  kill(one);
  kill(two, 5 * kMinute);
  EXPECT_EQ(health.choose(group, {}, true, 15 * kMinute - 1), std::nullopt);
  EXPECT_EQ(health.choose(group, {}, true, 15 * kMinute), 0u);
}

TEST_F(Health, AQuestionThatKilledTheLastServerDoesNotBeginAnew) {
  kill(one);
  kill(two);
  EXPECT_EQ(health.choose(group, {one, two}, false, 100 * kMinute), std::nullopt);
}

}  // namespace
}  // namespace culvert::control::radius
