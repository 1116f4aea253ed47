// Headends that refuse, break off, or send what no client should believe.
#include <array>

#include "tests/tools/crowd/setup/tls_headend.hpp"
#include "tools/crowd/setup/log_in.hpp"

namespace culvert::crowd::test {
namespace {

const Credentials kDeceived{.user = "alice", .password = "secret"};

class HostileAnswers : public ::testing::Test {
 protected:
  SetupFailure log_in(const std::vector<std::string>& answers) {
    LogIn client(context, kDeceived);
    Conversation talk(client);
    talk.run(answers);
    stage = client.stage();
    requests = talk.requests.size();
    return client.failure();
  }
  SetupFailure reconnect(const std::string& answer) {
    LogIn client(context, Cookie("0123ABCD"), {});
    Conversation(client).run({answer});
    stage = client.stage();
    return client.failure();
  }

  CrowdConfig config = Settings().config;
  ClientContext context{config};
  LogIn::Stage stage{};
  size_t requests = 0;
};

TEST_F(HostileAnswers, RefusalsOfTheLogIn) {
  SetupFailure failure = log_in({answer("401 Unauthorized", "", "")});
  EXPECT_EQ(failure.why, Why::not_let_in);
  EXPECT_EQ(failure.http_status, 401);
  failure = log_in({document(kForm), answer("403 Forbidden", "", "")});
  EXPECT_EQ(failure.why, Why::not_let_in);
  EXPECT_EQ(failure.http_status, 403);
  failure = log_in({answer("503 Service Unavailable", "", "")});
  EXPECT_EQ(failure.why, Why::http_failed);
  EXPECT_EQ(failure.http_status, 503);
  EXPECT_EQ(failure.text, "Service Unavailable");
  failure =
      log_in({document("<config-auth><error id=\"13\" param1=\"g\">no %s</error></config-auth>")});
  EXPECT_EQ(failure.why, Why::not_let_in);
  EXPECT_EQ(failure.text, "no g");
}

// A password is tried once: the form that comes with an error does not get it again.
TEST_F(HostileAnswers, AWrongPasswordIsNotTriedAgain) {
  std::string again(kForm);
  again.insert(again.find("<form"), "<error id=\"13\">Login failed.</error>");
  const SetupFailure failure = log_in({document(kForm), document(again), complete()});
  EXPECT_EQ(failure.why, Why::not_let_in);
  EXPECT_EQ(failure.text, "Login failed.");
  EXPECT_EQ(requests, 2u);
}

TEST_F(HostileAnswers, ADialogueWithoutEndEnds) {
  const SetupFailure failure = log_in(std::vector<std::string>(100, document(kForm)));
  EXPECT_EQ(failure.why, Why::http_failed);
  EXPECT_LT(requests, 10u);
}

TEST_F(HostileAnswers, AnEndWithoutACookie) {
  EXPECT_EQ(log_in({document(kForm), document(kComplete)}).why, Why::http_failed);
  EXPECT_EQ(log_in({answer("200 OK", "Set-Cookie: webvpn=; expires=past\r\n", kComplete)}).why,
            Why::http_failed);
}

TEST_F(HostileAnswers, AnswersThatAreNone) {
  for (const std::string& text :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n\r\n"), std::string(32, '\0'),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n"), document(""),
        document("<html/>"), document("<config-auth><auth>"),
        document("<!DOCTYPE a [<!ENTITY x \"y\">]><config-auth>&x;</config-auth>")}) {
    const SetupFailure failure = log_in({text});
    EXPECT_EQ(failure.why, Why::http_failed) << text.substr(0, 80);
    EXPECT_FALSE(failure.text.empty());
    EXPECT_EQ(stage, LogIn::Stage::failed);
  }
}

// A header that goes on and on is not kept.
TEST_F(HostileAnswers, AHeaderWithoutEnd) {
  for (const std::string& piece :
       {std::string(1000, 'x'), "X: " + std::string(995, 'x') + "\r\n"}) {
    LogIn client(context, kDeceived);
    Conversation talk(client);
    talk.run({"HTTP/1.1 200 OK\r\n"});
    for (unsigned pieces = 0; pieces < 40 && !over(client); ++pieces) {
      talk.headend.write(piece);
      talk.to_client();
    }
    EXPECT_EQ(client.failure().why, Why::http_failed) << piece.substr(0, 3);
    EXPECT_FALSE(client.failure().text.empty());
  }
}

