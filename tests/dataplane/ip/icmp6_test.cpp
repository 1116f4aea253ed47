// Echoes over IPv6, and what is none.
#include "dataplane/ip/icmp6.hpp"

#include <gtest/gtest.h>

#include "dataplane/ip/ipv6.hpp"
#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

class Icmp6 : public testing::Test {
 protected:
  ~Icmp6() override {
    for (Batch* b : {&replies_, &discovery_, &reports_}) {
      rte_pktmbuf_free_bulk(b->data(), b->size());
      b->clear();
    }
  }
  void input(const Bytes& packet, size_t segment = 2048) {
    rte_mbuf* m = pool_.packet(packet, segment);
    ASSERT_EQ(check_ipv6(m), DropReason::count_);
    ASSERT_EQ(walk_extensions(m).reason, DropReason::count_);
    Batch in;
    in.push(m);
    icmp6_input(state_, in, {replies_, discovery_, reports_}, drops_, kSecond);
  }

  Pool pool_;
  IcmpState state_;
  Batch replies_;
  Batch discovery_;
  Batch reports_;
  DropCounters drops_;
};

Bytes echo(uint8_t type, size_t data) {
  Bytes b{type, 0, 0, 0, 0xbe, 0xef, 0, 7};
  b.resize(8 + data, 0x5a);
  return b;
}

TEST_F(Icmp6, EchoesComeBack) {
  for (const size_t data : {size_t{0}, size_t{1}, size_t{56}, size_t{1452}}) {
    for (const size_t segment : {size_t{2048}, size_t{100}}) {
      input(icmp6({}, echo(128, data)), segment);
      ASSERT_EQ(replies_.size(), 1U) << data;
      EXPECT_EQ(bytes_of(replies_[0]), icmp6({.src = kOwn6, .dst = kPeer6}, echo(129, data)));
      rte_pktmbuf_free(replies_[0]);
      replies_.clear();
    }
  }
}

TEST_F(Icmp6, ExtensionHeadersDoNotComeBack) {
  input(icmp6({.next_header = 60}, echo(128, 5), {58, 0, 1, 4, 0, 0, 0, 0}));
  ASSERT_EQ(replies_.size(), 1U);
  EXPECT_EQ(bytes_of(replies_[0]), icmp6({.src = kOwn6, .dst = kPeer6}, echo(129, 5)));
}

TEST_F(Icmp6, NamesWhatIsNotAnswered) {
  using R = DropReason;
  for (const uint8_t type : {uint8_t{1}, uint8_t{2}, uint8_t{3}, uint8_t{129}, uint8_t{130}})
    input(icmp6({}, echo(type, 48)));
  input(icmp6({.dst = kAllNodes}, echo(128, 8)));
  EXPECT_EQ(drops_.get(R::icmp_ignored), 5U);
  EXPECT_EQ(reports_.size(), 1U);  // Packet Too Big is somebody else's
  Bytes wrong = icmp6({}, echo(128, 8));
  wrong.back() ^= 1;
  input(wrong);
  input(ipv6({.next_header = 58}, Bytes(7, 0)));
  EXPECT_EQ(drops_.get(R::icmp_malformed), 2U);
  EXPECT_TRUE(replies_.empty());
}

TEST_F(Icmp6, PutsDiscoveryAside) {
  for (uint8_t type = 133; type <= 137; ++type)
    input(icmp6({}, echo(type, 16)));
  EXPECT_EQ(discovery_.size(), 5U);
}

}  // namespace
}  // namespace culvert::dp
