// The record layer goes on where OpenSSL stopped: in every suite, its records are OpenSSL's next ones, in both
// directions.
#include <algorithm>

#include "crypto/kdf.hpp"
#include "tests/control/dtls/record_layer.hpp"
#include "tests/tools/crowd/setup/tls_headend.hpp"
#include "tools/crowd/setup/log_in.hpp"

namespace culvert::crowd::test {
namespace {

using control::test::RecordLayer;

void exchange_records(Conversation& talk, const TunnelKeys& keys) {
  RecordLayer tunnel(keys.receive, keys.transmit);
  // What came behind CONNECT's answer belongs to the tunnel.
  for (const Bytes& record : talk.behind)
    EXPECT_EQ(tunnel.open(record), "early");
  for (const size_t size : {size_t{1}, size_t{16}, size_t{100}, size_t{1400}, size_t{16384}}) {
    const std::string text(size, 'x');
    talk.headend.input(tunnel.seal(text));
    EXPECT_EQ(talk.headend.read(), text);
    talk.headend.write(text);
    const std::vector<Bytes> records = talk.headend.records();
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(tunnel.open(records[0]), text);
  }
}

class TrafficKeys : public ::testing::TestWithParam<crypto::Suite> {
 protected:
  [[nodiscard]] static bool is_13() { return GetParam().version == crypto::Version::tls13; }
  [[nodiscard]] static TlsHeadend::Settings settings() {
    TlsHeadend::Settings out;
    (is_13() ? out.suites13 : out.suites) = GetParam().name;
    if (!is_13()) out.version = TLS1_2_VERSION;
    return out;
  }
  // Logs in by name, so that several records have passed, and by cookie, so that few have.
  void check(const TlsHeadend::Settings& settings, bool encrypt_then_mac) {
    const ClientContext context(config);
    for (const bool by_cookie : {false, true}) {
      const auto client =
          by_cookie ? std::make_unique<LogIn>(context, Cookie("0123ABCD"), dp::InnerAddresses{})
                    : std::make_unique<LogIn>(context, Credentials{.user = "a", .password = "b"});
      Conversation talk(*client, settings);
      if (by_cookie) {
        talk.run({std::string(kGrant)});
      } else {
        talk.run({document(kForm), complete(), std::string(kGrant)});
      }
      ASSERT_EQ(client->stage(), LogIn::Stage::established) << client->failure().text;
      const TunnelKeys keys = client->keys();
      ASSERT_NE(keys.transmit.suite, nullptr);
      EXPECT_EQ(keys.transmit.suite->name, GetParam().name);
      EXPECT_EQ(keys.transmit.encrypt_then_mac, encrypt_then_mac);
      EXPECT_EQ(keys.receive.encrypt_then_mac, encrypt_then_mac);
      EXPECT_EQ(keys.transmit_secret.empty(), !is_13());
      exchange_records(talk, keys);
    }
  }

  CrowdConfig config = Settings().config;
};

TEST_P(TrafficKeys, ContinueOpensslsRecords) {
  check(settings(), crypto::is_cbc(GetParam().cipher));
}

class CbcTrafficKeys : public TrafficKeys {};

TEST_P(CbcTrafficKeys, WithTheMacBeforeEncryption) {
  TlsHeadend::Settings s = settings();
  s.options = SSL_OP_NO_ENCRYPT_THEN_MAC;
  check(s, false);
}

// In TLS 1.2 they are part of the handshake; here NewSessionTickets are records, too: none, or many.
class Tls13TrafficKeys : public TrafficKeys {};

TEST_P(Tls13TrafficKeys, WhateverTicketsTheHeadendSends) {
  for (const size_t tickets : {size_t{0}, size_t{1}, size_t{7}}) {
    TlsHeadend::Settings s = settings();
    s.tickets = tickets;
    check(s, false);
  }
}

std::vector<crypto::Suite> suites(bool (*wanted)(const crypto::Suite&)) {
  std::vector<crypto::Suite> out;
  for (const crypto::Suite& suite : crypto::tls_suites()) {
    if (wanted(suite)) out.push_back(suite);
  }
  return out;
}
bool any(const crypto::Suite&) {
  return true;
}
bool cbc(const crypto::Suite& suite) {
  return crypto::is_cbc(suite.cipher);
}
bool tls13(const crypto::Suite& suite) {
  return suite.version == crypto::Version::tls13;
}
std::string suite_name(const ::testing::TestParamInfo<crypto::Suite>& info) {
  std::string out(info.param.name);
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}
INSTANTIATE_TEST_SUITE_P(Suites, TrafficKeys, ::testing::ValuesIn(suites(any)), suite_name);
INSTANTIATE_TEST_SUITE_P(Suites, CbcTrafficKeys, ::testing::ValuesIn(suites(cbc)), suite_name);
INSTANTIATE_TEST_SUITE_P(Suites, Tls13TrafficKeys, ::testing::ValuesIn(suites(tls13)), suite_name);

class TunnelKeysTest : public ::testing::Test {
 protected:
  CrowdConfig config = Settings().config;
};

// The headend may send the tunnel's first record right behind its answer: it is not given to OpenSSL.
TEST_F(TunnelKeysTest, RecordsBehindTheAnswerAreTheTunnels) {
  const ClientContext context(config);
  LogIn client(context, Cookie("0123ABCD"), {});
  Conversation talk(client);
  talk.run({});
  talk.headend.write(kGrant);
  talk.headend.write("early");
  talk.to_client();
  ASSERT_EQ(client.stage(), LogIn::Stage::established) << client.failure().text;
  ASSERT_EQ(talk.behind.size(), 1u);
  exchange_records(talk, client.keys());
}

TEST_F(TunnelKeysTest, TheSecretsAreThoseOfTheKeys) {
  const ClientContext context(config);
  LogIn client(context, Cookie("0123ABCD"), {});
  Conversation talk(client);
  talk.run({std::string(kGrant)});
  const TunnelKeys keys = client.keys();
  ASSERT_NE(keys.transmit.suite, nullptr);
  const auto same = [&](const crypto::Secret<48>& secret,
                        const crypto::record::KeyMaterial& material) {
    const auto derived = crypto::tls13_keys(*keys.transmit.suite, secret.view());
    return crypto::constant_time_equal(derived.key.view(), material.key.view()) &&
           crypto::constant_time_equal(derived.iv.view(), material.iv.view());
  };
  EXPECT_TRUE(same(keys.transmit_secret, keys.transmit));
  EXPECT_TRUE(same(keys.receive_secret, keys.receive));
  EXPECT_FALSE(same(keys.receive_secret, keys.transmit));
}

// OpenSSL may agree on what the record layer does not carry: the caller is told by a suite that there is not.
TEST_F(TunnelKeysTest, ASuiteThatIsNotCarriedIsRefused) {
  config.tls13 = false;
  config.tls12_ciphers = "ECDHE-RSA-CAMELLIA128-SHA256";
  const ClientContext context(config);
  LogIn client(context, Cookie("0123ABCD"), {});
  Conversation(client, {.version = TLS1_2_VERSION, .suites = config.tls12_ciphers})
      .run({std::string(kGrant)});
  EXPECT_EQ(client.stage(), LogIn::Stage::failed);
  EXPECT_EQ(client.failure().why, Why::no_common_suite);
}

TEST_F(TunnelKeysTest, AListOfUnknownCiphersIsRefused) {
  config.tls12_ciphers = "NO-SUCH-CIPHER";
  EXPECT_THROW(const ClientContext context(config), std::runtime_error);
}

}  // namespace
}  // namespace culvert::crowd::test
