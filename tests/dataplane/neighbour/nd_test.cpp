// Neighbour discovery: answers, probes, learning, clashes, hostile messages, truncation.
#include "dataplane/neighbour/nd.hpp"

#include <gtest/gtest.h>

#include "dataplane/ip/ipv6.hpp"
#include "dataplane/neighbour/announce.hpp"
#include "tests/dataplane/link_fixture.hpp"

namespace culvert::dp {
namespace {

using namespace test;

const Bytes kSourceMac{1, 1, 2, 0, 0, 0, 0, 2};
const Bytes kTargetMac{2, 1, 2, 0, 0, 0, 0, 2};
const Bytes kOwnTargetMac{2, 1, 2, 0, 0, 0, 0, 1};
constexpr uint32_t kSolicited = NeighbourMessage::kSolicited;
constexpr uint32_t kOverride = NeighbourMessage::kOverride;
const IpAddress kGroup = solicited_node(kOwn6);
constexpr MacAddress kAllNodesMac{0x33, 0x33, 0, 0, 0, 1};

Bytes message(uint8_t type, uint32_t flags, const IpAddress& target, const Bytes& options) {
  Bytes b{type, 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8)
    b.push_back(static_cast<uint8_t>(flags >> shift));
  b.insert(b.end(), target.bytes().begin(), target.bytes().end());
  b.insert(b.end(), options.begin(), options.end());
  return b;
}
Bytes solicitation(const IpAddress& src = kPeer6, const IpAddress& dst = kGroup,
                   const IpAddress& target = kOwn6, const Bytes& options = kSourceMac) {
  return icmp6({.src = src, .dst = dst, .hop_limit = 255}, message(135, 0, target, options));
}
Bytes advertisement(uint32_t flags, const Bytes& options = kTargetMac,
                    const IpAddress& target = kPeer6, const IpAddress& src = kPeer6,
                    const IpAddress& dst = kOwn6) {
  return icmp6({.src = src, .dst = dst, .hop_limit = 255}, message(136, flags, target, options));
}

class NdTest : public LinkTest {
 protected:
  NdTest() : LinkTest(true) {}
  void input(const Bytes& packet, Handoff handoff = Handoff::none) {
    rte_mbuf* m = pool_.packet(packet);
    ASSERT_EQ(check_ipv6(m), DropReason::count_);
    meta(m).port = port_[0]->id();
    meta(m).handoff = handoff;
    Batch in;
    in.push(m);
    nd_input(*link_, state_, in, now_);
    EXPECT_TRUE(in.empty());
  }
  const MacAddress* known(const IpAddress& ip = kPeer6) { return cache_->peek(ip, 0); }
  // Makes the cache ask for the peer, as a packet for it does.
  void ask(const IpAddress& ip = kPeer6) {
    EXPECT_TRUE(cache_->wait(ip, 0, pool_.packet(ipv6({.src = kOwn6, .dst = ip}, {1})), now_));
  }
  uint64_t malformed() { return drops_.get(DropReason::nd_malformed); }

  NdState state_;
};

TEST_F(NdTest, AnswersForItsAddresses) {
  for (const IpAddress& own : {kOwn6, link_local_of(kOwnMac)}) {
    input(solicitation(kPeer6, solicited_node(own), own));
    const auto out = sent(0);
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0], ethernet(icmp6({.src = own, .dst = kPeer6, .hop_limit = 255},
                                     message(136, 0xe0000000, own, kOwnTargetMac)),
                               0x86dd, kPeerMac, kOwnMac));
  }
  // Who asks is known from then on, unconfirmed.
  ASSERT_NE(known(), nullptr);
  EXPECT_EQ(*known(), kPeerMac);
}

TEST_F(NdTest, TellsEverybodyWhenItsAddressIsProbed) {
  input(solicitation({}, kGroup, kOwn6, {}));
  const auto out = sent(0);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0], ethernet(icmp6({.src = kOwn6, .dst = kAllNodes, .hop_limit = 255},
                                   message(136, 0xa0000000, kOwn6, kOwnTargetMac)),
                             0x86dd, kAllNodesMac, kOwnMac));
}

