#include "dataplane/dtls/listeners.hpp"

#include <gtest/gtest.h>

namespace culvert::dtls {
namespace {

const dp::IpAddress kHere = dp::IpAddress::v4(0x0a000001);

TEST(DtlsListeners, WhatIsGivenUpTakesNoNewClients) {
  Listeners listeners;
  EXPECT_FALSE(listeners.contains(kHere, 443));
  EXPECT_TRUE(listeners.add(kHere, 443));
  EXPECT_TRUE(listeners.takes_clients(kHere, 443));
  EXPECT_FALSE(listeners.contains(kHere, 444));
  EXPECT_FALSE(listeners.contains(dp::IpAddress::v4(0x0a000002), 443));
  listeners.give_up(kHere, 443);
  EXPECT_TRUE(listeners.contains(kHere, 443));
  EXPECT_FALSE(listeners.takes_clients(kHere, 443));
  EXPECT_TRUE(listeners.add(kHere, 443));
  EXPECT_TRUE(listeners.takes_clients(kHere, 443));
  listeners.give_up(kHere, 1);  // never was one
  EXPECT_FALSE(listeners.contains(kHere, 1));
}

TEST(DtlsListeners, WhatWasGivenUpFirstMakesRoom) {
  Listeners listeners;
  constexpr uint16_t kMost = Listeners::kMax;
  for (uint16_t port = 1; port <= kMost; ++port)
    EXPECT_TRUE(listeners.add(kHere, port));
  EXPECT_FALSE(listeners.add(kHere, kMost + 1));
  for (const uint16_t port : std::to_array<uint16_t>({7, 3, 5}))
    listeners.give_up(kHere, port);
  EXPECT_TRUE(listeners.add(kHere, kMost + 1));
  EXPECT_FALSE(listeners.contains(kHere, 7));
  EXPECT_TRUE(listeners.contains(kHere, 3));
  EXPECT_TRUE(listeners.add(kHere, kMost + 2));
  EXPECT_FALSE(listeners.contains(kHere, 3));
  EXPECT_TRUE(listeners.contains(kHere, 5));
  EXPECT_TRUE(listeners.takes_clients(kHere, kMost + 1));
  EXPECT_TRUE(listeners.takes_clients(kHere, kMost + 2));
}

}  // namespace
}  // namespace culvert::dtls
