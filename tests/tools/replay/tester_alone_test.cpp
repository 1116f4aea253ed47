// The tester with its own other half: tunnels that nobody logged in for, packets both ways, and what is counted.
#include "tools/replay/tunnel/tester_alone.hpp"

#include <array>
#include <optional>
#include <stdexcept>

#include <gtest/gtest.h>

#include "dataplane/packet/pool.hpp"
#include "tests/dataplane/packets.hpp"
#include "tools/replay/tunnel/inner_packet.hpp"

namespace culvert::replay {
namespace {

using dp::test::Bytes;
using dp::test::bytes_of;

constexpr uint32_t kFirstInner = 0x0a0a0a01;
constexpr uint32_t kServer = 0x0a3042c8;
constexpr const char* kGcm = "ECDHE-RSA-AES128-GCM-SHA256";
constexpr const char* kTls13 = "TLS_AES_128_GCM_SHA256";

crowd::CrowdConfig config_of(uint32_t members) {
  crowd::CrowdConfig config;
  config.members = members;
  config.headend = *dp::IpAddress::parse("198.51.100.1");
  config.sources = {*dp::IpAddress::parse("198.51.100.16"), *dp::IpAddress::parse("198.51.100.17")};
  return config;
}
InsideConfig inside_of() {
  return {.own4 = dp::IpAddress::v4(kServer), .gateway4 = *dp::IpAddress::parse("10.48.66.1")};
}
std::vector<crowd::Membership> sessions_of(uint32_t count, const char* tls, const char* dtls,
                                           bool encrypt_then_mac = false) {
  std::vector<crowd::Membership> sessions;
  for (uint32_t i = 0; i < count; ++i) {
    sessions.push_back({.inner = {.v4 = dp::IpAddress::v4(kFirstInner + i), .v6 = {}},
                        .tls_mtu = 1406,
                        .dtls_mtu = 1406,
                        .tls_suite = tls,
                        .dtls_suite = dtls,
                        .tls_encrypt_then_mac = encrypt_then_mac,
                        .dtls_encrypt_then_mac = encrypt_then_mac});
  }
  return sessions;
}
Bytes packet(uint32_t from, uint32_t to, size_t size = 400) {
  return dp::test::ipv4({.src = from, .dst = to}, Bytes(size, 7));
}

// A counterpart and the turns of both ends.
class Ends {
 public:
  Ends(uint32_t sessions, const char* tls, const char* dtls, bool encrypt_then_mac = false)
      : counterpart_(config_of(sessions), inside_of(),
                     sessions_of(sessions, tls, dtls, encrypt_then_mac), pool_.get(), now_) {
    for (unsigned i = 0; i < 10'000 && !counterpart_.set_up(now_); ++i)
      turn();
    EXPECT_TRUE(counterpart_.set_up(now_));
    counterpart_.crowd().on_arrivals({[](void* self, std::span<const crowd::Arrival> arrivals) {
                                        for (const crowd::Arrival& arrival : arrivals) {
                                          static_cast<Ends*>(self)->down.emplace_back(
                                              arrival.member, bytes_of(arrival.packet));
                                          rte_pktmbuf_free(arrival.packet);
                                        }
                                      },
                                      this});
  }
  void turn() {
    counterpart_.inside().poll(now_);
    (void)counterpart_.crowd().poll(now_);
    counterpart_.turn(now_);
    now_ += 100;
    std::array<rte_mbuf*, InsidePort::kBurst> burst;
    const uint32_t n = counterpart_.inside().receive(burst);
    for (uint32_t i = 0; i < n; ++i)
      up.push_back(bytes_of(burst[i]));
    rte_pktmbuf_free_bulk(burst.data(), n);
  }
  void turns() {
    for (unsigned i = 0; i < 1000; ++i)
      turn();
  }
  crowd::Sent send_up(crowd::Channel channel, uint32_t session, const Bytes& bytes) {
    crowd::Outgoing o{pool_.packet(bytes), session};
    (void)counterpart_.crowd().send(channel, {&o, 1}, now_);
    if (o.result != crowd::Sent::taken) rte_pktmbuf_free(o.packet);
    return o.result;
  }
  void send_down(const Bytes& bytes) {
    rte_mbuf* m = pool_.packet(bytes);
    ASSERT_EQ(counterpart_.inside().send({&m, 1}), 1u);
  }
  // Turns of this end alone: nobody takes anything out of the cables.
  void lonely_turns(TunnelTraffic& traffic) {
    for (unsigned i = 0; i < 1000; ++i) {
      (void)traffic.send(now_, i);
      counterpart_.inside().poll(now_);
      (void)counterpart_.crowd().poll(now_);
      now_ += 100;
    }
  }
  Counterpart& counterpart() { return counterpart_; }
  rte_mempool* pool() { return pool_.get(); }

  std::vector<Bytes> up;
  std::vector<std::pair<uint32_t, Bytes>> down;

 private:
  dp::test::Pool pool_{16383};
  dp::Time now_ = dp::kSecond;
  Counterpart counterpart_;
};

TEST(RingCable, CarriesFramesToTheOtherEndOnly) {
  const dp::test::Pool pool;
  {
    const RingCable cable("test", pool.get(), 1500);
    for (const unsigned from : {0u, 1u}) {
      rte_mbuf* frame = pool.packet(Bytes(60, static_cast<uint8_t>(from)));
      ASSERT_EQ(rte_eth_tx_burst(cable.end(from).id(), 0, &frame, 1), 1);
      EXPECT_EQ(cable.waiting_at(1 - from), 1u);
      rte_mbuf* came = nullptr;
      EXPECT_EQ(rte_eth_rx_burst(cable.end(from).id(), 0, &came, 1), 0);
      ASSERT_EQ(rte_eth_rx_burst(cable.end(1 - from).id(), 0, &came, 1), 1);
      EXPECT_EQ(came, frame);
      rte_pktmbuf_free(came);
    }
    rte_mbuf* left = pool.packet(Bytes(60));
    ASSERT_EQ(rte_eth_tx_burst(cable.end(0).id(), 0, &left, 1), 1);
  }
  EXPECT_EQ(pool.used(), 0u);
}

struct Suites {
  const char* tls;
  const char* dtls;
  bool encrypt_then_mac = false;
};
class CounterpartOf : public testing::TestWithParam<Suites> {};

TEST_P(CounterpartOf, PacketsComeOutOfTheRightTunnelsIntact) {
  const Suites& suites = GetParam();
  const bool dtls = *suites.dtls != 0;
  Ends ends(3, suites.tls, suites.dtls, suites.encrypt_then_mac);
  const crowd::Membership member = ends.counterpart().crowd().membership(2);
  EXPECT_EQ(member.tls_suite, suites.tls);
  EXPECT_EQ(member.dtls_suite, suites.dtls);
  EXPECT_EQ(member.tls_mtu, 1406);
  EXPECT_EQ((dtls ? member.dtls_encrypt_then_mac : member.tls_encrypt_then_mac),
            suites.encrypt_then_mac);
  const auto channel = dtls ? crowd::Channel::dtls : crowd::Channel::tls;
  std::vector<Bytes> sent;
  for (uint32_t i = 0; i < 30; ++i) {
    sent.push_back(packet(kFirstInner + i % 3, kServer, 20 + i * 40));
    ASSERT_EQ(ends.send_up(channel, i % 3, sent.back()), crowd::Sent::taken);
    ends.turn();
  }
  ends.turns();
  EXPECT_EQ(ends.up, sent);

  for (uint32_t i = 0; i < 30; ++i)
    ends.send_down(packet(kServer, kFirstInner + i % 3, 20 + i * 40));
  ends.turns();
  ASSERT_EQ(ends.down.size(), 30u);
  for (const auto& [session, bytes] : ends.down)
    EXPECT_EQ(bytes, packet(kServer, kFirstInner + session, bytes.size() - 20));
  EXPECT_EQ(ends.counterpart().crowd().traffic(0, channel).received_packets, 10u);
}

INSTANTIATE_TEST_SUITE_P(Suites, CounterpartOf,
                         testing::Values(Suites{kTls13, kGcm}, Suites{kTls13, ""}, Suites{kGcm, ""},
                                         Suites{"ECDHE-RSA-AES128-SHA256", "", true},
                                         Suites{kTls13, "ECDHE-RSA-AES256-SHA384", true},
                                         Suites{"TLS_CHACHA20_POLY1305_SHA256",
                                                "ECDHE-RSA-CHACHA20-POLY1305"}));

TEST(Counterpart, DropsWhatIsForNoSession) {
  Ends ends(1, kTls13, kGcm);
  ends.send_down(packet(kServer, kFirstInner + 1));
  ends.turns();
  EXPECT_TRUE(ends.down.empty());
}

// Packets of 400 bytes: one up for each session, and if asked for one down.
InnerRecording recording_of(uint32_t sessions, bool up, bool down) {
  InnerRecording recording;
  const auto add = [&](uint32_t conversation, bool is_up) {
    const Bytes bytes = packet(0x01020304, 0x05060708);
    const auto size = static_cast<uint32_t>(bytes.size());
    recording.packets.push_back({recording.bytes.size(), size, {conversation, is_up}});
    recording.recorded.push_back({.time_ns = 0, .size = size});
    recording.bytes.insert(recording.bytes.end(), bytes.begin(), bytes.end());
  };
  for (uint32_t i = 0; i < sessions; ++i) {
    if (up) add(i, true);
    if (down) add(i, false);
  }
  recording.conversations = sessions;
  return recording;
}

struct Way {
  Channels channels;
  bool up, down;
};
class TesterAloneBy : public testing::TestWithParam<Way> {};

TEST_P(TesterAloneBy, WhatItSendsToItselfArrives) {
  constexpr uint32_t kSessions = 6;
  const Way way = GetParam();
  // In place of sessions at a headend: this, too, is a crowd whose members are up.
  Ends real(kSessions, kTls13, way.channels == Channels::tls ? "" : kGcm);
  crowd::Crowd& crowd = real.counterpart().crowd();
  TunnelOptions options;
  options.sessions = kSessions;
  options.channels = way.channels;
  const SessionSet sessions(options, crowd);
  std::vector<crowd::Membership> memberships;
  for (uint32_t i = 0; i < kSessions; ++i)
    memberships.push_back(crowd.membership(i));
  const AddressedPackets packets(recording_of(kSessions, way.up, way.down), sessions.ends(),
                                 {.inside4 = dp::IpAddress::v4(kServer)}, 0, 1 << 20);
  TickClock ticks;
  ticks.calibrate();
  std::atomic<bool> interrupted = false;
  unsigned looks = 0;
  TesterAlone alone(
      config_of(kSessions), inside_of(), sessions, memberships, packets,
      dp::BufferLayout::side_by_side, ticks, [&] { ++looks; }, interrupted);
  for (unsigned i = 0; i < 2; ++i) {
    const TrialRecord record = alone.run({.rounds = 0}, 0.01);
    EXPECT_GT(record.sent, 100u);
    EXPECT_EQ(record.arrived, record.sent);
    EXPECT_EQ(record.duplicates, 0u);
    EXPECT_GE(record.sent_seconds, 0.01);
  }
  EXPECT_GT(looks, 0u);
  for (uint32_t i = 0; i < kSessions; ++i) {
    for (const auto channel : {crowd::Channel::tls, crowd::Channel::dtls})
      EXPECT_EQ(crowd.traffic(i, channel).sent_packets, 0u) << "the real keys were used";
  }
  interrupted = true;
  EXPECT_THROW((void)alone.run({.rounds = 0}, 0.01), std::runtime_error);
}

INSTANTIATE_TEST_SUITE_P(
    Ways, TesterAloneBy,
    testing::Values(Way{Channels::dtls, true, false}, Way{Channels::dtls, false, true},
                    Way{Channels::dtls, true, true}, Way{Channels::tls, true, false},
                    Way{Channels::tls, false, true}, Way{Channels::tls, true, true}));

// What is to be sent to whom nobody reads behind: until it stands still.
struct Held {
  Held(uint32_t sessions, const Way& way, rte_mempool* pool = nullptr)
      : ends(sessions, kTls13, way.channels == Channels::tls ? "" : kGcm),
        options(options_of(sessions, way.channels)),
        set(options, ends.counterpart().crowd()),
        packets(recording_of(sessions, way.up, way.down), set.ends(),
                {.inside4 = dp::IpAddress::v4(kServer)}, 0, 1 << 20),
        traffic({.rounds = 0}, packets, set, set.ends(), ends.counterpart().crowd(),
                &ends.counterpart().inside(), pool != nullptr ? pool : ends.pool()) {
    EXPECT_FALSE(traffic.held_up());
    traffic.begin(0);
    ends.lonely_turns(traffic);
    const uint64_t settled = traffic.settled();
    EXPECT_GT(settled, 0u);
    ends.lonely_turns(traffic);
    EXPECT_EQ(traffic.settled(), settled);
    EXPECT_TRUE(traffic.held_up());
  }
  static TunnelOptions options_of(uint32_t sessions, Channels channels) {
    TunnelOptions options;
    options.sessions = sessions;
    options.channels = channels;
    return options;
  }

  Ends ends;
  TunnelOptions options;
  SessionSet set;
  AddressedPackets packets;
  TunnelTraffic traffic;
};

TEST(TunnelTraffic, SaysWhoTakesNothing) {
  EXPECT_EQ(Held(2, {Channels::dtls, false, true}).traffic.held_up_by(),
            "the inside port took nothing");
  EXPECT_EQ(Held(1, {Channels::tls, true, false}).traffic.held_up_by(),
            "the TLS tunnel of session 1 took nothing");
  EXPECT_EQ(Held(3, {Channels::tls, true, false}).traffic.held_up_by(),
            "the TLS tunnels of 3 sessions took nothing");
  const dp::test::Pool few{63};
  EXPECT_EQ(Held(1, {Channels::dtls, true, false}, few.get()).traffic.held_up_by(),
            "no packet buffer came free");
}

}  // namespace
}  // namespace culvert::replay
