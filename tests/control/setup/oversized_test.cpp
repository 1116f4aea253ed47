// What the log says of packets that were too large for a tunnel, in the ASA's words.
#include <gtest/gtest.h>

#include "tests/control/setup/login.hpp"

namespace culvert::control::test {
namespace {

dp::Oversized packet(uint32_t session) {
  return {.session = session,
          .src = dp::IpAddress::v4(0x0a3042c8),
          .dst = dp::IpAddress::v4(0x0a0a0a01),
          .size = 1418,
          .threshold = 1347,
          .protocol = 6,
          .answered = true};
}

TEST(Oversized, IsLoggedAsTheAsaDoes) {
  FakeWorld world;
  Login a(world);
  (void)a.connect(a.log_in());
  const uint32_t index = world.setup->sessions().all().begin()->first;
  world.log.clear();
  dp::Oversized what = packet(index);
  world.oversized(what);
  ASSERT_EQ(world.log.size(), 2u);
  const std::string& first = world.log[0];
  EXPECT_TRUE(first.starts_with("722036 Group <")) << first;
  EXPECT_TRUE(first.ends_with("> Transmitting large packet 1418 (threshold 1347).")) << first;
  EXPECT_NE(first.find(" User <vpn> IP <"), first.npos) << first;
  EXPECT_EQ(world.log[1],
            "602101 PMTU-D packet 1418 bytes greater than effective mtu 1347, "
            "dest_addr=10.10.10.1, src_addr=10.48.66.200, prot=TCP");
  // Its sender was not told: 602101 says that it was.
  world.log.clear();
  what.answered = false;
  world.oversized(what);
  ASSERT_EQ(world.log.size(), 1u);
  EXPECT_TRUE(world.log[0].starts_with("722036 "));
}

TEST(Oversized, SaysHowManyWereNotLogged) {
  FakeWorld world;
  Login a(world);
  (void)a.connect(a.log_in());
  const uint32_t index = world.setup->sessions().all().begin()->first;
  world.log.clear();
  world.oversized({.session = index, .untold = 990});
  ASSERT_EQ(world.log.size(), 1u);
  EXPECT_TRUE(world.log[0].ends_with("> Of 990 more large packets nothing was logged"))
      << world.log[0];
  dp::Oversized what = packet(index);
  what.untold = 5;
  world.oversized(what);
  EXPECT_EQ(world.log.size(), 4u);
  EXPECT_TRUE(world.logged("Of 5 more"));
  // A session that has gone meanwhile.
  world.log.clear();
  world.oversized(packet(index + 1));
  EXPECT_TRUE(world.log.empty());
}

}  // namespace
}  // namespace culvert::control::test
