#include "dataplane/inner/fit.hpp"

#include <gtest/gtest.h>

namespace culvert::dp {
namespace {

TEST(Fit, Table) {
  struct Row {
    uint32_t length;
    bool df;
    uint16_t threshold;
    bool ignore;
    Fit expected;
  };
  for (const Row& r : {
           // Not larger: DF and the policy do not matter.
           Row{1347, false, 1347, false, Fit::passes},
           Row{1347, true, 1347, false, Fit::passes},
           Row{1347, true, 1347, true, Fit::passes},
           Row{20, true, 1347, false, Fit::passes},
           Row{0, false, 0, false, Fit::passes},
           // One byte more.
           Row{1348, false, 1347, false, Fit::fragment},
           Row{1348, false, 1347, true, Fit::fragment},
           Row{1348, true, 1347, false, Fit::too_big},
           Row{1348, true, 1347, true, Fit::fragment},
           // Extremes.
           Row{65535, true, 65535, false, Fit::passes},
           Row{65536, true, 65535, false, Fit::too_big},
           Row{65536, false, 65535, false, Fit::fragment},
           Row{1, true, 0, false, Fit::too_big},
       }) {
    EXPECT_EQ(fit(r.length, r.df, r.threshold, r.ignore), r.expected)
        << r.length << " " << r.df << " " << r.threshold << " " << r.ignore;
  }
  static_assert(fit(1500, true, 1347, false) == Fit::too_big);
}

}  // namespace
}  // namespace culvert::dp
