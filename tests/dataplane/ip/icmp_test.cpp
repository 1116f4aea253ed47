// Echo replies, and what gets none.
#include "dataplane/ip/icmp.hpp"

#include <gtest/gtest.h>

#include "dataplane/ip/classify.hpp"
#include "tests/dataplane/packets.hpp"

namespace culvert::dp {
namespace {

using namespace test;

class Icmp : public testing::Test {
 protected:
  void input(const Bytes& packet, size_t segment = 2048) {
    Batch in;
    rte_mbuf* m = pool_.packet(packet, segment);
    ASSERT_EQ(check_ipv4(m), DropReason::count_);
    in.push(m);
    icmp_input(state_, in, replies_, reports_, drops_, now_);
  }
  Bytes reply() {
    if (replies_.size() != 1) return {};
    Bytes b = bytes_of(replies_[0]);
    rte_pktmbuf_free(replies_[0]);
    replies_.clear();
    return b;
  }

  Pool pool_;
  DropCounters drops_;
  IcmpState state_;
  Batch replies_;
  Batch reports_;
  Time now_ = kSecond;
};

TEST_F(Icmp, RepliesToEverySize) {
  for (size_t size = 0; size < 1473; size += 7) {
    input(ipv4({.protocol = 1}, echo_request(size)), 40 + size % 900);
    Bytes expected = ipv4({.src = kOwnIp, .dst = kPeerIp, .protocol = 1}, echo_request(size, 0));
    EXPECT_EQ(reply(), expected);
    now_ += kSecond;
  }
}

TEST_F(Icmp, LeavesOptionsOut) {
  input(ipv4({.protocol = 1, .options = {7, 7, 4, 0, 0, 0, 0, 0}}, echo_request(20)));
  EXPECT_EQ(reply(), ipv4({.src = kOwnIp, .dst = kPeerIp, .protocol = 1}, echo_request(20, 0)));
}

TEST_F(Icmp, MalformedAndIgnored) {
  const Bytes whole = echo_request(8);
  for (size_t n = 0; n < whole.size(); ++n) {
    input(ipv4({.protocol = 1}, Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(n))));
    EXPECT_EQ(drops_.get(DropReason::icmp_malformed), n + 1);
  }
  for (const auto type : std::initializer_list<uint8_t>{0, 3, 5, 11, 13, 17, 255})
    input(ipv4({.protocol = 1}, echo_request(8, type)));
  EXPECT_EQ(drops_.get(DropReason::icmp_ignored), 7U);
  EXPECT_TRUE(replies_.empty());
}

TEST_F(Icmp, ReportsOfNarrowPathsGoTheirOwnWay) {
  state_.reports = TokenBucket(100, 5);
  for (int i = 0; i < 8; ++i)
    input(ipv4({.protocol = 1}, echo_request(8, 3, 4)));
  EXPECT_TRUE(replies_.empty());
  EXPECT_EQ(reports_.size(), 5U);
  EXPECT_EQ(drops_.get(DropReason::icmp_rate_limited), 3U);
  input(ipv4({.protocol = 1}, echo_request(8, 3, 3)));
  EXPECT_EQ(drops_.get(DropReason::icmp_ignored), 1U);
  for (rte_mbuf* m : reports_)
    rte_pktmbuf_free(m);
  reports_.clear();
}

TEST_F(Icmp, RateLimit) {
  state_.echo = TokenBucket(100, 10);
  int answered = 0;
  const auto flood = [&](int n) {
    for (int i = 0; i < n; ++i) {
      input(ipv4({.protocol = 1}, echo_request(8)));
      answered += reply().empty() ? 0 : 1;
    }
  };
  flood(50);
  EXPECT_EQ(answered, 10);
  EXPECT_EQ(drops_.get(DropReason::icmp_rate_limited), 40U);
  now_ += kSecond / 20;
  flood(50);
  EXPECT_EQ(answered, 15);
}

}  // namespace
}  // namespace culvert::dp
