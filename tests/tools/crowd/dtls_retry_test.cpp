// Members try DTLS again, and not all at once.
#include "tools/crowd/dtls_retry.hpp"

#include <set>

#include <gtest/gtest.h>

namespace culvert::crowd {
namespace {

using dp::kSecond;

TEST(DtlsRetry, IsAPeriodAfterTheLastBeganAQuarterMoreOrLess) {
  DtlsRetry retry(60 * kSecond, 1);
  const Time began = 1000 * kSecond;
  Time first = dp::kNever, last = 0;
  std::set<Time> seconds;
  for (int i = 0; i < 10'000; ++i) {
    const Time next = retry.next(began, began + 15 * kSecond);
    first = std::min(first, next);
    last = std::max(last, next);
    seconds.insert(next / kSecond);
  }
  EXPECT_GE(first, began + 45 * kSecond);
  EXPECT_LE(last, began + 75 * kSecond);
  // Ten thousand come spread over all of it.
  EXPECT_GE(seconds.size(), 30u);
}

TEST(DtlsRetry, IsSoonAfterTheEndOfWhatWorkedForLong) {
  DtlsRetry retry(60 * kSecond, 1);
  for (int i = 0; i < 1000; ++i) {
    const Time next = retry.next(kSecond, 5000 * kSecond);
    EXPECT_GE(next, 5000 * kSecond);
    EXPECT_LE(next, 5030 * kSecond);
  }
}

TEST(DtlsRetry, FollowsTheSeed) {
  DtlsRetry one(60 * kSecond, 1), same(60 * kSecond, 1), other(60 * kSecond, 2);
  const Time next = one.next(0, 0);
  EXPECT_EQ(same.next(0, 0), next);
  EXPECT_NE(other.next(0, 0), next);
}

TEST(DtlsRetry, DoesNotHappenWithoutAPeriod) {
  DtlsRetry retry(0, 1);
  EXPECT_EQ(retry.next(kSecond, 2 * kSecond), dp::kNever);
}

TEST(DtlsRetry, OfTheShortestPeriodsIsNeverInThePast) {
  for (const Time period : {1u, 2u, 3u, 4u}) {
    DtlsRetry retry(period, 1);
    const Time next = retry.next(100, 100);
    EXPECT_GE(next, 100u);
    EXPECT_LE(next, 100 + 2 * period);
  }
}

TEST(DtlsRetry, IsInVainWhereTheSuitesDoNotMatch) {
  EXPECT_FALSE(worth_a_try(Why::no_common_suite));
  for (const Why why : {Why::timed_out, Why::dtls_failed, Why::dead_peer, Why::closed_by_peer,
                        Why::no_flow, Why::by_request})
    EXPECT_TRUE(worth_a_try(why)) << to_string(why);
}

}  // namespace
}  // namespace culvert::crowd
