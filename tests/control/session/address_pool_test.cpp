// Addresses: preference for a worker, exhaustion, least recently used first.
#include "control/session/address_pool.hpp"

#include <gtest/gtest.h>

namespace culvert::control {
namespace {

uint8_t by_last_bit(const IpAddress& address) {
  return static_cast<uint8_t>(address.v4_value() & 1);
}

PoolConfig pool(uint32_t first, uint32_t last) {
  return {"P", first, last, 0xffffff00};
}

TEST(AddressPool, PrefersTheWorkersOwn) {
  AddressPool p(pool(10, 17), by_last_bit, {});
  EXPECT_EQ(p.acquire(1, {}), 11u);
  EXPECT_EQ(p.acquire(0, {}), 12u);
  EXPECT_EQ(p.acquire(0, {}), 14u);
  EXPECT_EQ(p.acquire(0, {}), 16u);
  EXPECT_EQ(p.acquire(0, {}), 10u);
  EXPECT_EQ(p.acquire(0, {}), 13u);  // none of its own is left
  EXPECT_EQ(p.in_use(), 6u);
}

TEST(AddressPool, ExhaustionAndReuseOfTheOldest) {
  AddressPool p(pool(10, 13), by_last_bit, {12});
  EXPECT_EQ(p.size(), 3u);
  EXPECT_TRUE(p.acquire(0, {}));
  EXPECT_TRUE(p.acquire(0, {}));
  EXPECT_TRUE(p.acquire(0, {}));
  EXPECT_FALSE(p.acquire(0, {}));
  p.release(13);
  p.release(11);
  p.release(99);
  EXPECT_EQ(p.acquire(1, {}), 13u);
  EXPECT_EQ(p.acquire(1, {}), 11u);
  EXPECT_FALSE(p.acquire(1, {}));
}

TEST(AddressPool, FreshOnesBeforeUsedOnes) {
  AddressPool p(pool(10, 13), [](const IpAddress&) { return uint8_t{0}; }, {});
  EXPECT_EQ(p.acquire(0, {}), 10u);
  p.release(10);
  EXPECT_EQ(p.acquire(0, {}), 11u);
  EXPECT_EQ(p.acquire(0, {}), 12u);
  EXPECT_EQ(p.acquire(0, {}), 13u);
  EXPECT_EQ(p.acquire(0, {}), 10u);
}

TEST(AddressPool, Wishes) {
  AddressPool p(pool(10, 13), by_last_bit, {});
  EXPECT_EQ(p.acquire(0, 13), 13u);
  EXPECT_EQ(p.acquire(0, 13), 10u);  // taken
  p.release(13);
  EXPECT_EQ(p.acquire(0, 13), 13u);
  EXPECT_EQ(p.acquire(0, 99), 12u);  // not ours
  EXPECT_EQ(p.acquire(0, {}), 11u);
  EXPECT_FALSE(p.acquire(0, 11));
}

TEST(AddressPool, TopOfTheAddressSpace) {
  AddressPool p(pool(0xfffffffe, 0xffffffff), by_last_bit, {});
  EXPECT_TRUE(p.acquire(0, {}));
  EXPECT_TRUE(p.acquire(0, {}));
  EXPECT_FALSE(p.acquire(0, {}));
}

TEST(AddressPools, SeveralRangesInOrder) {
  Config config;
  config.pools["A"] = {"A", 10, 10, 0xffffff00};
  config.pools["B"] = {"B", 20, 21, 0xffff0000};
  InterfaceConfig inside;
  inside.address = IpAddress::v4(20);
  config.interfaces.push_back(inside);
  AddressPools pools(config, by_last_bit);
  EXPECT_EQ(pools.acquire({"none", "A", "B"}, 0, {})->address, 10u);
  const auto lease = pools.acquire({"A", "B"}, 0, {});
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->address, 21u);  // 20 is the headend's own
  EXPECT_EQ(lease->mask, 0xffff0000u);
  EXPECT_FALSE(pools.acquire({"A", "B"}, 0, {}));
  pools.release(*lease);
  EXPECT_EQ(pools.in_use(), 1u);
}

TEST(AddressPools, AnAddressThatAServerAssigned) {
  Config config;
  config.pools["A"] = {"A", 0x0a000001, 0x0a000002, 0xffffff00};
  InterfaceConfig inside;
  inside.address = IpAddress::v4(0x0a010001);
  config.interfaces.push_back(inside);
  AddressPools pools(config, by_last_bit);
  // In a pool: it is the pool's, and nobody else gets it.
  const auto in_pool = pools.acquire_fixed(IpAddress::v4(0x0a000001), {});
  ASSERT_TRUE(in_pool);
  EXPECT_EQ(in_pool->pool, "A");
  EXPECT_EQ(in_pool->mask, 0xffffff00u);
  EXPECT_FALSE(pools.acquire_fixed(IpAddress::v4(0x0a000001), {}));
  EXPECT_EQ(pools.acquire({"A"}, 1, {})->address, 0x0a000002u);
  EXPECT_FALSE(pools.acquire({"A"}, 1, {}));
  pools.release(*in_pool);
  EXPECT_EQ(pools.acquire({"A"}, 1, {})->address, 0x0a000001u);
  // Outside of all pools.
  const auto elsewhere = pools.acquire_fixed(IpAddress::v4(0x0a630007), {});
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(elsewhere->mask, 0xffffffffu);
  EXPECT_EQ(pools.in_use(), 3u);
  EXPECT_FALSE(pools.acquire_fixed(IpAddress::v4(0x0a630007), {}));
  pools.release(*elsewhere);
  EXPECT_EQ(pools.acquire_fixed(IpAddress::v4(0x0a630007), 0xffff0000u)->mask, 0xffff0000u);
  // The headend's own, and what no host can have.
  for (const uint32_t address : {0x0a010001u, 0x7f000001u, 0xe0000001u, 0xffffffffu, 1u})
    EXPECT_FALSE(pools.acquire_fixed(IpAddress::v4(address), {})) << address;
}

TEST(AddressPools, Ipv6WithTheHomeThatIsWanted) {
  Config config;
  const auto first = *IpAddress::parse("fd00:10::fffe");
  config.pools6["SIX"] = {"SIX", first, 64, 4};
  AddressPools pools(config, [](const IpAddress& a) { return uint8_t(a.bytes()[15] & 1); });
  const auto one = pools.acquire6({"NONE", "SIX"}, 1, {});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->address.to_string(), "fd00:10::ffff");
  EXPECT_EQ(one->prefix, 64);
  // The pool goes on beyond a carry.
  EXPECT_EQ(pools.acquire6({"SIX"}, 1, {})->address.to_string(), "fd00:10::1:1");
  EXPECT_EQ(pools.in_use(), 2u);
  const auto wish = *IpAddress::parse("fd00:10::1:0");
  EXPECT_EQ(pools.acquire6({"SIX"}, 1, {IpAddress::v4(10), wish})->address, wish);
  EXPECT_EQ(pools.acquire6({"SIX"}, 1, {wish})->address, first);
  EXPECT_FALSE(pools.acquire6({"SIX"}, 1, {}));
  pools.release(*one);
  EXPECT_EQ(pools.acquire6({"SIX"}, 0, {})->address, one->address);
}

