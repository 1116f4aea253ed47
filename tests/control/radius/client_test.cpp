// Questions over real sockets on the loopback, with servers that answer, lie, or say nothing.
#include <array>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/radius/authenticator.hpp"
#include "tests/control/radius/fake_server.hpp"
#include "tests/control/radius/server_side.hpp"

namespace culvert::control::radius {
namespace {

// Answers LOCAL's questions by the password.
class FakeLocal final : public Authenticator {
 public:
  bool ask(std::shared_ptr<AuthAttempt> attempt, std::function<void()> done) override {
    attempt->answer.verdict =
        attempt->password.view() == "local" ? AuthVerdict::accepted : AuthVerdict::rejected;
    attempt->password.clear();
    done();
    return true;
  }
};

class RadiusClient : public testing::Test {
 protected:
  RadiusClient() {
    AaaServerConfig group{.name = "R"};
    group.max_failed_attempts = 1;
    config.aaa_servers["R"] = group;
    config.tunnel_groups["T"] = {.name = "T", .authentication_server_group = "R"};
    config.group_policies["Sales"] = {.name = "Sales"};
    env.config = &config;
    env.now_us = [this] { return now; };
    env.log = [this](int, unsigned number, const std::string& text) {
      log.push_back(std::to_string(number) + " " + text);
    };
  }

  void add_host(uint16_t port, uint32_t address = INADDR_LOOPBACK) {
    AaaHostConfig host{.address = IpAddress::v4(address), .key = std::string(kSecret)};
    host.authentication_port = host.accounting_port = port;
    host.timeout_s = 4;
    host.retry_interval_s = 2;
    config.aaa_servers["R"].hosts.push_back(host);
  }
  std::shared_ptr<AuthAttempt> ask(std::string_view password = "pw") {
    auto attempt = std::make_shared<AuthAttempt>();
    attempt->user = "ann";
    attempt->password = SecretText(password);
    attempt->tunnel_group = "T";
    attempt->client = IpAddress::v4(0xc6336402);
    EXPECT_TRUE(radius.ask(attempt, [this] { answered++; }));
    EXPECT_EQ(answered, 0u);  // never before ask() returns
    client.on_event();
    return attempt;
  }
  void pass(uint64_t seconds) {
    now += seconds * kSecond;
    client.tick();
  }
  static std::string logged(const AuthAttempt& attempt) {
    std::string out;
    for (const AuthLogLine& line : attempt.answer.log)
      out += std::to_string(line.number) + " ";
    return out;
  }

