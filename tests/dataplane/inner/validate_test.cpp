#include "dataplane/inner/validate.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

class ValidateTest : public testing::Test {
 protected:
  // The reason, or count_ if it passed; what passed is left in `passed`.
  DropReason run(const Bytes& bytes) {
    Batch batch;
    rte_mbuf* m = pool.packet(bytes);
    meta(m).inner_source = &own;
    batch.push(m);
    DropCounters drops;
    validate_inner(batch, drops);
    if (batch.size() == 1) {
      passed = bytes_of(batch[0]);
      EXPECT_EQ(meta(batch[0]).family, bytes[0] >> 4);
      l3_size = meta(batch[0]).l3_size;
      EXPECT_EQ(batch[0]->pkt_len, batch[0]->data_len);
      rte_pktmbuf_free(batch[0]);
      return DropReason::count_;
    }
    for (size_t r = 0; r < kDropReasons; ++r) {
      if (drops.get(static_cast<DropReason>(r)) == 1) return static_cast<DropReason>(r);
    }
    ADD_FAILURE() << "dropped without a reason";
    return DropReason::no_buffer;
  }
  static void refresh(Bytes& b) { fill_ipv4_checksum(*reinterpret_cast<Ipv4Header*>(b.data())); }

  Pool pool;
  InnerAddresses own{IpAddress::v4(0x0a0a0a05), six("fd00:10::5")};
  Ipv4Fields fields{.src = 0x0a0a0a05, .dst = kFarIp};
  Bytes passed;
  unsigned l3_size = 0;
};

TEST_F(ValidateTest, PassesAGoodPacketUnchanged) {
  const Bytes good = ipv4(fields, Bytes(100, 7));
  EXPECT_EQ(run(good), DropReason::count_);
  EXPECT_EQ(passed, good);
  EXPECT_EQ(l3_size, 20u);
  fields.ttl = 1;  // not ours to judge
  EXPECT_EQ(run(ipv4(fields, {})), DropReason::count_);
  fields.options = Bytes(40, 1);
  EXPECT_EQ(run(ipv4(fields, Bytes(8))), DropReason::count_);
  EXPECT_EQ(l3_size, 60u);
}

TEST_F(ValidateTest, TrimsPadding) {
  const Bytes good = ipv4(fields, Bytes(10, 7));
  for (size_t padding = 1; padding <= 64; ++padding) {
    Bytes padded = good;
    padded.resize(good.size() + padding, 0xee);
    EXPECT_EQ(run(padded), DropReason::count_);
    EXPECT_EQ(passed, good);
  }
}

TEST_F(ValidateTest, DropsWhatIsCutAtEveryLength) {
  fields.options = {0x94, 4, 0, 0};
  const Bytes good = ipv4(fields, Bytes(30, 7));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(run({good.begin(), good.begin() + static_cast<long>(size)}),
              DropReason::inner_malformed)
        << size;
  }
  EXPECT_EQ(run(good), DropReason::count_);
}

TEST_F(ValidateTest, DropsOtherVersions) {
  own.v6 = IpAddress{};  // with one, version 6 is no other
  for (unsigned version = 0; version < 16; ++version) {
    Bytes b = ipv4(fields, Bytes(40));
    b[0] = static_cast<uint8_t>(version << 4 | 5);
    refresh(b);
    EXPECT_EQ(run(b), version == 4 ? DropReason::count_ : DropReason::ip_version);
  }
}

TEST_F(ValidateTest, DropsBadHeaders) {
  for (unsigned ihl = 0; ihl < 5; ++ihl) {
    Bytes b = ipv4(fields, Bytes(40));
    b[0] = static_cast<uint8_t>(0x40 | ihl);
    EXPECT_EQ(run(b), DropReason::inner_malformed);
  }
  for (const unsigned total : {0u, 1u, 19u, 61u, 0xffffu}) {
    Bytes b = ipv4(fields, Bytes(40));
    store_be<uint16_t>(&b[2], static_cast<uint16_t>(total));
    refresh(b);
    EXPECT_EQ(run(b), DropReason::inner_malformed) << total;
  }
  // A total length inside the options.
  fields.options = Bytes(8, 1);
  Bytes b = ipv4(fields, {});
  store_be<uint16_t>(&b[2], 24);
  refresh(b);
  EXPECT_EQ(run(b), DropReason::inner_malformed);
}

