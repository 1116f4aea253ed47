// What hostile clients send is what it should be, and they come and go at their rates.
#include "tools/load/strangers.hpp"

#include <cstring>
#include <set>

#include <gtest/gtest.h>
#include <rte_ip.h>

#include "dataplane/packet/headers.hpp"
#include "tools/address_words.hpp"
#include "tools/load/stranger_bytes.hpp"

namespace culvert::load {
namespace {

const auto kHeadend = *dp::IpAddress::parse("198.51.100.1");
const auto kHeadend6 = *dp::IpAddress::parse("2001:db8:100::1");

TEST(StrangerBytes, AClientHelloIsOneRecord) {
  const auto hello = client_hello("vpn.example.net");
  ASSERT_GT(hello.size(), 100u);
  EXPECT_EQ(hello[0], 0x16);
  EXPECT_EQ(hello[3] << 8 | hello[4], static_cast<int>(hello.size()) - 5);
  EXPECT_EQ(hello[5], 1) << "the handshake message is no ClientHello";
  const std::string text(hello.begin(), hello.end());
  EXPECT_NE(text.find("vpn.example.net"), std::string::npos);
}

TEST(StrangerBytes, PacketsHaveRightChecksums) {
  delay::SplitMix64 chance(3);
  for (const dp::IpAddress& headend : {kHeadend, kHeadend6}) {
    for (int i = 0; i < 100; ++i) {
      std::array<uint8_t, 512> room{};
      const dp::Flow flow{address_of_nobody(headend, chance), headend, 40'000, 443};
      const bool syn = i % 2 == 0;
      const size_t size =
          syn ? write_syn(room, flow, 77) : write_datagram(room, flow, garbage_datagram(chance));
      ASSERT_NE(size, 0u);
      const size_t l3 = headend.is_v4() ? 20 : 40;
      // With the right sum in its field the whole adds up to nothing.
      const uint16_t sum =
          headend.is_v4()
              ? rte_ipv4_udptcp_cksum(reinterpret_cast<rte_ipv4_hdr*>(room.data()), &room[l3])
              : rte_ipv6_udptcp_cksum(reinterpret_cast<rte_ipv6_hdr*>(room.data()), &room[l3]);
      EXPECT_TRUE(sum == 0 || sum == 0xffff) << i << ": " << sum;
      if (syn) {
        EXPECT_EQ(room[l3 + 13], dp::TcpHeader::kSyn);
      }
    }
  }
}

TEST(StrangerBytes, NobodysAddressesAreOfNetworksForTests) {
  delay::SplitMix64 chance(1);
  std::set<dp::IpAddress> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto address = address_of_nobody(kHeadend, chance);
    EXPECT_EQ(address.v4_value() & 0xfffe0000, 0xc6120000u);
    seen.insert(address);
    EXPECT_EQ(address_of_nobody(kHeadend6, chance).to_string().substr(0, 8), "2001:2::");
  }
  EXPECT_GT(seen.size(), 950u);
}

TEST(StrangerBytes, WhatDoesNotFitIsNotWritten) {
  std::array<uint8_t, 40> room{};
  const dp::Flow flow{kHeadend, kHeadend, 1, 443};
  EXPECT_EQ(write_syn(room, flow, 1), 0u);
  EXPECT_EQ(write_datagram({room.data(), 27}, flow, {}), 0u);
}

TEST(Sources, AreARange) {
  const auto first = *dp::IpAddress::parse("198.51.100.250");
  EXPECT_EQ(addresses_between(first, first).size(), 1u);
  const auto some = addresses_between(first, *dp::IpAddress::parse("198.51.101.5"));
  ASSERT_EQ(some.size(), 12u);
  EXPECT_EQ(some[6].to_string(), "198.51.101.0");
  EXPECT_TRUE(addresses_between(first, kHeadend).empty()) << "the wrong order";
  EXPECT_TRUE(addresses_between(first, kHeadend6).empty()) << "two families";
  EXPECT_TRUE(addresses_between(kHeadend, *dp::IpAddress::parse("198.53.0.0")).empty());
  EXPECT_EQ(addresses_between(kHeadend6, *dp::IpAddress::parse("2001:db8:100::ff")).size(), 255u);
}

struct Party {
  StrangersConfig config{};
  Strangers strangers;
  Time now = kSecond;
  uint32_t calls = 0;
  std::map<StrangerAct, int> acts{};
  std::map<uint32_t, size_t> said{};