  Config config = config_defaults();
  SetupEnv env;
  uint64_t now = 1;
  std::vector<std::string> log;
  unsigned answered = 0;
  FakeLocal local;
  Client client{env};
  RadiusAuthenticator radius{"R", env, client, local};
};

TEST_F(RadiusClient, AcceptsWithWhatTheServerSays) {
  FakeServer server;
  add_host(server.port);
  const auto attempt = ask();
  const auto request = server.receive();
  ASSERT_FALSE(request.empty());
  Attributes said;
  said.integer(Type::framed_ip_address, 0x0a630007);
  said.text(Type::klass, "OU=Sales;");
  server.send(answer_to(request, Code::access_accept, kSecret, said, true));
  client.on_event();
  EXPECT_EQ(answered, 1u);
  EXPECT_EQ(attempt->answer.verdict, AuthVerdict::accepted);
  EXPECT_EQ(attempt->answer.attributes.group_policy, "Sales");
  EXPECT_EQ(attempt->answer.attributes.framed_address, IpAddress::v4(0x0a630007));
  EXPECT_EQ(logged(*attempt), "113004 113003 113008 ");
  EXPECT_TRUE(attempt->password.empty());
  EXPECT_EQ(client.pending(), 0u);
}

TEST_F(RadiusClient, RejectionAndChallengeBringTheirMessages) {
  FakeServer server;
  add_host(server.port);
  Attributes said;
  said.text(Type::reply_message, "Not you");
  auto attempt = ask();
  server.send(answer_to(server.receive(), Code::access_reject, kSecret, said, true));
  client.on_event();
  EXPECT_EQ(attempt->answer.verdict, AuthVerdict::rejected);
  EXPECT_EQ(attempt->answer.message, "Not you");
  EXPECT_EQ(logged(*attempt), "113005 ");

  said.add({Type::state, {0, 1, 2}});
  answered = 0;
  attempt = ask();
  server.send(answer_to(server.receive(), Code::access_challenge, kSecret, said, true));
  client.on_event();
  EXPECT_EQ(attempt->answer.verdict, AuthVerdict::challenged);
  EXPECT_EQ(attempt->answer.state, std::string("\x00\x01\x02", 3));
}

TEST_F(RadiusClient, ForgedAnswersAreIgnoredAndTheTrueOneIsTaken) {
  FakeServer server;
  add_host(server.port);
  const auto attempt = ask();
  const auto request = server.receive();
  server.send(answer_to(request, Code::access_accept, "guessed", {}, true));
  server.send({1, 2, 3});
  client.on_event();
  EXPECT_EQ(answered, 0u);
  ASSERT_EQ(log.size(), 1u);  // once a question, not once a datagram
  EXPECT_NE(log[0].find("not signed with this key"), std::string::npos);
  server.send(answer_to(request, Code::access_reject, kSecret, {}, true));
  client.on_event();
  EXPECT_EQ(attempt->answer.verdict, AuthVerdict::rejected);
}

TEST_F(RadiusClient, AServerThatSignedOnceMustSignForever) {
  FakeServer server;
  add_host(server.port);
  // As the servers of old: no Message-Authenticator, as long as it never sent one.
  for (const bool signs : {false, false, true}) {
    answered = 0;
    const auto attempt = ask();
    server.send(answer_to(server.receive(), Code::access_accept, kSecret, {}, signs));
    client.on_event();
    EXPECT_EQ(attempt->answer.verdict, AuthVerdict::accepted);
  }
  answered = 0;
  const auto attempt = ask();
  server.send(answer_to(server.receive(), Code::access_accept, kSecret, {}, false));
  client.on_event();
  EXPECT_EQ(answered, 0u);
  ASSERT_EQ(log.size(), 1u);
  EXPECT_NE(log[0].find("without a Message-Authenticator"), std::string::npos);
}

TEST_F(RadiusClient, MessageAuthenticatorsCanBeRequired) {
  FakeServer server;
  add_host(server.port);
  config.aaa_servers["R"].hosts[0].message_authenticator_required = true;
  const auto attempt = ask();
  server.send(answer_to(server.receive(), Code::access_accept, kSecret, {}, false));
  client.on_event();
  EXPECT_EQ(answered, 0u);
}

TEST_F(RadiusClient, SendsTheSamePacketAgain) {
  FakeServer server;
  add_host(server.port);
  const auto attempt = ask();
  const auto first = server.receive();
  pass(1);
  EXPECT_TRUE(server.receive().empty());
  pass(1);
  EXPECT_EQ(server.receive(), first);
  server.send(answer_to(first, Code::access_accept, kSecret, {}, true));
  client.on_event();
  EXPECT_EQ(attempt->answer.verdict, AuthVerdict::accepted);
}

TEST_F(RadiusClient, AsksTheNextServerWhenOneIsSilent) {
  FakeServer silent, good;
  add_host(silent.port);
  add_host(good.port, INADDR_LOOPBACK + 1);
  config.aaa_servers["R"].hosts[1].address = IpAddress::v4(INADDR_LOOPBACK);
  config.aaa_servers["R"].hosts[0].address = IpAddress::v4(INADDR_LOOPBACK + 1);  // nobody there
  const auto attempt = ask();
  pass(4);
  const auto request = good.receive();
  ASSERT_FALSE(request.empty());
  good.send(answer_to(request, Code::access_accept, kSecret, {}, true));
  client.on_event();
  EXPECT_EQ(attempt->answer.verdict, AuthVerdict::accepted);
  EXPECT_EQ(logged(*attempt), "113014 113022 113004 113008 ");
}

TEST_F(RadiusClient, WithoutServersLocalAnswersIfItMay) {
  FakeServer silent;
  add_host(silent.port);
  auto attempt = ask();
  pass(4);
  EXPECT_EQ(answered, 1u);
  EXPECT_EQ(attempt->answer.verdict, AuthVerdict::unavailable);

  config.tunnel_groups["T"].authentication_local_fallback = true;
  answered = 0;
  attempt = ask("local");
  // The server is dead by now: LOCAL is asked at once.
  EXPECT_EQ(answered, 1u);
  EXPECT_EQ(attempt->answer.verdict, AuthVerdict::accepted);
}

TEST_F(RadiusClient, ADeadAccountingServerKeepsNobodyOut) {
  FakeServer server, silent;
  add_host(server.port);
  config.aaa_servers["R"].hosts[0].accounting_port = silent.port;
  config.tunnel_groups["T"].authentication_local_fallback = true;
  unsigned done = 0;
  ASSERT_TRUE(
      client.ask(config.aaa_servers.at("R"), Question{}, [&done](const Result&) { done++; }));
  client.on_event();
  pass(4);
  EXPECT_EQ(done, 1u);
  const auto attempt = ask();
  EXPECT_FALSE(server.receive().empty());
  EXPECT_EQ(answered, 0u);
}

TEST_F(RadiusClient, APortThatNobodyListensOnIsNoticedAtOnce) {
  uint16_t port = 0;
  { port = FakeServer().port; }
  add_host(port);
  const auto attempt = ask();
  client.on_event();
  EXPECT_EQ(answered, 1u);
  EXPECT_EQ(attempt->answer.verdict, AuthVerdict::unavailable);
}

TEST_F(RadiusClient, NobodyWaitsForACancelledQuestion) {
  FakeServer server;
  add_host(server.port);
  const auto attempt = ask();
  attempt->cancelled = true;
  client.tick();
  EXPECT_EQ(answered, 1u);
  EXPECT_TRUE(attempt->password.empty());
  EXPECT_EQ(client.pending(), 0u);
}

TEST_F(RadiusClient, APasswordThatIsTooLongIsWrongAndNoServersFault) {
  FakeServer server;
  add_host(server.port);
  const auto attempt = ask(std::string(129, 'x'));
  EXPECT_EQ(answered, 1u);
  EXPECT_EQ(attempt->answer.verdict, AuthVerdict::rejected);
  EXPECT_EQ(logged(*attempt), "113005 ");
}

TEST_F(RadiusClient, ACrowdWaitsItsTurnAndIsBounded) {
  FakeServer server;
  add_host(server.port);
  const auto attempt = std::make_shared<AuthAttempt>();
  attempt->password = SecretText("pw");
  unsigned accepted = 0;
  unsigned done = 0;
  for (unsigned i = 0; i < 5000; i++) {
    Question question;
    question.attempt = attempt;
    if (client.ask(config.aaa_servers.at("R"), question, [&done](const Result&) { done++; }))
      accepted++;
  }
  EXPECT_EQ(accepted, 4096u);
  EXPECT_EQ(done, 0u);
  client.on_event();
  EXPECT_EQ(client.pending(), 4096u);
  pass(4);  // the first 256 were not answered: the server is dead, and the others hear so
  EXPECT_EQ(client.pending() + done, 4096u);
}

TEST_F(RadiusClient, AccountsOfAllSessionsMayWaitAndKeepNoPasswordWaiting) {
  config.dataplane.max_sessions = 5000;
  FakeServer server;
  add_host(server.port);
  const auto tell = [this] {
    return client.ask(config.aaa_servers.at("R"), Question{}, [](const Result&) {});
  };
  for (unsigned i = 0; i < 4096 + 5000; i++)
    ASSERT_TRUE(tell());
  EXPECT_FALSE(tell());
  client.on_event();
  while (!server.receive().empty()) {
  }
  ask();
  const auto request = server.receive();
  ASSERT_FALSE(request.empty());
  EXPECT_EQ(request[0], static_cast<uint8_t>(Code::access_request));
}

TEST_F(RadiusClient, AServerWithoutAKeyIsNotAsked) {
  FakeServer server;
  add_host(server.port);
  config.aaa_servers["R"].hosts[0].key.clear();
  const auto attempt = ask();
  EXPECT_EQ(answered, 1u);
  EXPECT_EQ(attempt->answer.verdict, AuthVerdict::unavailable);
  EXPECT_TRUE(server.receive().empty());
  ASSERT_EQ(attempt->answer.log.size(), 1u);
  EXPECT_EQ(attempt->answer.log[0].text,
            "RADIUS: server 127.0.0.1 is not asked, since it has no key");
}

// As in its FIPS mode.
TEST_F(RadiusClient, WithoutMd5NoServerCanBeAskedAndThatIsSaidOnce) {
  FakeServer server;
  add_host(server.port);
  std::array<uint8_t, 1> random;  // so that what fails is not the first random number
  ASSERT_EQ(RAND_bytes(random.data(), random.size()), 1);
  ASSERT_EQ(EVP_set_default_properties(nullptr, "fips=yes"), 1);
  const auto attempt = ask();
  answered = 0;
  ask();
  EXPECT_EQ(EVP_set_default_properties(nullptr, ""), 1);
  EXPECT_EQ(answered, 1u);
  EXPECT_EQ(attempt->answer.verdict, AuthVerdict::unavailable);
  EXPECT_TRUE(server.receive().empty());
  ASSERT_EQ(log.size(), 1u);
  EXPECT_NE(log[0].find("which OpenSSL refuses here"), std::string::npos);
}

}  // namespace
}  // namespace culvert::control::radius
