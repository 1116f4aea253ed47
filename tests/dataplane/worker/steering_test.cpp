#include "dataplane/worker/steering.hpp"

#include <array>

#include <gtest/gtest.h>

namespace culvert::dp {
namespace {

TEST(Steering, SpreadsTheWholeRangeEvenly) {
  for (unsigned workers = 1; workers <= 64; ++workers) {
    EXPECT_EQ(spread(0, workers), 0);
    EXPECT_EQ(spread(0xffffffff, workers), workers - 1);
    std::array<unsigned, 64> hits{};
    constexpr uint64_t kSteps = 64 * 1024;
    for (uint64_t i = 0; i < kSteps; ++i)
      ++hits[spread(static_cast<uint32_t>(i << 16), workers)];
    for (unsigned w = 0; w < workers; ++w)
      EXPECT_NEAR(hits[w], static_cast<double>(kSteps) / workers, 1.0);
  }
}

TEST(Steering, ConsecutivePoolAddressesLandEvenly) {
  for (const unsigned workers : {1u, 2u, 3u, 4u, 7u, 8u, 16u}) {
    std::array<unsigned, 64> hits{};
    constexpr unsigned kAddresses = 4096;
    for (uint32_t i = 0; i < kAddresses; ++i) {
      const uint8_t home = home_of(IpAddress::v4(0x0a0a0a00 + i), workers);
      ASSERT_LT(home, workers);
      EXPECT_EQ(home, home_of(IpAddress::v4(0x0a0a0a00 + i), workers));
      ++hits[home];
    }
    const double share = double{kAddresses} / workers;
    for (unsigned w = 0; w < workers; ++w)
      EXPECT_NEAR(hits[w], share, share * 0.2) << workers;
  }
}

TEST(Steering, FlowsThatDifferInThePortOnlyLandEvenly) {
  for (const unsigned workers : {2u, 3u, 8u}) {
    std::array<unsigned, 64> hits{};
    constexpr unsigned kFlows = 16'384;
    for (unsigned i = 0; i < kFlows; ++i) {
      const Flow flow{IpAddress::v4(0xc6336401), IpAddress::v4(0xcb007105), 443,
                      static_cast<uint16_t>(32'768 + i)};
      const uint8_t owner = owner_of(flow, workers);
      ASSERT_LT(owner, workers);
      EXPECT_EQ(owner, owner_of(flow, workers));
      ++hits[owner];
    }
    for (unsigned w = 0; w < workers; ++w)
      EXPECT_NEAR(hits[w], 1.0 * kFlows / workers, 0.2 * kFlows / workers) << workers;
  }
}

TEST(Steering, EveryPartOfAFlowCounts) {
  const Flow base{IpAddress::v4(0xc6336401), IpAddress::v4(0xcb007105), 443, 40'000};
  const auto differs = [&](auto change) {
    for (uint16_t i = 1; i < 100; ++i) {
      Flow flow = base;
      change(flow, i);
      if (owner_of(flow, 64) != owner_of(base, 64)) return true;
    }
    return false;
  };
  EXPECT_TRUE(differs([](Flow& f, uint16_t i) { f.local = IpAddress::v4(0xc6336401u + i); }));
  EXPECT_TRUE(differs([](Flow& f, uint16_t i) { f.remote = IpAddress::v4(0xcb007105u + i); }));
  EXPECT_TRUE(differs([](Flow& f, uint16_t i) { f.local_port = static_cast<uint16_t>(443 + i); }));
  EXPECT_TRUE(
      differs([](Flow& f, uint16_t i) { f.remote_port = static_cast<uint16_t>(40'000 + i); }));
}

}  // namespace
}  // namespace culvert::dp