TEST_F(ValidateTest, DropsEverySingleBitErrorOfTheHeader) {
  const Bytes good = ipv4(fields, Bytes(64, 3));
  for (size_t bit = 0; bit < 160; ++bit) {
    Bytes b = good;
    b[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    EXPECT_NE(run(b), DropReason::count_) << bit;
  }
}

TEST_F(ValidateTest, DropsSpoofedSources) {
  for (const uint32_t src : {0u, 0x0a0a0a04u, 0x0a0a0a06u, 0x0b0a0a05u, 0xffffffffu, 0x7f000001u}) {
    fields.src = src;
    EXPECT_EQ(run(ipv4(fields, Bytes(8))), DropReason::svc_spoofed);
  }
  // An IPv6 session's address is nobody's IPv4 source.
  own = InnerAddresses{};
  fields.src = 0;
  EXPECT_EQ(run(ipv4(fields, Bytes(8))), DropReason::svc_spoofed);
}

TEST_F(ValidateTest, DropsDestinationsThatAreNoHost) {
  for (const uint32_t dst : {0u, 0xe0000000u, 0xe0000001u, 0xefffffffu, 0xf0000000u, 0xffffffffu}) {
    fields.dst = dst;
    EXPECT_EQ(run(ipv4(fields, Bytes(8))), DropReason::inner_multicast);
  }
  for (const uint32_t dst : {0x7f000000u, 0x7f000001u, 0x7fffffffu}) {
    fields.dst = dst;
    EXPECT_EQ(run(ipv4(fields, Bytes(8))), DropReason::ip_bad_address);
  }
  for (const uint32_t dst : {1u, 0x7effffffu, 0x80000000u, 0xdfffffffu}) {
    fields.dst = dst;
    EXPECT_EQ(run(ipv4(fields, Bytes(8))), DropReason::count_);
  }
}

TEST_F(ValidateTest, Ipv6OnlyFromTheSessionsOwnAddress) {
  const Ipv6Fields good{.src = own.v6, .dst = kFar6};
  EXPECT_EQ(run(ipv6(good, Bytes(100, 7))), DropReason::count_);
  EXPECT_EQ(passed, ipv6(good, Bytes(100, 7)));
  EXPECT_EQ(l3_size, 40u);
  Bytes padded = ipv6(good, Bytes(10, 7));
  padded.resize(64);
  EXPECT_EQ(run(padded), DropReason::count_);
  EXPECT_EQ(passed.size(), 50u);
  for (const char* src : {"fd00:10::6", "2001:db8::1", "::"})
    EXPECT_EQ(run(ipv6({.src = six(src), .dst = kFar6}, Bytes(8))), DropReason::svc_spoofed);
  EXPECT_EQ(run(ipv6({.src = six("fe80::1"), .dst = kFar6}, Bytes(8))),
            DropReason::ip6_bad_address);
  for (const char* dst : {"fe80::1", "::", "::1", "::ffff:10.10.10.6"})
    EXPECT_EQ(run(ipv6({.src = own.v6, .dst = six(dst)}, Bytes(8))), DropReason::ip6_bad_address);
  // The client's IPv4 address in IPv6 clothes.
  Bytes mapped = ipv6({.src = own.v4, .dst = kFar6}, Bytes(8));
  EXPECT_EQ(run(mapped), DropReason::ip6_bad_address);
  // What its kernel says to a link by itself.
  EXPECT_EQ(run(ipv6({.src = six("fe80::1"), .dst = six("ff02::2"), .next_header = 58}, Bytes(8))),
            DropReason::inner_multicast);
  own.v6 = IpAddress{};
  EXPECT_EQ(run(ipv6(good, Bytes(8))), DropReason::ip_version);
  EXPECT_EQ(run(ipv6({.src = six("::"), .dst = kFar6}, Bytes(8))), DropReason::ip_version);
}

TEST_F(ValidateTest, Ipv6CutShortAnywhere) {
  const Bytes good = ipv6({.src = own.v6, .dst = kFar6}, Bytes(10, 7));
  for (size_t size = 1; size < good.size(); ++size) {
    EXPECT_EQ(run(Bytes(good.begin(), good.begin() + static_cast<ptrdiff_t>(size))),
              DropReason::inner_malformed)
        << size;
  }
}

TEST_F(ValidateTest, KeepsTheOrderOfWhatPasses) {
  Batch batch;
  for (uint32_t i = 0; i < kBurst; ++i) {
    fields.src = i % 3 == 0 ? 0x01020304 : 0x0a0a0a05;
    fields.id = static_cast<uint16_t>(i);
    rte_mbuf* m = pool.packet(ipv4(fields, Bytes(8)));
    meta(m).inner_source = &own;
    batch.push(m);
  }
  DropCounters drops;
  validate_inner(batch, drops);
  EXPECT_EQ(drops.get(DropReason::svc_spoofed), 22u);
  ASSERT_EQ(batch.size(), 42u);
  int last = -1;
  for (rte_mbuf* m : batch) {
    const int id = rte_pktmbuf_mtod(m, const Ipv4Header*)->id;
    EXPECT_GT(id, last);
    EXPECT_NE(id % 3, 0);
    last = id;
    rte_pktmbuf_free(m);
  }
}

}  // namespace
}  // namespace culvert::dp
