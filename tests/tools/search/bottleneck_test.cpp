// Which limit is named.
#include "tools/search/bottleneck.hpp"

#include <gtest/gtest.h>

namespace culvert::search {
namespace {

TEST(Bottleneck, TheFirstThatIsNear) {
  EXPECT_EQ(bottleneck({.rate = 14.8e6, .line_rate = 14.88e6, .tester_rate = 14.8e6}),
            Bottleneck::nic);
  EXPECT_EQ(bottleneck({.rate = 50e6, .line_rate = 148e6, .slot_rate = 55e6}), Bottleneck::pcie);
  EXPECT_EQ(bottleneck({.rate = 9.5e6, .line_rate = 148e6, .tester_rate = 10e6}),
            Bottleneck::generator);
  EXPECT_EQ(bottleneck({.rate = 1e6, .tester_fell_behind = true, .worker_busy = 1.0}),
            Bottleneck::generator);
  EXPECT_EQ(bottleneck({.rate = 1e6, .tester_rate = 10e6, .worker_busy = 0.97}),
            Bottleneck::worker);
  EXPECT_EQ(bottleneck({.rate = 1e6, .tester_rate = 10e6, .worker_busy = 0.5}), Bottleneck::device);
  EXPECT_EQ(bottleneck({.rate = 1e6}), Bottleneck::device);
  EXPECT_EQ(bottleneck({.rate = 1e6, .at_maximum = true}), Bottleneck::none);
  EXPECT_EQ(bottleneck({.rate = 1e6, .line_rate = 1e6, .at_maximum = true}), Bottleneck::nic);
}

TEST(Bottleneck, AWideResultIsAtTheLineIfItMayBe) {
  EXPECT_EQ(bottleneck({.rate = 14.2e6, .width = 0.05, .line_rate = 14.88e6}), Bottleneck::nic);
  EXPECT_EQ(bottleneck({.rate = 14.2e6, .width = 0.005, .line_rate = 14.88e6}), Bottleneck::device);
}

TEST(Bottleneck, Slots) {
  // PCIe 3.0 x8 carries 63 Gbit/s before its own headers: 40G at line rate with 64-byte frames (59.5 Mpps)
  // does not fit.
  const Slot three_x8{8e9, 8};
  EXPECT_LT(slot_rate(three_x8, 60), 59.5e6);
  EXPECT_GT(slot_rate(three_x8, 1514) * 1514 * 8, 50e9);
  EXPECT_LT(slot_rate(three_x8, 1514) * 1514 * 8, 63e9);
  EXPECT_NEAR(slot_rate({5e9, 8}, 1000) / slot_rate({5e9, 4}, 1000), 2, 1e-9);
}

}  // namespace
}  // namespace culvert::search
