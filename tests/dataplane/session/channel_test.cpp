#include <gtest/gtest.h>

#include "dataplane/session/session.hpp"

namespace culvert::dp {
namespace {

TEST(Channel, EmptyIsNone) {
  EXPECT_EQ(Channel().kind(), Channel::Kind::none);
  EXPECT_EQ(Channel().word(), 0u);
  EXPECT_EQ(Session().current_channel().kind(), Channel::Kind::none);
}

TEST(Channel, KeepsEveryFieldAtItsExtremes) {
  for (const auto kind : {Channel::Kind::none, Channel::Kind::tls, Channel::Kind::dtls}) {
    for (const uint8_t worker : std::initializer_list<uint8_t>{0, 1, 62, 63}) {
      for (const uint32_t slot : {0u, 1u, 0x800000u, 0xffffffu}) {
        for (const uint32_t generation : {0u, 1u, 0x8000u, 0xffffu}) {
          for (const uint16_t mtu : std::initializer_list<uint16_t>{0, 576, 1347, 0x8000, 0xffff}) {
            const Channel c(kind, {worker, slot, generation}, mtu);
            EXPECT_EQ(c.kind(), kind);
            EXPECT_EQ(c.worker(), worker);
            EXPECT_EQ(c.slot(), slot);
            EXPECT_EQ(c.generation(), generation);
            EXPECT_EQ(c.mtu(), mtu);
            EXPECT_EQ(Channel(c.word()).word(), c.word());
          }
        }
      }
    }
  }
}

TEST(Channel, KeepsTheLowBitsOfAGenerationAndNothingSpills) {
  const Channel c(Channel::Kind::tls, {5, 7, 0xabcd1234}, 1400);
  EXPECT_EQ(c.generation(), 0x1234);
  EXPECT_EQ(c.slot(), 7u);
  EXPECT_EQ(c.worker(), 5);
}

}  // namespace
}  // namespace culvert::dp