TEST_F(HostileAnswers, RefusalsOfConnect) {
  SetupFailure failure = reconnect(answer("401 Unauthorized", "", ""));
  EXPECT_EQ(failure.why, Why::cookie_refused);
  EXPECT_EQ(failure.http_status, 401);
  failure =
      reconnect(answer("503 Service Unavailable", "X-Reason: address-pool-exhausted\r\n", ""));
  EXPECT_EQ(failure.why, Why::connect_refused);
  EXPECT_EQ(failure.text, "address-pool-exhausted");
  failure = reconnect("HTTP/1.1 200 OK\r\nX-CSTP-Address: nowhere\r\n\r\n");
  EXPECT_EQ(failure.why, Why::connect_refused);
  EXPECT_EQ(failure.http_status, 200);
}

TEST_F(HostileAnswers, FiguresOutOfRangeAreNone) {
  LogIn client(context, Cookie("0123ABCD"), {});
  Conversation(client).run(
      {"HTTP/1.1 200 OK\r\nX-CSTP-Address: 10.0.0.1\r\nX-CSTP-MTU: 16385\r\nX-DTLS-MTU: -1\r\n"
       "X-CSTP-DPD: 1e3\r\nX-CSTP-Keepalive: 99999999999\r\n\r\n"});
  ASSERT_EQ(client.stage(), LogIn::Stage::established) << client.failure().text;
  EXPECT_EQ(client.grant().tls_mtu, 0);
  EXPECT_EQ(client.grant().dtls_mtu, 0);
  EXPECT_EQ(client.grant().dpd_s, 0u);
  EXPECT_EQ(client.grant().keepalive_s, 0u);
}

TEST_F(HostileAnswers, MoreThanTheAnswerToConnect) {
  // The tunnel's records are the record stages', so that none may lie in OpenSSL.
  EXPECT_EQ(reconnect(std::string(kGrant) + "STF").why, Why::http_failed);
}

TEST_F(HostileAnswers, AnAnswerMayComeByteByByte) {
  LogIn client(context, kDeceived);
  Conversation talk(client);
  talk.run({});
  for (const std::string& text : {document(kForm), complete(), std::string(kGrant)}) {
    for (const char c : text) {
      ASSERT_FALSE(over(client)) << client.failure().text;
      talk.headend.write({&c, 1});
      talk.to_client();
    }
    talk.run({});
  }
  EXPECT_EQ(client.stage(), LogIn::Stage::established) << client.failure().text;
  EXPECT_EQ(talk.requests.size(), 3u);
}

TEST_F(HostileAnswers, ACloseInTheMiddle) {
  LogIn client(context, kDeceived);
  Conversation talk(client);
  talk.run({document(kForm)});
  ASSERT_EQ(client.stage(), LogIn::Stage::asking);
  SSL_shutdown(talk.headend.ssl());
  talk.to_client();
  EXPECT_EQ(client.failure().why, Why::closed_by_peer);
}

TEST_F(HostileAnswers, AFormAndItsEndOfTheConnection) {
  EXPECT_EQ(log_in({answer("200 OK", "Connection: close\r\n", kForm)}).why, Why::http_failed);
}

TEST_F(HostileAnswers, RecordsThatAreNotAuthentic) {
  LogIn client(context, kDeceived);
  Conversation talk(client);
  talk.run({});
  talk.headend.write(document(kForm));
  for (Bytes& record : talk.headend.records()) {
    record.back() ^= 1;
    client.receive(record);
  }
  EXPECT_EQ(client.failure().why, Why::tls_failed);
  EXPECT_FALSE(client.failure().text.empty());
  EXPECT_FALSE(client.output().empty()) << "an alert";
}

TEST_F(HostileAnswers, NoTlsAtAll) {
  const std::vector<Bytes> records{{22, 3, 3, 0, 4, 2, 0, 0, 0},
                                   {21, 3, 3, 0, 2, 2, 40},
                                   {23, 3, 3, 0, 3, 'a', 'b', 'c'},
                                   {20, 3, 3, 0, 1, 7}};
  for (const Bytes& record : records) {
    LogIn client(context, kDeceived);
    client.receive(record);
    EXPECT_EQ(client.failure().why, Why::tls_failed) << int{record[0]};
  }
}

// What counts for the tunnel are the keys of the hand-over. Nobody asks for others before it.
TEST_F(HostileAnswers, OtherKeysBeforeTheTunnel) {
  LogIn client(context, kDeceived);
  Conversation talk(client);
  talk.run({document(kForm)});
  ASSERT_EQ(client.stage(), LogIn::Stage::asking);
  ASSERT_EQ(SSL_key_update(talk.headend.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
  talk.headend.write(complete());
  talk.to_client();
  EXPECT_EQ(client.failure().why, Why::tls_failed);
}

TEST_F(HostileAnswers, NoSuiteInCommon) {
  LogIn client(context, kDeceived);
  Conversation talk(client, {.version = TLS1_2_VERSION, .suites = "ECDHE-RSA-CAMELLIA128-SHA256"});
  talk.run({});
  EXPECT_EQ(client.failure().why, Why::tls_failed);
}

}  // namespace
}  // namespace culvert::crowd::test
