// ARP: answers, learning, clashes, storms, truncation.
#include "dataplane/neighbour/arp.hpp"

#include <gtest/gtest.h>

#include "dataplane/neighbour/announce.hpp"
#include "tests/dataplane/link_fixture.hpp"

namespace culvert::dp {
namespace {

using namespace test;

struct Arp {
  uint16_t operation = 1;
  MacAddress sender_mac = kPeerMac;
  uint32_t sender_ip = kPeerIp;
  MacAddress target_mac{};
  uint32_t target_ip = kOwnIp;
};

Bytes frame(const Arp& a, const MacAddress& to = kBroadcastMac) {
  ArpPacket p{.hardware_type = 1,
              .protocol_type = 0x0800,
              .hardware_size = 6,
              .protocol_size = 4,
              .operation = a.operation,
              .sender_mac = a.sender_mac,
              .sender_ip = a.sender_ip,
              .target_mac = a.target_mac,
              .target_ip = a.target_ip};
  Bytes b(sizeof(p));
  std::memcpy(b.data(), &p, sizeof(p));
  return ethernet(b, 0x0806, to, a.sender_mac);
}

class ArpTest : public LinkTest {
 protected:
  void input(const Bytes& bytes, Handoff handoff = Handoff::none) {
    Batch in;
    rte_mbuf* m = pool_.packet(bytes);
    meta(m).port = port_[0]->id();
    meta(m).handoff = handoff;
    in.push(m);
    arp_input(*link_, state_, in, now_);
  }
  bool knows(uint32_t ip) { return cache_->find(IpAddress::v4(ip), 0, now_) != nullptr; }

  ArpState state_;
};

TEST_F(ArpTest, AnswersForItsOwnAddress) {
  Bytes padded = frame({});
  padded.resize(60);
  input(padded);
  const auto out = sent(0);
  ASSERT_EQ(out.size(), 1U);
  const Bytes expected = ethernet(
      [] {
        Bytes b = frame({.operation = 2,
                         .sender_mac = kOwnMac,
                         .sender_ip = kOwnIp,
                         .target_mac = kPeerMac,
                         .target_ip = kPeerIp});
        return Bytes(b.begin() + 14, b.end());
      }(),
      0x0806, kPeerMac, kOwnMac);
  EXPECT_EQ(out[0], expected);
  EXPECT_TRUE(knows(kPeerIp));
}

TEST_F(ArpTest, NotForOthers) {
  input(frame({.target_ip = kPeerIp + 5}));
  EXPECT_TRUE(sent(0).empty());
  EXPECT_FALSE(knows(kPeerIp));
  input(frame({.sender_ip = kFarIp}));
  EXPECT_EQ(sent(0).size(), 1U) << "answered, but a foreign network is not learned";
  EXPECT_FALSE(knows(kFarIp));
}

TEST_F(ArpTest, ProbeIsAnsweredAndNotLearned) {
  input(frame({.sender_ip = 0}));
  EXPECT_EQ(sent(0).size(), 1U);
  EXPECT_EQ(cache_->entries(), 0U);
}

TEST_F(ArpTest, ReplyReleasesWhatWaits) {
  EXPECT_TRUE(
      cache_->wait(IpAddress::v4(kPeerIp), 0, pool_.packet(ipv4({.dst = kPeerIp}, {1})), now_));
  input(frame({.operation = 2, .target_mac = kOwnMac}, kOwnMac));
  const auto out = sent(0);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0], ethernet(ipv4({.dst = kPeerIp}, {1}), 0x0800, kPeerMac, kOwnMac));
}

TEST_F(ArpTest, UnsolicitedRepliesTeachNothing) {
  input(frame({.operation = 2}, kOwnMac));
  input(frame({.operation = 1, .target_ip = kPeerIp}));  // gratuitous
  EXPECT_EQ(cache_->entries(), 0U);
}

TEST_F(ArpTest, GratuitousUpdatesTheKnown) {
  input(frame({}));
  const MacAddress moved{2, 0, 0, 0, 0, 7};
  input(frame({.sender_mac = moved, .target_ip = kPeerIp}));
  EXPECT_EQ(*cache_->find(IpAddress::v4(kPeerIp), 0, now_), moved);
}

TEST_F(ArpTest, CopyFromAnotherWorkerTeachesWithoutAnAnswer) {
  input(frame({}), Handoff::neighbour);
  EXPECT_TRUE(sent(0).empty());
  EXPECT_TRUE(knows(kPeerIp));
  EXPECT_EQ(state_.counters.requests_in, 0U);
}

TEST_F(ArpTest, ClashIsReportedAndDefendedOnceInAWhile) {
  for (int i = 0; i < 50; ++i)
    input(frame({.sender_ip = kOwnIp, .target_ip = kOwnIp}));
  EXPECT_EQ(state_.counters.clashes, 50U);
  EXPECT_EQ(state_.counters.clash_station, 0x0000020000000002U);
  EXPECT_EQ(sent(0).size(), 1U);
  now_ += ArpState::kDefendInterval;
  input(frame({.sender_ip = kOwnIp}));
  EXPECT_EQ(sent(0).size(), 1U);
  EXPECT_FALSE(knows(kOwnIp));
  // Our own frame, come back.
  input(frame({.sender_mac = kOwnMac, .sender_ip = kOwnIp}));
  EXPECT_EQ(state_.counters.clashes, 51U);
}

TEST_F(ArpTest, EveryTruncationAndEveryWrongField) {
  const Bytes good = frame({});
  uint64_t expected = 0;
  for (size_t n = 14; n < good.size(); ++n) {
    input(Bytes(good.begin(), good.begin() + static_cast<ptrdiff_t>(n)));
    EXPECT_EQ(drops_.get(DropReason::arp_malformed), ++expected);
  }
  for (const size_t at : {14U, 15U, 16U, 17U, 18U, 19U, 20U, 21U}) {
    Bytes bad = good;
    bad[at] ^= 0x40;
    input(bad);
    EXPECT_EQ(drops_.get(DropReason::arp_malformed), ++expected) << at;
  }
  input(frame({.sender_mac = kBroadcastMac}));
  input(frame({.sender_mac = {}}));
  input(frame({.sender_ip = 0xffffffff}));
  input(frame({.sender_ip = 0xe0000001}));
  input(frame({.sender_ip = 0x7f000001}));
  EXPECT_EQ(drops_.get(DropReason::arp_malformed), expected + 5);
  EXPECT_TRUE(sent(0).empty());
}

TEST_F(ArpTest, Storm) {
  for (uint32_t i = 0; i < 20000; ++i) {
    input(frame({.sender_ip = 0xc0000200 + i % 200 + 3}));
    if (i % 64 == 63) (void)sent(0);
  }
  EXPECT_EQ(state_.counters.requests_in, 20000U);
  EXPECT_EQ(cache_->entries(), 200U);
}

TEST_F(ArpTest, ProbesThenAnnounces) {
  Announcer announcer;
  EXPECT_TRUE(announcer.done());
  announcer.announce(0, now_);
  std::vector<Bytes> out;
  for (int i = 0; i < 100; ++i, now_ += 100 * kMillisecond) {
    announcer.poll(*link_, now_);
    for (auto& f : sent(0))
      out.push_back(f);
  }
  EXPECT_TRUE(announcer.done());
  ASSERT_EQ(out.size(), 5U);
  const auto sender = [](const Bytes& f) { return load_be<uint32_t>(&f[14 + 14]); };
  for (size_t i = 0; i < 5; ++i)
    EXPECT_EQ(sender(out[i]), i < 3 ? 0 : kOwnIp);
}

}  // namespace
}  // namespace culvert::dp
