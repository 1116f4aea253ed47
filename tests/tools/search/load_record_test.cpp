// Classification of loads: the example of RFC 9971, Appendix "Example Search", and what its sums mean at their edges.
#include "tools/search/load_record.hpp"

#include <gtest/gtest.h>

namespace culvert::search {
namespace {

constexpr double kLoad = 1e6;
// The four goals of the example.
const Target kRfc2544{.loss_ratio = 0, .exceed_ratio = 0, .trial_s = 60, .duration_sum_s = 60};
const Target kTst009{.loss_ratio = 0, .exceed_ratio = 0.5, .trial_s = 60, .duration_sum_s = 120};
const Target kOneSecond{
    .loss_ratio = 0.005, .exceed_ratio = 0.5, .trial_s = 1, .duration_sum_s = 120};
const Target kFifth{.loss_ratio = 0.005, .exceed_ratio = 0.2, .trial_s = 60, .duration_sum_s = 60};

class Example : public testing::Test {
 protected:
  void trials(int times, double duration_s, double loss_ratio) {
    for (int i = 0; i < times; ++i)
      record_.add({kLoad, duration_s, loss_ratio});
  }
  void expect(Verdict rfc2544, Verdict tst009, Verdict one_second, Verdict fifth) const {
    EXPECT_EQ(record_.verdict(kRfc2544), rfc2544);
    EXPECT_EQ(record_.verdict(kTst009), tst009);
    EXPECT_EQ(record_.verdict(kOneSecond), one_second);
    EXPECT_EQ(record_.verdict(kFifth), fifth);
  }
  LoadRecord record_;
};

TEST_F(Example, SixPointsInTime) {
  using enum Verdict;
  expect(undecided, undecided, undecided, undecided);
  trials(59, 1, 0);
  expect(undecided, undecided, undecided, undecided);
  trials(1, 1, 0.01);
  expect(upper, undecided, undecided, undecided);
  trials(59, 1, 0.01);
  expect(upper, undecided, undecided, upper);
  trials(1, 1, 0);
  expect(upper, undecided, lower, upper);
  trials(1, 60, 0.001);
  // The RFC's tables say that from here on the last goal has a lower bound, and beside it that 42.857 % and
  // 27.273 % of the time had more loss, of 20 % that are forgiven: by its code, which is what specifies, it
  // is an upper bound.
  expect(upper, undecided, lower, upper);
  trials(1, 60, 0);
  expect(upper, lower, lower, upper);
}

TEST_F(Example, ConditionalThroughputIsThatOfTheWorstTrialThatCounts) {
  const Target half{.loss_ratio = 0.01, .exceed_ratio = 0.5, .trial_s = 1, .duration_sum_s = 4};
  trials(1, 1, 0.004);
  trials(1, 1, 0);
  trials(1, 1, 0.3);  // forgiven
  trials(1, 1, 0.2);  // forgiven, too
  EXPECT_EQ(record_.verdict(half), Verdict::lower);
  EXPECT_DOUBLE_EQ(record_.conditional_throughput(half), kLoad * (1 - 0.004));
  const Target none{.loss_ratio = 0.01, .exceed_ratio = 0, .trial_s = 1, .duration_sum_s = 4};
  EXPECT_DOUBLE_EQ(record_.conditional_throughput(none), kLoad * (1 - 0.3));
  // What nobody tried may have been lost.
  const Target longer{.loss_ratio = 0.01, .exceed_ratio = 0, .trial_s = 1, .duration_sum_s = 5};
  EXPECT_DOUBLE_EQ(record_.conditional_throughput(longer), 0);
}

TEST_F(Example, ShortTrialsWithoutLossDecideNothing) {
  const Target target{.loss_ratio = 0, .exceed_ratio = 0, .trial_s = 2, .duration_sum_s = 2};
  trials(100, 1, 0);
  EXPECT_EQ(record_.verdict(target), Verdict::undecided);
  trials(1, 2, 0);
  EXPECT_EQ(record_.verdict(target), Verdict::lower);
}

}  // namespace
}  // namespace culvert::search