TEST_F(NdTest, SaysNothingForOthers) {
  input(solicitation(kPeer6, kGroup, six("2001:db8:1::7")));
  input(solicitation(kPeer6, kAllNodes, six("fd00:1::1")));
  EXPECT_TRUE(sent(0).empty());
  EXPECT_EQ(known(), nullptr);
  // An asker that is on no network of ours gets its answer, and no place.
  input(solicitation(kFar6));
  EXPECT_EQ(sent(0).size(), 1U);
  EXPECT_EQ(known(kFar6), nullptr);
  // Another worker has answered this one.
  input(solicitation(), Handoff::neighbour);
  EXPECT_TRUE(sent(0).empty());
  EXPECT_NE(known(), nullptr);
}

TEST_F(NdTest, AnAnswerSendsWhatWaited) {
  ask();
  input(advertisement(kSolicited));
  const auto out = sent(0);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0], ethernet(ipv6({.src = kOwn6, .dst = kPeer6}, {1}), 0x86dd, kPeerMac, kOwnMac));
  ASSERT_NE(known(), nullptr);
}

TEST_F(NdTest, AnswersThatNobodyAskedForMakeNoEntries) {
  input(advertisement(kSolicited | kOverride));
  input(advertisement(kOverride, kTargetMac, kPeer6, kPeer6, kAllNodes));
  EXPECT_EQ(known(), nullptr);
  EXPECT_EQ(cache_->entries(), 0U);
}

TEST_F(NdTest, OnlyOverrideChangesAnAddress) {
  ask();
  input(advertisement(kSolicited));
  (void)sent(0);
  const Bytes other{2, 1, 2, 0, 0, 0, 0, 9};
  input(advertisement(kSolicited, other));
  EXPECT_EQ(*known(), kPeerMac);
  input(advertisement(kOverride, other, kPeer6, kPeer6, kAllNodes));
  EXPECT_EQ(*known(), (MacAddress{2, 0, 0, 0, 0, 9}));
  // A confirmation need not repeat the address.
  input(advertisement(kSolicited, {}));
  EXPECT_EQ(*known(), (MacAddress{2, 0, 0, 0, 0, 9}));
}

TEST_F(NdTest, AgesWithinTheTimesOfTheRfc) {
  ask();
  input(advertisement(kSolicited));
  (void)sent(0);
  // In use: asked again by unicast once it has not been confirmed for 30 s, and usable meanwhile.
  std::vector<Bytes> frames;
  const Time from = now_;
  while (now_ < from + 32 * kSecond && frames.empty()) {
    now_ += 100 * kMillisecond;
    EXPECT_NE(cache_->find(kPeer6, 0, now_), nullptr);
    neighbour_poll(*link_, now_);
    frames = sent(0);
  }
  EXPECT_GE(now_ - from, 30 * kSecond);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0], ethernet(icmp6({.src = kOwn6, .dst = kPeer6, .hop_limit = 255},
                                      message(135, 0, kPeer6, {1, 1, 2, 0, 0, 0, 0, 1})),
                                0x86dd, kPeerMac, kOwnMac));
  // Three questions without an answer, and it is gone.
  for (const Time start = now_; now_ < start + 5 * kSecond; now_ += 100 * kMillisecond)
    neighbour_poll(*link_, now_);
  EXPECT_EQ(sent(0).size(), 2U);
  EXPECT_EQ(known(), nullptr);
}

TEST_F(NdTest, NoticesWhoElseHasItsAddress) {
  input(advertisement(kOverride, kTargetMac, kOwn6, kPeer6, kAllNodes));
  input(advertisement(kOverride, kTargetMac, kOwn6, kOwn6, kAllNodes));
  EXPECT_EQ(state_.counters.clashes.load(), 2U);
  // Defended, but not in a duel.
  const auto out = sent(0);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0], ethernet(icmp6({.src = kOwn6, .dst = kAllNodes, .hop_limit = 255},
                                   message(136, 0xa0000000, kOwn6, kOwnTargetMac)),
                             0x86dd, kAllNodesMac, kOwnMac));
  // Our own words, given back by a hub.
  input(advertisement(kOverride, kOwnTargetMac, kOwn6, kOwn6, kAllNodes));
  EXPECT_EQ(state_.counters.clashes.load(), 2U);
}

