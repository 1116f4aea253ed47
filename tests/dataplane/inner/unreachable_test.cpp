#include "dataplane/inner/unreachable.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

const IpAddress kSource = IpAddress::v4(kOwnIp);

class UnreachableTest : public testing::Test {
 protected:
  Bytes answer(const Bytes& packet, uint16_t mtu = 1347) {
    rte_mbuf* m = pool.packet(packet);
    rte_mbuf* error = make_fragmentation_needed(m, kSource, mtu, pool.get());
    Bytes out = error == nullptr ? Bytes{} : bytes_of(error);
    rte_pktmbuf_free(error);
    rte_pktmbuf_free(m);
    return out;
  }
  bool answerable(const Ipv4Fields& f, const Bytes& payload = Bytes(8)) {
    rte_mbuf* m = pool.packet(ipv4(f, payload));
    const bool may = may_answer(m);
    rte_pktmbuf_free(m);
    return may;
  }
  Pool pool;
};

TEST_F(UnreachableTest, IsAnIcmpErrorWithTheNextHopMtu) {
  const Bytes packet = ipv4({.src = kFarIp, .dst = 0x0a0a0a05}, Bytes(1400, 0x42));
  const Bytes error = answer(packet, 1347);
  ASSERT_EQ(error.size(), 576u);
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(error.data());
  EXPECT_EQ(ip.version_ihl, 0x45);
  EXPECT_EQ(ip.total_length, 576);
  EXPECT_EQ(ip.protocol, 1);
  EXPECT_EQ(ip.ttl, 64);
  EXPECT_EQ(ip.tos, 0xc0);
  EXPECT_EQ(ip.src, kOwnIp);
  EXPECT_EQ(ip.dst, kFarIp);
  EXPECT_FALSE(ip.is_fragment());
  EXPECT_EQ(reference_checksum({error.data(), 20}), 0);
  EXPECT_EQ(reference_checksum({error.data() + 20, error.size() - 20}), 0);
  EXPECT_EQ(error[20], 3);
  EXPECT_EQ(error[21], 4);
  EXPECT_EQ(load_be<uint16_t>(&error[24]), 0);  // RFC 1191 §4: unused
  EXPECT_EQ(load_be<uint16_t>(&error[26]), 1347);
  EXPECT_TRUE(std::equal(error.begin() + 28, error.end(), packet.begin()));
}

TEST_F(UnreachableTest, QuotesAllOfAShortPacketAndSumsOddLengths) {
  for (size_t size = 0; size < 600; ++size) {
    const Bytes packet = ipv4({.src = kFarIp}, Bytes(size, 0x99));
    const Bytes error = answer(packet, 0xffff);
    ASSERT_EQ(error.size(), std::min<size_t>(576, 28 + packet.size()));
    ASSERT_EQ(reference_checksum({error.data() + 20, error.size() - 20}), 0) << size;
    ASSERT_EQ(load_be<uint16_t>(&error[26]), 0xffff);
  }
}

TEST_F(UnreachableTest, WithoutBuffersThereIsNone) {
  rte_mbuf* m = pool.packet(ipv4({}, Bytes(100)));
  std::vector<rte_mbuf*> held(1022);
  ASSERT_EQ(rte_pktmbuf_alloc_bulk(pool.get(), held.data(), 1022), 0);
  EXPECT_EQ(make_fragmentation_needed(m, kSource, 1300, pool.get()), nullptr);
  rte_pktmbuf_free_bulk(held.data(), 1022);
  rte_pktmbuf_free(m);
}

// RFC 1122 §3.2.2.
TEST_F(UnreachableTest, SomePacketsAreNotAnswered) {
  EXPECT_TRUE(answerable({.src = kFarIp}));
  EXPECT_TRUE(answerable({.src = kFarIp, .fragment = Ipv4Header::kMoreFragments}));
  EXPECT_FALSE(answerable({.src = kFarIp, .fragment = 1}));
  EXPECT_FALSE(answerable({.src = kFarIp, .fragment = Ipv4Header::kMoreFragments | 0x1fff}));
  for (const uint32_t src : {0u, 0x7f000001u, 0xe0000001u, 0xf0000000u, 0xffffffffu})
    EXPECT_FALSE(answerable({.src = src}));
  for (const uint32_t src : {0x01000001u, 0x7effffffu, 0x80000000u, 0xdfffffffu})
    EXPECT_TRUE(answerable({.src = src}));
  for (unsigned type = 0; type < 256; ++type) {
    const bool query = type == 0 || type == 8 || (type >= 13 && type <= 18);
    EXPECT_EQ(answerable({.src = kFarIp, .protocol = 1}, {static_cast<uint8_t>(type), 0, 0, 0}),
              query)
        << type;
  }
  EXPECT_FALSE(answerable({.src = kFarIp, .protocol = 1}, {}));
}