TEST(AddressPools, AnIpv6AddressThatAServerAssigned) {
  Config config;
  config.pools6["SIX"] = {"SIX", *IpAddress::parse("fd00:10::1"), 64, 2};
  InterfaceConfig inside;
  inside.ipv6_addresses = {{*IpAddress::parse("fd00:99::1"), 64}};
  config.interfaces.push_back(inside);
  AddressPools pools(config, [](const IpAddress&) { return uint8_t{0}; });
  const auto in_pool = pools.acquire_fixed6(*IpAddress::parse("fd00:10::1"));
  ASSERT_TRUE(in_pool);
  EXPECT_EQ(in_pool->pool, "SIX");
  EXPECT_EQ(in_pool->prefix, 64);
  EXPECT_FALSE(pools.acquire_fixed6(*IpAddress::parse("fd00:10::1")));
  EXPECT_EQ(pools.acquire6({"SIX"}, 0, {})->address.to_string(), "fd00:10::2");
  EXPECT_FALSE(pools.acquire6({"SIX"}, 0, {}));
  pools.release(*in_pool);
  EXPECT_TRUE(pools.acquire6({"SIX"}, 0, {}));
  const auto elsewhere = pools.acquire_fixed6(*IpAddress::parse("2001:db8::7"));
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(elsewhere->prefix, 128);
  EXPECT_EQ(pools.in_use(), 3u);
  EXPECT_FALSE(pools.acquire_fixed6(*IpAddress::parse("2001:db8::7")));
  pools.release(*elsewhere);
  EXPECT_TRUE(pools.acquire_fixed6(*IpAddress::parse("2001:db8::7")));
  for (const char* text : {"fd00:99::1", "::", "::1", "fe80::1", "ff02::1"})
    EXPECT_FALSE(pools.acquire_fixed6(*IpAddress::parse(text))) << text;
}

}  // namespace
}  // namespace culvert::control
