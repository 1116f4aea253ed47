// What a session's life looks like to an accounting server.
#include "control/radius/accounting.hpp"

#include <gtest/gtest.h>

#include "tests/control/radius/fake_server.hpp"
#include "tests/control/radius/server_side.hpp"

namespace culvert::control::radius {
namespace {

class RadiusAccounting : public testing::Test {
 protected:
  RadiusAccounting() {
    AaaHostConfig host{.address = IpAddress::v4(INADDR_LOOPBACK), .key = std::string(kSecret)};
    host.accounting_port = server.port;
    config.aaa_servers["R"] = {.name = "R", .hosts = {host}};
    config.tunnel_groups["T"] = {.name = "T", .accounting_server_group = "R"};
    env.config = &config;
    env.now_us = [this] { return now; };
    env.wall_time = [] { return std::time_t{0x5f000000}; };
    env.log = [this](int, unsigned, const std::string& text) { refused += text; };

    SessionRecord record;
    record.user = "ann";
    record.tunnel_group = "T";
    record.public_address = IpAddress::v4(0xc6336402);
    record.login_time = 0x12345678;
    record.login_us = now;
    session = &registry.add(std::move(record));
    session->inner = std::make_shared<PublishedSession>();
    session->inner->lease.emplace().address = 0x0a0a0a01;
  }

  void add_tunnel() {
    session->tunnels++;
    accounting.tunnel_added(*session);
  }
  // The attributes of the next request, which is answered.
  Attributes next() {
    client.on_event();
    const auto request = server.receive();
    Attributes out;
    if (request.empty()) return out;
    EXPECT_EQ(request[0], 4);
    // Its authenticator is the MD5 of the packet with zeros in its place, and the secret.
    Attributes said;
    for (size_t at = 20; at < request.size(); at += request[at + 1]) {
      out.add({static_cast<Type>(request[at]),
               {request.begin() + static_cast<ptrdiff_t>(at) + 2,
                request.begin() + static_cast<ptrdiff_t>(at) + request[at + 1]}});
    }
    EXPECT_EQ(request, encode_accounting(request[1], kSecret, out));
    server.send(answer_to(request, Code::accounting_response, kSecret, {}, false));
    client.on_event();
    EXPECT_EQ(client.pending(), 0u);
    return out;
  }
  static uint32_t number(const Attributes& a, Type type) {
    const Attribute* found = a.find(type);
    return found == nullptr ? 0 : found->integer().value_or(0);
  }

