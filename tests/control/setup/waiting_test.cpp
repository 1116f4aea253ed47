// More clients than places in set-up: who waits, for whom, and for how long.
#include <list>

#include "tests/control/setup/login.hpp"

namespace culvert::control::test {
namespace {

// A client whose hello is on its way.
struct Caller {
  explicit Caller(FakeWorld& w, uint32_t source = 0xc0000201)
      : world(w), connection(w.open(0, source)), client(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256") {
    (void)client.handshake();
    const auto hello = client.output();
    connection.from_client.insert(connection.from_client.end(), hello.begin(), hello.end());
    world.run();
  }
  [[nodiscard]] bool answered() const { return !connection.to_client.empty(); }
  // The rest of the handshake.
  void finish() {
    client.input(connection.to_client);
    connection.to_client.clear();
    (void)client.handshake();
    world.exchange(client, connection);
  }
  FakeWorld& world;
  FakeConnection& connection;
  TlsClient client;
};

SetupLimits places(unsigned all, unsigned of_one = 64) {
  SetupLimits limits;
  limits.half_set_up = all;
  limits.half_set_up_per_source = of_one;
  return limits;
}

TEST(Waiting, WhoSaysNothingTakesNoPlace) {
  FakeWorld world(1, places(1));
  for (int i = 0; i < 10; i++)
    EXPECT_TRUE(world.open(0, 1).wanted);
  EXPECT_EQ(world.setup->half_set_up(), 0u);
  EXPECT_EQ(world.setup->waiting_room().silent(), 10u);
  Login user(world);
  EXPECT_EQ(header(user.connect(user.log_in()), "X-CSTP-Version"), "1");
  EXPECT_EQ(world.setup->stats().waited, 0u);
}

TEST(Waiting, ThoseOverTheLimitAreServedWhenAPlaceIsFree) {
  FakeWorld world(1, places(1));
  Login first(world, 0, 1);
  Caller second(world, 2);
  Caller third(world, 3);
  EXPECT_FALSE(second.answered() || third.answered());
  EXPECT_FALSE(second.connection.aborted || third.connection.aborted);
  EXPECT_EQ(world.setup->waiting_room().ready(), 2u);
  EXPECT_EQ(world.setup->stats().waited, 2u);
  EXPECT_EQ(world.setup->half_set_up(), 1u);
  // Its tunnel is up: it is not in set-up any more.
  (void)first.connect(first.log_in());
  world.run();
  EXPECT_TRUE(second.answered());
  EXPECT_FALSE(third.answered());
  second.finish();
  EXPECT_FALSE(SSL_in_init(second.client.ssl()));
  world.ended(second.connection, dp::EndReason::peer_reset);
  world.run();
  EXPECT_TRUE(third.answered());
  third.finish();
  EXPECT_FALSE(SSL_in_init(third.client.ssl()));
  EXPECT_EQ(world.setup->waiting_room().size(), 0u);
  world.ended(third.connection, dp::EndReason::peer_reset);
  EXPECT_EQ(world.setup->half_set_up(), 0u);
  EXPECT_EQ(world.setup->stats().turned_away, 0u);
}

TEST(Waiting, OneClientDoesNotKeepAnother) {
  FakeWorld world(1, places(4, 2));
  std::list<Caller> greedy;
  for (int i = 0; i < 6; i++)
    greedy.emplace_back(world, 1);
  EXPECT_EQ(world.setup->half_set_up(), 2u);
  Caller other(world, 2);
  EXPECT_TRUE(other.answered());
  EXPECT_EQ(world.setup->half_set_up(), 3u);
  EXPECT_EQ(world.setup->waiting_room().ready(), 4u);
  world.ended(greedy.front().connection, dp::EndReason::peer_reset);
  EXPECT_EQ(world.setup->half_set_up(), 3u);
  world.run();
}

TEST(Waiting, TheRoomIsBoundedAndSaysSo) {
  SetupLimits limits = places(1);
  limits.waiting = 2;
  FakeWorld world(1, limits);
  Login inside(world, 0, 9);
  FakeConnection& first = world.open(0, 1);
  FakeConnection& second = world.open(0, 1);
  FakeConnection& other = world.open(0, 2);
  EXPECT_TRUE(first.aborted);
  EXPECT_FALSE(second.aborted || other.aborted);
  EXPECT_EQ(world.setup->stats().turned_away, 1u);
  EXPECT_EQ(world.setup->flow_drops().get(dp::DropReason::setup_full), 1u);
  world.ended(first, dp::EndReason::closed_here);
  EXPECT_TRUE(first.forgotten);
  EXPECT_EQ(world.setup->waiting_room().size(), 2u);
}

TEST(Waiting, NobodyWaitsForEver) {
  SetupLimits limits = places(1);
  limits.crowded_login_s = 1000;
  FakeWorld world(1, limits);
  Login inside(world, 0, 9);
  Caller waits(world, 1);
  world.advance(limits.wait_s - 1);
  EXPECT_FALSE(waits.connection.aborted);
  world.advance(1);
  EXPECT_TRUE(waits.connection.aborted);
  EXPECT_EQ(world.setup->stats().wait_timeouts, 1u);
  EXPECT_EQ(world.setup->flow_drops().get(dp::DropReason::setup_wait), 1u);
  world.ended(waits.connection, dp::EndReason::closed_here);
  EXPECT_TRUE(waits.connection.forgotten);
  EXPECT_EQ(world.setup->waiting_room().size(), 0u);
}

TEST(Waiting, WhoGoesGivesHisPlaceInTheLineUp) {
  FakeWorld world(1, places(1));
  Login inside(world, 0, 9);
  Caller gone(world, 1);
  Caller stays(world, 2);
  world.ended(gone.connection, dp::EndReason::peer_reset);
  EXPECT_TRUE(gone.connection.forgotten);
  EXPECT_EQ(world.setup->waiting_room().ready(), 1u);
  world.ended(inside.connection, dp::EndReason::peer_reset);
  world.run();
  EXPECT_TRUE(stays.answered());
  EXPECT_FALSE(gone.answered());
}

TEST(Waiting, AHandshakeThatStopsGivesWayToThoseWhoWait) {
  FakeWorld world(1, places(1));
  Caller stuck(world, 1);
  EXPECT_TRUE(stuck.answered());
  world.advance(6);
  EXPECT_FALSE(stuck.connection.aborted);  // nobody waits
  Caller waits(world, 2);
  EXPECT_FALSE(waits.answered());
  world.advance(1);
  EXPECT_TRUE(stuck.connection.aborted);
  world.run();
  EXPECT_TRUE(waits.answered());
  EXPECT_EQ(world.setup->stats().made_way, 1u);
  EXPECT_EQ(world.setup->half_set_up(), 1u);
}

TEST(Waiting, WhoLooksForHisPasswordGivesWayAndMayComeAgain) {
  FakeWorld world(1, places(1));
  Login slow(world, 0, 1);
  (void)slow.ask(post("/", init_body()));
  Caller waits(world, 2);
  world.advance(14);
  EXPECT_FALSE(slow.connection.closed.has_value());
  world.advance(2);
  EXPECT_TRUE(slow.connection.closed.has_value());  // a FIN and a close_notify, no reset
  EXPECT_FALSE(slow.connection.aborted);
  world.run();
  EXPECT_TRUE(waits.answered());
}

TEST(Waiting, NoMoreHellosThanThreadsSoonGetTo) {
  SetupLimits limits = places(100, 100);
  limits.hellos_at_once = 1;
  FakeWorld world(1, limits);
  std::list<Caller> all;
  for (uint32_t i = 0; i < 20; i++)
    all.emplace_back(world, 100 + i);
  for (Caller& caller : all) {
    EXPECT_TRUE(caller.answered());
    caller.finish();
    EXPECT_FALSE(SSL_in_init(caller.client.ssl()));
  }
  EXPECT_EQ(world.setup->half_set_up(), 20u);
}

}  // namespace
}  // namespace culvert::control::test