  explicit Party(StrangerKind kind, double rate)
      : config{.headend = kHeadend,
               .hello = client_hello(""),
               .patience = 5 * kSecond,
               .drip = kSecond / 10},
        strangers(with(kind, rate), kSecond) {}
  StrangersConfig with(StrangerKind kind, double rate) {
    config.rates[static_cast<size_t>(kind)] = rate;
    return config;
  }
  void play(double seconds) {
    for (const Time until = now + from_seconds(seconds); now < until; now += 10'000) {
      while (const auto order = strangers.next(now)) {
        ++acts[order->act];
        if (order->act == StrangerAct::call) {
          strangers.called(calls);
          strangers.opened(calls++, now);
        }
        if (order->act == StrangerAct::say) said[order->stranger] += order->bytes.size();
      }
    }
  }
};

TEST(Strangers, ComeAtTheirRateAndGoWhenTheyHaveHadEnough) {
  Party party(StrangerKind::half_tls, 10);
  party.play(20);
  EXPECT_NEAR(party.acts[StrangerAct::call], 200, 2);
  EXPECT_NEAR(static_cast<double>(party.strangers.present()), 50, 3);
  const int gone = party.acts[StrangerAct::hang_up] + party.acts[StrangerAct::reset] +
                   party.acts[StrangerAct::forsake];
  EXPECT_NEAR(gone, 150, 3);
  EXPECT_GT(party.acts[StrangerAct::reset], 20);
  for (const auto& [who, bytes] : party.said)
    EXPECT_EQ(bytes, party.config.hello.size()) << who;
  EXPECT_GE(Strangers::at_once(party.config.rates, party.config.patience), 50u);
  party.strangers.send_away(party.now);
  party.play(1);
  EXPECT_EQ(party.strangers.present(), 0u);
}

TEST(Strangers, SlowOnesSayAByteAtATime) {
  Party party(StrangerKind::slow, 1);
  party.play(1.015);
  ASSERT_EQ(party.calls, 1u);
  EXPECT_EQ(party.said[0], 1u);
  party.play(1);
  EXPECT_NEAR(static_cast<double>(party.said[0]), 11, 1);
}

TEST(Strangers, HalfAHandshakeIsNeverAWholeHello) {
  Party party(StrangerKind::half_handshake, 100);
  party.play(3);
  EXPECT_GT(party.said.size(), 250u);
  for (const auto& [who, bytes] : party.said) {
    EXPECT_GE(bytes, 1u);
    EXPECT_LT(bytes, party.config.hello.size());
  }
}

TEST(Strangers, FloodsNeedNoConnection) {
  Party party(StrangerKind::syn, 1000);
  party.play(2);
  EXPECT_NEAR(party.acts[StrangerAct::transmit], 2000, 20);
  EXPECT_EQ(party.acts.size(), 1u);
  EXPECT_EQ(Strangers::at_once(party.config.rates, party.config.patience), 0u);
}

TEST(Strangers, WhoIsShownOutIsCountedWithTheTime) {
  Party party(StrangerKind::garbage, 1);
  party.play(1.05);
  ASSERT_EQ(party.calls, 1u);
  party.strangers.closed(0, party.now + 2 * kSecond);
  party.strangers.closed(0, party.now + 3 * kSecond);
  const StrangerCount& count = party.strangers.count(StrangerKind::garbage);
  EXPECT_EQ(count.shown_out, 1u);
  EXPECT_NEAR(count.stay.mean(), 2e6, 1e5);
  EXPECT_EQ(party.strangers.present(), 0u);
}

TEST(Strangers, ThoseWithoutAConnectionAreCounted) {
  StrangersConfig config{.headend = kHeadend, .hello = client_hello("")};
  config.rates[0] = 1;
  Strangers strangers(config, kSecond);
  ASSERT_TRUE(strangers.next(2 * kSecond).has_value());
  strangers.called(std::nullopt);
  EXPECT_EQ(strangers.count(StrangerKind::garbage).not_sent, 1u);
}

}  // namespace
}  // namespace culvert::load