TEST(UnreachableLimit, DefaultIsOneASecond) {
  UnreachableLimit limit;
  EXPECT_TRUE(limit.allow(5'000'000));
  EXPECT_FALSE(limit.allow(5'000'000));
  EXPECT_FALSE(limit.allow(5'999'999));
  EXPECT_TRUE(limit.allow(6'000'000));
  EXPECT_FALSE(limit.allow(6'000'001));
  EXPECT_TRUE(limit.allow(100'000'000));  // nothing is saved up beyond the burst
  EXPECT_FALSE(limit.allow(100'000'000));
  EXPECT_EQ(limit.sent(), 3u);
  EXPECT_EQ(limit.suppressed(), 4u);
}

TEST(UnreachableLimit, BurstGoesAtOnceAndComesBackAtTheRate) {
  for (const uint32_t rate : {1u, 3u, 10u, 100u}) {
    for (const uint32_t burst : {1u, 2u, 10u}) {
      UnreachableLimit limit(rate, burst);
      uint64_t now = 1'000'000'000;
      for (uint32_t i = 0; i < burst; ++i)
        EXPECT_TRUE(limit.allow(now));
      EXPECT_FALSE(limit.allow(now));
      now += 1'000'000 / rate;
      EXPECT_TRUE(limit.allow(now));
      EXPECT_FALSE(limit.allow(now));
      uint64_t allowed = 0;
      for (uint64_t end = now + 100'000'000; now < end; now += 1000)
        allowed += limit.allow(now);
      EXPECT_NEAR(static_cast<double>(allowed), 100.0 * rate, rate * 0.5 + 1);
      now += 1'000'000'000;
      for (uint32_t i = 0; i < burst; ++i)
        EXPECT_TRUE(limit.allow(now));
      EXPECT_FALSE(limit.allow(now));
    }
  }
}

TEST(UnreachableLimit, ANewRateHoldsAtOnce) {
  UnreachableLimit limit;
  EXPECT_TRUE(limit.allow(5'000'000));
  EXPECT_FALSE(limit.allow(5'000'001));
  limit.set_rate(100, 2);
  EXPECT_TRUE(limit.allow(5'000'001));
  EXPECT_TRUE(limit.allow(5'000'001));
  EXPECT_FALSE(limit.allow(5'000'001));
  EXPECT_TRUE(limit.allow(5'010'001));
  EXPECT_THROW(limit.set_rate(0, 1), std::invalid_argument);
  EXPECT_TRUE(limit.allow(5'020'001));
}

TEST(UnreachableLimit, RefusesRatesThatMeanNothing) {
  EXPECT_THROW(UnreachableLimit(0, 1), std::invalid_argument);
  EXPECT_THROW(UnreachableLimit(1, 0), std::invalid_argument);
  EXPECT_THROW(UnreachableLimit(1'000'001, 1), std::invalid_argument);
}

TEST(UnreachableLimit, IsOneForAllThreads) {
  UnreachableLimit limit(10, 5);
  std::atomic<uint64_t> allowed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      uint64_t mine = 0;
      for (uint64_t now = 0; now <= 1'000'000; now += 100)
        mine += limit.allow(now);
      allowed += mine;
    });
  }
  for (auto& t : threads)
    t.join();
  // A burst of five at the start, and one for each tenth of the second.
  EXPECT_GE(allowed, 10u);
  EXPECT_LE(allowed, 15u);
  EXPECT_EQ(limit.sent(), allowed);
  EXPECT_EQ(limit.sent() + limit.suppressed(), 4 * 10'001u);
}

}  // namespace
}  // namespace culvert::dp