TEST_F(NdTest, NamesMalformedMessages) {
  std::vector<Bytes> bad{
      solicitation(kPeer6, kGroup, six("ff02::1")),                      // a group as target
      solicitation(kPeer6, kGroup, kOwn6, {1, 0, 2, 0, 0, 0, 0, 2}),     // an option without length
      solicitation(kPeer6, kGroup, kOwn6, {1, 2, 2, 0, 0, 0, 0, 2}),     // longer than the packet
      solicitation(kPeer6, kGroup, kOwn6, {1, 1, 2, 0, 0, 0, 0}),        // cut short
      solicitation(kPeer6, kGroup, kOwn6, {1, 1, 3, 0, 0, 0, 0, 2}),     // a group's MAC address
      solicitation(kPeer6, kGroup, kOwn6, {1, 1, 0, 0, 0, 0, 0, 0}),     // nobody's
      solicitation({}, kGroup, kOwn6, kSourceMac),                       // a probe with an address
      solicitation({}, kOwn6, kOwn6, {}),                                // or to one host
      advertisement(kSolicited, kTargetMac, kPeer6, kPeer6, kAllNodes),  // an answer to everybody
      advertisement(0, kTargetMac, kPeer6, {}),                          // from nobody
  };
  Bytes routed = solicitation();
  routed[7] = 254;
  bad.push_back(routed);
  Bytes code = message(135, 0, kOwn6, kSourceMac);
  code[1] = 1;
  bad.push_back(icmp6({.dst = kGroup, .hop_limit = 255}, code));
  const Bytes whole = message(135, 0, kOwn6, {});
  for (ptrdiff_t size = 8; size < 24; ++size) {
    bad.push_back(
        icmp6({.dst = kGroup, .hop_limit = 255}, Bytes(whole.begin(), whole.begin() + size)));
  }
  for (size_t i = 0; i < bad.size(); ++i) {
    input(bad[i]);
    EXPECT_EQ(malformed(), i + 1) << i;
  }
  EXPECT_TRUE(sent(0).empty());
  EXPECT_EQ(cache_->entries(), 0U);
}

TEST_F(NdTest, IgnoresRoutersAndRedirects) {
  for (const uint8_t type : {uint8_t{133}, uint8_t{134}, uint8_t{137}})
    input(icmp6({.dst = kAllNodes, .hop_limit = 255}, message(type, 0, kPeer6, Bytes(24, 1))));
  EXPECT_EQ(drops_.get(DropReason::icmp_ignored), 3U);
  EXPECT_EQ(cache_->entries(), 0U);
}

TEST_F(NdTest, AStormOfAskersFillsNoMoreThanItsShare) {
  for (unsigned i = 0; i < 5000; ++i) {
    std::array<uint8_t, 16> bytes = kPeer6.bytes();
    bytes[12] = static_cast<uint8_t>(i >> 8);
    bytes[13] = static_cast<uint8_t>(i);
    input(solicitation(IpAddress::v6(bytes)));
    (void)sent(0);
  }
  EXPECT_EQ(cache_->entries(), 768U);
}

TEST_F(NdTest, AnnouncesEveryAddress) {
  Announcer announcer;
  announcer.announce(0, now_);
  std::vector<Bytes> six_frames;
  for (int i = 0; i < 200; ++i, now_ += 100 * kMillisecond) {
    announcer.poll(*link_, now_);
    for (const Bytes& frame : sent(0)) {
      if (frame[12] == 0x86) six_frames.push_back(frame);
    }
  }
  // Two addresses; three probes and two announcements each.
  ASSERT_EQ(six_frames.size(), 10U);
  EXPECT_EQ(six_frames[1], ethernet(icmp6({.src = {}, .dst = kGroup, .hop_limit = 255},
                                          message(135, 0, kOwn6, {})),
                                    0x86dd, {0x33, 0x33, 0xff, 0, 0, 1}, kOwnMac));
  EXPECT_EQ(six_frames[9], ethernet(icmp6({.src = kOwn6, .dst = kAllNodes, .hop_limit = 255},
                                          message(136, 0xa0000000, kOwn6, kOwnTargetMac)),
                                    0x86dd, kAllNodesMac, kOwnMac));
}

}  // namespace
}  // namespace culvert::dp