  FakeServer server;
  Config config = config_defaults();
  SetupEnv env;
  std::string refused;  // what was logged: of requests that were not taken or answered
  uint64_t now = 100 * kSecond;
  Registry registry;
  SessionRecord* session = nullptr;
  Client client{env};
  Accounting accounting{env, client, registry};
};

// The TLS connection may die before its worker has taken it over, and the client goes on by DTLS.
TEST_F(RadiusAccounting, BeginsWithTheFirstTunnelOfEitherKind) {
  session->dtls_tunnels = 1;
  accounting.tunnel_added(*session);
  EXPECT_EQ(number(next(), Type::acct_status_type), 1u);
  add_tunnel();  // no second Start, and no update that nobody wants
  EXPECT_EQ(client.pending(), 0u);
  accounting.ended(*session, EndCause::user_requested);
  EXPECT_EQ(number(next(), Type::acct_status_type), 2u);
}

TEST_F(RadiusAccounting, TellsStartAndStopWithCounts) {
  session->attributes.classes = {"one", "two"};
  session->attributes.verified_by = VerifiedBy::server;
  add_tunnel();
  const Attributes start = next();
  EXPECT_EQ(number(start, Type::acct_status_type), 1u);
  EXPECT_EQ(start.find(Type::acct_session_id)->text(), "1234567800000001");
  EXPECT_EQ(start.find(Type::user_name)->text(), "ann");
  EXPECT_EQ(start.find(Type::calling_station_id)->text(), "198.51.100.2");
  EXPECT_EQ(number(start, Type::framed_ip_address), 0x0a0a0a01u);
  EXPECT_EQ(number(start, Type::acct_authentic), 1u);
  EXPECT_EQ(number(start, Type::event_timestamp), 0x5f000000u);
  EXPECT_EQ(number(start, Type::nas_ip_address), uint32_t{INADDR_LOOPBACK});
  EXPECT_EQ(start.find(Type::klass)->text(), "one");
  EXPECT_EQ(start.find(Type::acct_input_octets), nullptr);

  now += 65 * kSecond;
  session->past.rx_bytes = (uint64_t{3} << 32) + 7;
  session->past.tx_bytes = 9;
  session->past.rx_packets = 5;
  session->past.tx_packets = 6;
  accounting.ended(*session, EndCause::idle_timeout);
  const Attributes stop = next();
  EXPECT_EQ(number(stop, Type::acct_status_type), 2u);
  EXPECT_EQ(stop.find(Type::acct_session_id)->text(), "1234567800000001");
  EXPECT_EQ(number(stop, Type::acct_session_time), 65u);
  EXPECT_EQ(number(stop, Type::acct_input_octets), 7u);
  EXPECT_EQ(number(stop, Type::acct_input_gigawords), 3u);
  EXPECT_EQ(number(stop, Type::acct_output_octets), 9u);
  EXPECT_EQ(stop.find(Type::acct_output_gigawords), nullptr);
  EXPECT_EQ(number(stop, Type::acct_input_packets), 5u);
  EXPECT_EQ(number(stop, Type::acct_output_packets), 6u);
  EXPECT_EQ(number(stop, Type::acct_terminate_cause), 4u);
}

TEST_F(RadiusAccounting, TellsOfTheEndEvenIfItsServersAreNoLongerConfigured) {
  add_tunnel();
  next();
  config.tunnel_groups["T"].accounting_server_group.clear();
  config.aaa_servers.clear();
  accounting.ended(*session, EndCause::user_requested);
  EXPECT_EQ(number(next(), Type::acct_status_type), 2u);
}

TEST_F(RadiusAccounting, TellsOfFurtherTunnelsOnlyIfWanted) {
  add_tunnel();
  next();
  add_tunnel();
  EXPECT_TRUE(next().all().empty());
  accounting.ended(*session, EndCause::user_requested);
  next();

  config.aaa_servers["R"].interim_update = true;
  session->tunnels = 0;
  add_tunnel();
  EXPECT_EQ(number(next(), Type::acct_status_type), 1u);
  add_tunnel();
  EXPECT_EQ(number(next(), Type::acct_status_type), 3u);
}

TEST_F(RadiusAccounting, TellsFromTimeToTime) {
  config.aaa_servers["R"].interim_hours = 2;
  add_tunnel();
  next();
  now += 7199 * kSecond;
  accounting.tick(now);
  EXPECT_TRUE(next().all().empty());
  now += kSecond;
  accounting.tick(now);
  EXPECT_EQ(number(next(), Type::acct_status_type), 3u);
  accounting.tick(now);
  EXPECT_TRUE(next().all().empty());
}

TEST_F(RadiusAccounting, TheServersIntervalGoesBeforeTheConfigured) {
  config.aaa_servers["R"].interim_hours = 2;
  session->attributes.interim_interval_s = 60;
  add_tunnel();
  next();
  now += 60 * kSecond;
  accounting.tick(now);
  EXPECT_EQ(number(next(), Type::acct_status_type), 3u);
}

TEST_F(RadiusAccounting, NothingOfSessionsThatNeverHadATunnelOrHaveNoServer) {
  accounting.ended(*session, EndCause::lost_carrier);
  EXPECT_TRUE(next().all().empty());
  config.tunnel_groups["T"].accounting_server_group.clear();
  add_tunnel();
  accounting.ended(*session, EndCause::user_requested);
  EXPECT_TRUE(next().all().empty());
}

TEST_F(RadiusAccounting, ManySessionsMayEndAtOnce) {
  config.dataplane.max_sessions = 5000;
  std::vector<const SessionRecord*> sessions;
  for (unsigned i = 0; i < 5000; i++) {
    SessionRecord record;
    record.user = "user" + std::to_string(i);
    record.tunnel_group = "T";
    record.tunnels = 1;
    sessions.push_back(&registry.add(std::move(record)));
    accounting.tunnel_added(*sessions.back());
    next();
  }
  for (const SessionRecord* each : sessions)
    accounting.ended(*each, EndCause::shutdown);
  EXPECT_EQ(client.pending(), 5000u);
  for (unsigned i = 0; i < 5000; i += 100) {
    client.on_event();
    for (unsigned n = 0; n < 100; n++) {
      const auto request = server.receive();
      ASSERT_FALSE(request.empty());
      server.send(answer_to(request, Code::accounting_response, kSecret, {}, false));
    }
    client.on_event();
    client.on_event();
  }
  EXPECT_EQ(client.pending(), 0u);
  EXPECT_TRUE(refused.empty());
}

TEST_F(RadiusAccounting, TheLastStopsAreSentWithoutWaiting) {
  add_tunnel();
  next();
  accounting.ended(*session, EndCause::shutdown);
  client.send_and_forget();
  EXPECT_FALSE(server.receive().empty());
  EXPECT_EQ(client.pending(), 0u);
}

}  // namespace
}  // namespace culvert::control::radius
