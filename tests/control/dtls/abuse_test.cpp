// What is not as it should be: garbage, unknown ids, replays, floods, clients that stop half-way.
#include "tests/control/dtls/dtls_world.hpp"

namespace culvert::control::test {
namespace {

TEST(DtlsAbuse, GarbageGetsNoAnswer) {
  DtlsWorld world;
  DtlsUser user(world);
  const auto hello = [&] {
    const auto client = user.dtls();
    (void)client->handshake();
    return client->output().at(0);
  }();
  world.datagram(0, DtlsWorld::flow(), {});
  for (size_t size = 1; size < hello.size(); size++)
    world.datagram(0, DtlsWorld::flow(), {hello.begin(), hello.begin() + static_cast<long>(size)});
  for (unsigned type = 0; type < 256; type++)
    world.datagram(0, DtlsWorld::flow(), Datagram(100, static_cast<uint8_t>(type)));
  world.settle();
  EXPECT_TRUE(world.to_client.empty());
  EXPECT_EQ(world.setup->dtls().handshakes(), 0u);
  EXPECT_EQ(world.setup->dtls().stats().strays, hello.size() + 256);
}

TEST(DtlsAbuse, UnknownIdsAndOldVersionsAreCounted) {
  DtlsWorld world;
  DtlsUser user(world);
  user.id.back() ^= 1;
  const auto client = user.dtls();
  world.handshake(*client, DtlsWorld::flow());
  EXPECT_EQ(world.setup->dtls().stats().unknown_id, 1u);
  user.id.back() ^= 1;
  const auto other = user.dtls();
  (void)other->handshake();
  Datagram old = other->output().at(0);
  old[13 + 12 + 1] = 0xff;  // DTLS 1.0
  world.datagram(0, DtlsWorld::flow(), old);
  EXPECT_EQ(world.setup->dtls().stats().unsupported, 1u);
  EXPECT_EQ(std::count(world.orders.begin(), world.orders.end(), "send"), 0);
}

TEST(DtlsAbuse, AReplayedHelloDisturbsNobody) {
  DtlsWorld world;
  DtlsUser user(world, DtlsForm::resumption);
  const auto client = user.dtls();
  (void)client->handshake();
  const Datagram hello = client->output().at(0);
  world.datagram(0, DtlsWorld::flow(), hello);
  world.settle();
  for (const Datagram& bytes : std::exchange(world.to_client[50000], {}))
    client->input(bytes);
  (void)client->handshake();
  world.exchange_dtls(*client, DtlsWorld::flow());
  ASSERT_TRUE(client->done());
  world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
  const auto before = world.channel();
  world.advance(1);

  // From its own flow and from others', while the tunnel is up.
  for (uint16_t port = 50000; port < 50100; port++)
    world.datagram(0, DtlsWorld::flow(0xc0000201, port), hello);
  world.settle();
  EXPECT_EQ(world.channel().word(), before.word());
  EXPECT_EQ(world.sides.size(), 2u);
  EXPECT_LE(world.setup->dtls().handshakes(), DtlsLimits{}.per_session);
  EXPECT_GT(world.setup->dtls().stats().limited, 0u);
  world.advance(30);
  EXPECT_EQ(world.setup->dtls().handshakes(), 0u);
  EXPECT_EQ(world.channel().word(), before.word());
}

TEST(DtlsAbuse, UnderLoadAClientShowsItsAddressFirst) {
  DtlsLimits limits;
  limits.cookie_from = 1;
  DtlsWorld world(2, limits);
  DtlsUser user(world);
  // One handshake that does not go on makes the load.
  const auto first = user.dtls();
  (void)first->handshake();
  world.datagram(0, DtlsWorld::flow(0xc0000202, 1), first->output().at(0));
  world.settle();
  EXPECT_EQ(world.setup->dtls().handshakes(), 1u);

  const auto second = user.dtls();
  world.handshake(*second, DtlsWorld::flow(0xc0000203, 2));
  EXPECT_EQ(world.setup->dtls().stats().verify_requests, 1u);
  EXPECT_TRUE(second->done());
  // Where the TLS connection comes from is known to be the client's.
  const auto another = user.dtls();
  (void)another->handshake();
  world.datagram(0, DtlsWorld::flow(0xc0000201, 4), another->output().at(0));
  world.settle();
  EXPECT_EQ(world.setup->dtls().under_way(), 2u);
  const auto third = user.dtls();
  world.handshake(*third, DtlsWorld::flow(0xc0000201, 3));
  EXPECT_EQ(world.setup->dtls().stats().verify_requests, 2u);  // twice the threshold is reached
  EXPECT_TRUE(third->done());
}

TEST(DtlsAbuse, AlwaysVerifiesIfConfigured) {
  DtlsWorld world;
  world.config.webvpn.dtls_always_verify = true;
  for (const DtlsForm form : {DtlsForm::psk, DtlsForm::resumption}) {
    DtlsUser user(world, form);
    const auto client = user.dtls();
    world.handshake(*client, DtlsWorld::flow());
    EXPECT_TRUE(client->done());
    world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
  }
  EXPECT_EQ(world.setup->dtls().stats().verify_requests, 2u);
}

TEST(DtlsAbuse, LimitsHandshakesInAllAndPerSource) {
  DtlsLimits limits;
  limits.handshakes = 3;
  limits.per_source = 2;
  DtlsWorld world(2, limits);
  DtlsUser user(world);
  const auto begin = [&](uint32_t source, uint16_t port) {
    const auto client = user.dtls();
    (void)client->handshake();
    world.datagram(0, DtlsWorld::flow(source, port), client->output().at(0));
    world.settle();
    return world.setup->dtls().handshakes();
  };
  EXPECT_EQ(begin(1, 1), 1u);
  EXPECT_EQ(begin(1, 2), 2u);
  EXPECT_EQ(begin(1, 3), 2u);
  EXPECT_EQ(begin(2, 1), 3u);
  EXPECT_EQ(begin(3, 1), 3u);
  EXPECT_EQ(world.setup->dtls().stats().limited, 2u);
  world.advance(limits.handshake_s + 1);
  EXPECT_EQ(world.setup->dtls().handshakes(), 0u);
  EXPECT_EQ(world.setup->dtls().stats().timeouts, 3u);
  EXPECT_TRUE(world.sides.empty());
}

TEST(DtlsAbuse, WhoIsDoneKeepsNobodyFromBeginning) {
  DtlsLimits limits;
  limits.handshakes = 1;
  limits.per_source = 1;
  DtlsWorld world(2, limits);
  DtlsUser user(world);
  for (uint16_t port = 1; port <= 3; port++) {
    const auto client = user.dtls();
    world.handshake(*client, DtlsWorld::flow(0xc0000201, port));
    EXPECT_TRUE(client->done()) << port;
    EXPECT_EQ(world.setup->dtls().under_way(), 0u);
  }
  EXPECT_EQ(world.setup->dtls().stats().limited, 0u);
}

TEST(DtlsAbuse, ALastFlightThatIsLostComesAgainButNotForEveryDatagram) {
  DtlsWorld world;
  DtlsUser user(world);
  const auto client = user.dtls();
  const dp::Flow flow = DtlsWorld::flow();
  const auto say = [&](const std::vector<Datagram>& datagrams) {
    for (const Datagram& bytes : datagrams)
      world.datagram(0, flow, bytes);
    world.settle();
    return std::exchange(world.to_client[flow.remote_port], {});
  };
  (void)client->handshake();
  for (const Datagram& bytes : say(client->output()))
    client->input(bytes);
  (void)client->handshake();
  const auto finished = client->output();
  const auto lost = say(finished);
  ASSERT_FALSE(lost.empty());
  EXPECT_TRUE(say(finished).empty());
  world.now += 1'000'000;
  const auto again = say(finished);
  EXPECT_EQ(again, lost);
  EXPECT_TRUE(say(finished).empty());
  for (const Datagram& bytes : again)
    client->input(bytes);
  EXPECT_TRUE(client->handshake());
  EXPECT_TRUE(client->done());
}

TEST(DtlsAbuse, ATunnelThatIsNeverHeardIsTakenAway) {
  DtlsWorld world;
  DtlsUser user(world);
  const auto client = user.dtls();
  world.handshake(*client, DtlsWorld::flow());
  ASSERT_EQ(world.sides.size(), 2u);
  world.advance(DtlsLimits{}.handshake_s + 1);
  world.settle();
  EXPECT_TRUE(world.sides.empty());
  EXPECT_EQ(world.setup->dtls().tunnels().size(), 0u);
  EXPECT_EQ(world.channel().kind(), dp::Channel::Kind::tls);
}

TEST(DtlsAbuse, ASessionMayEndAtAnyPoint) {
  for (unsigned step = 0; step < 4; step++) {
    DtlsWorld world;
    world.answer_installs = step != 1;
    DtlsUser user(world);
    const auto client = user.dtls();
    if (step == 0) {
      (void)client->handshake();
      world.datagram(0, DtlsWorld::flow(), client->output().at(0));  // its job may be running
    } else {
      world.handshake(*client, DtlsWorld::flow());
    }
    if (step == 3) world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
    world.setup->logoff_all();
    world.settle();
    world.ended(*user.tcp, dp::EndReason::closed_here);
    world.settle();
    world.advance(60);
    world.settle();
    EXPECT_EQ(world.setup->dtls().handshakes(), 0u) << step;
    EXPECT_EQ(world.setup->dtls().tunnels().size(), 0u) << step;
    EXPECT_TRUE(world.sides.empty()) << step;
    EXPECT_TRUE(world.published.empty()) << step;
    EXPECT_EQ(world.messages, 0) << step;
  }
}

TEST(DtlsAbuse, WithoutRoomOnAWorkerTlsGoesOn) {
  DtlsWorld world;
  world.config.dataplane.max_sessions = 1;
  {
    // Slots are counted when the set-up is made.
    world.setup.reset();
    world.setup = std::make_unique<control::Setup>(world.env, world.tls, 2);
  }
  DtlsUser user(world);
  const auto first = user.dtls();
  world.handshake(*first, DtlsWorld::flow());
  world.say(dp::MessageKind::dtls_up, *world.newest(dp::DtlsSide::receive));
  const auto second = user.dtls();
  world.handshake(*second, DtlsWorld::flow(0xc0000201, 50001));
  EXPECT_EQ(world.setup->dtls().stats().no_slot, 1u);
  EXPECT_EQ(world.channel().kind(), dp::Channel::Kind::tls);
  world.settle();
  EXPECT_TRUE(world.sides.empty());
  const auto third = user.dtls();
  world.handshake(*third, DtlsWorld::flow(0xc0000201, 50002));
  EXPECT_TRUE(third->done());
  EXPECT_EQ(world.sides.size(), 2u);
}

}  // namespace
}  // namespace culvert::control::test
