// The dialogue from the first byte to CONNECT's answer, as headends speak it.
#include "tools/crowd/setup/log_in.hpp"

#include <filesystem>

#include "tests/tools/crowd/setup/tls_headend.hpp"

namespace culvert::crowd::test {
namespace {

const Credentials kAlice{.user = "alice", .password = "s<e>&\"cret"};
const Cookie kCookie = "0123ABCD";

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class LogInTest : public ::testing::Test {
 protected:
  CrowdConfig config = Settings().config;
};

TEST_F(LogInTest, ByNameAndPasswordInOneForm) {
  config.server_name = kServerName;
  config.group_path = "/sales";
  const ClientContext context(config);
  LogIn client(context, kAlice);
  Conversation talk(client);
  talk.run({document(kForm), complete(), std::string(kGrant)});
  ASSERT_EQ(client.stage(), LogIn::Stage::established) << client.failure().text;
  EXPECT_FALSE(client.by_cookie());
  EXPECT_EQ(client.cookie(), kCookie);
  EXPECT_EQ(client.grant().inner.v4.to_string(), "10.48.66.7");
  EXPECT_TRUE(client.grant().inner.v6.is_unspecified());
  EXPECT_EQ(client.grant().tls_mtu, 1406);
  EXPECT_EQ(client.grant().dtls_mtu, 0);
  EXPECT_EQ(client.grant().dpd_s, 30u);
  EXPECT_EQ(client.grant().keepalive_s, 20u);
  EXPECT_FALSE(client.grant().dtls);

  ASSERT_EQ(talk.requests.size(), 3u);
  EXPECT_TRUE(talk.requests[0].starts_with("POST /sales HTTP/1.1\r\n")) << talk.requests[0];
  EXPECT_TRUE(has(talk.requests[0], "Host: vpn.example\r\n"));
  EXPECT_TRUE(has(talk.requests[0], "type=\"init\""));
  EXPECT_TRUE(has(talk.requests[0], "<group-access>https://vpn.example/sales</group-access>"));
  EXPECT_TRUE(talk.requests[1].starts_with("POST /+webvpn+/index.html HTTP/1.1\r\n"));
  EXPECT_TRUE(has(talk.requests[1], "type=\"auth-reply\""));
  EXPECT_TRUE(
      has(talk.requests[1],
          "<opaque is-for=\"sg\"><tunnel-group>g</tunnel-group></opaque><auth>"
          "<username>alice</username><password>s&lt;e&gt;&amp;&quot;cret</password></auth>"))
      << talk.requests[1];
  EXPECT_TRUE(talk.requests[2].starts_with("CONNECT /CSCOSSLC/tunnel HTTP/1.1\r\n"));
  EXPECT_TRUE(has(talk.requests[2], "Cookie: webvpn=0123ABCD\r\n"));
}

// ocserv asks in two forms, knows the dialogue by a cookie of its own, and gives the session's with the last.
TEST_F(LogInTest, ByNameAndPasswordInFormsOfTheirOwn) {
  const auto form = [](std::string_view input) {
    return "<config-auth client=\"vpn\" type=\"auth-request\"><auth id=\"main\">"
           "<message>Please enter.</message><form method=\"post\" action=\"/auth\">" +
           std::string(input) + "</form></auth></config-auth>";
  };
  const ClientContext context(config);
  LogIn client(context, kAlice);
  Conversation talk(client);
  talk.run({document(form("<input type=\"text\" name=\"username\" label=\"Username:\"/>")),
            answer("200 OK", "Set-Cookie: webvpncontext=c0ffee; Secure; HttpOnly\r\n",
                   form("<input type=\"password\" name=\"password\" label=\"Password:\"/>")),
            complete(), std::string(kGrant)});
  ASSERT_EQ(client.stage(), LogIn::Stage::established) << client.failure().text;
  ASSERT_EQ(talk.requests.size(), 4u);
  EXPECT_TRUE(has(talk.requests[1], "<username>alice</username></auth>"));
  EXPECT_FALSE(has(talk.requests[1], "cret"));
  EXPECT_TRUE(has(talk.requests[2], "Cookie: webvpncontext=c0ffee\r\n"));
  EXPECT_TRUE(has(talk.requests[2], "<auth><password>"));
  EXPECT_FALSE(has(talk.requests[2], "alice"));
}

TEST_F(LogInTest, TheCookieMayComeAsAnElement) {
  const ClientContext context(config);
  LogIn client(context, kAlice);
  Conversation talk(client);
  talk.run({document(kForm),
            document("<config-auth type=\"complete\"><session-token>77@1@A</session-token>"
                     "<auth id=\"success\"/></config-auth>"),
            std::string(kGrant)});
  ASSERT_EQ(client.stage(), LogIn::Stage::established) << client.failure().text;
  EXPECT_EQ(client.cookie(), Cookie("77@1@A"));
  EXPECT_TRUE(has(talk.requests.back(), "Cookie: webvpn=77@1@A\r\n"));
}

TEST_F(LogInTest, ByCookieWithTheAddressesOfBefore) {
  const ClientContext context(config);
  const dp::InnerAddresses before{*dp::IpAddress::parse("10.48.66.7"),
                                  *dp::IpAddress::parse("fd00::7")};
  LogIn client(context, kCookie, before);
  Conversation talk(client);
  talk.run(
      {"HTTP/1.1 200 CONNECTED\r\nX-CSTP-Address: 10.48.66.7\r\n"
       "X-CSTP-Address-IP6: fd00::7/64\r\nX-CSTP-MTU: 1380\r\n\r\n"});
  ASSERT_EQ(client.stage(), LogIn::Stage::established) << client.failure().text;
  EXPECT_TRUE(client.by_cookie());
  ASSERT_EQ(talk.requests.size(), 1u);
  EXPECT_TRUE(talk.requests[0].starts_with("CONNECT "));
  EXPECT_TRUE(has(talk.requests[0], "X-CSTP-Address: 10.48.66.7\r\nX-CSTP-Address: fd00::7\r\n"));
  EXPECT_EQ(client.grant().inner.v4.to_string(), "10.48.66.7");
  EXPECT_EQ(client.grant().inner.v6.to_string(), "fd00::7");
}

TEST_F(LogInTest, AsksForWhatTheConfigurationSays) {
  config.want_ipv6 = false;
  config.want_dtls = false;
  config.mtu = 1400;
  config.port = 8443;
  const ClientContext context(config);
  LogIn client(context, kCookie, {});
  Conversation talk(client);
  talk.run({std::string(kGrant)});
  const std::string& request = talk.requests.at(0);
  EXPECT_TRUE(has(request, "Host: 127.0.0.1:8443\r\n")) << request;
  EXPECT_TRUE(has(request, "X-CSTP-Address-Type: IPv4\r\n"));
  EXPECT_TRUE(has(request, "X-CSTP-Base-MTU: 1400\r\n"));
  EXPECT_FALSE(has(request, "IPv6"));
  EXPECT_FALSE(has(request, "X-DTLS"));
}

TEST_F(LogInTest, AMemberMayDoWithoutDtls) {
  const ClientContext context(config);
  LogIn client(context, kCookie, {});
  client.without_dtls();
  Conversation talk(client);
  talk.run(
      {"HTTP/1.1 200 OK\r\nX-CSTP-Address: 10.0.0.1\r\nX-DTLS-Port: 443\r\n"
       "X-DTLS-App-ID: 00ff\r\n\r\n"});
  EXPECT_EQ(client.stage(), LogIn::Stage::established) << client.failure().text;
  EXPECT_FALSE(has(talk.requests.at(0), "X-DTLS"));
  EXPECT_FALSE(client.grant().dtls);
}

TEST_F(LogInTest, OffersBothFormsOfDtlsAndTakesThePreSharedKeyOfTheExporter) {
  const ClientContext context(config);
  LogIn client(context, kCookie, {});
  Conversation talk(client);
  talk.run(
      {"HTTP/1.1 200 CONNECTED\r\nX-CSTP-Address: 10.0.0.1\r\nX-DTLS-Port: 4443\r\n"
       "X-DTLS-App-ID: 000102ff\r\nX-DTLS-CipherSuite: PSK-NEGOTIATE\r\n"
       "X-DTLS-MTU: 1390\r\n\r\n"});
  ASSERT_TRUE(client.grant().dtls);
  const DtlsOffer& offer = *client.grant().dtls;
  EXPECT_TRUE(has(talk.requests[0], "X-DTLS-CipherSuite: PSK-NEGOTIATE\r\n"));
  EXPECT_TRUE(has(talk.requests[0], "X-DTLS12-CipherSuite: "));
  EXPECT_TRUE(offer.pre_shared);
  EXPECT_EQ(offer.port, 4443);
  EXPECT_EQ(offer.id, (Bytes{0, 1, 2, 255}));
  EXPECT_EQ(client.grant().dtls_mtu, 1390);
  constexpr std::string_view kLabel = "EXPORTER-openconnect-psk";
  Bytes secret(32);
  ASSERT_EQ(SSL_export_keying_material(talk.headend.ssl(), secret.data(), secret.size(),
                                       kLabel.data(), kLabel.size(), nullptr, 0, 0),
            1);
  EXPECT_TRUE(crypto::constant_time_equal(offer.secret.view(), secret));
}

TEST_F(LogInTest, AResumptionHasTheMasterSecretThatWasSent) {
  config.dtls_ciphers = "AES256-GCM-SHA384";
  const ClientContext context(config);
  LogIn client(context, kCookie, {});
  Conversation talk(client);
  talk.run(
      {"HTTP/1.1 200 CONNECTED\r\nX-CSTP-Address: 10.0.0.1\r\nX-DTLS-Port: 443\r\n"
       "X-DTLS-Session-ID: " +
       std::string(64, 'a') + "\r\nX-DTLS12-CipherSuite: AES256-GCM-SHA384\r\n\r\n"});
  ASSERT_TRUE(client.grant().dtls);
  const DtlsOffer& offer = *client.grant().dtls;
  EXPECT_FALSE(has(talk.requests[0], "PSK-NEGOTIATE"));
  EXPECT_FALSE(offer.pre_shared);
  EXPECT_EQ(offer.suite, "AES256-GCM-SHA384");
  EXPECT_EQ(offer.id, Bytes(32, 0xaa));
  std::string hex;
  for (const uint8_t byte : offer.secret.view()) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    hex += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  EXPECT_EQ(hex.size(), 96u);
  EXPECT_TRUE(has(talk.requests[0], "X-DTLS-Master-Secret: " + hex + "\r\n"));
}

// No DTLS where the offer is not one that was asked for, or lacks something.
TEST_F(LogInTest, AnUnusableOfferIsNone) {
  const std::string whole = "X-DTLS-Port: 443\r\nX-DTLS-App-ID: 00ff\r\n";
  const auto offered = [&](const std::string& header) {
    const ClientContext context(config);
    LogIn client(context, kCookie, {});
    Conversation(client).run({"HTTP/1.1 200 OK\r\nX-CSTP-Address: 10.0.0.1\r\n" + header + "\r\n"});
    EXPECT_EQ(client.stage(), LogIn::Stage::established) << client.failure().text;
    return client.grant().dtls.has_value();
  };
  EXPECT_TRUE(offered(whole));
  EXPECT_FALSE(offered("X-DTLS-App-ID: 00ff\r\n"));
  EXPECT_FALSE(offered("X-DTLS-Port: 65536\r\nX-DTLS-App-ID: 00ff\r\n"));
  EXPECT_FALSE(offered("X-DTLS-Port: 443\r\nX-DTLS-App-ID: zz\r\n"));
  EXPECT_FALSE(offered("X-DTLS-Port: 443\r\nX-DTLS-Session-ID: 00ff\r\n"));
  config.want_dtls = false;
  EXPECT_FALSE(offered(whole));
  config.want_dtls = true;
  config.dtls_ciphers = "AES256-GCM-SHA384";
  EXPECT_FALSE(offered(whole));
}

TEST_F(LogInTest, ChecksTheCertificateIfThereIsAnAuthority) {
  char pattern[] = "/tmp/culvert-test-XXXXXX";
  const std::string directory = ::mkdtemp(pattern);
  config.ca_file = directory + "/ca.pem";
  // OpenSSL prefers ECDSA, so that this one is shown.
  const auto why = [&](const Identity& trusted, const std::string& name) {
    trusted.write_certificate(config.ca_file);
    config.server_name = name;
    const ClientContext context(config);
    LogIn client(context, kCookie, {});
    Conversation(client, {.suites13 = "TLS_AES_256_GCM_SHA384"}).run({std::string(kGrant)});
    return client.failure().why;
  };
  EXPECT_EQ(why(Identity::ecdsa(), kServerName), Why::none);
  EXPECT_EQ(why(Identity::ecdsa(), ""), Why::none);
  EXPECT_EQ(why(Identity::ecdsa(), "other.example"), Why::tls_failed);
  EXPECT_EQ(why(Identity::rsa(), kServerName), Why::tls_failed);
  config.ca_file = directory + "/missing.pem";
  EXPECT_THROW(const ClientContext context(config), std::runtime_error);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace culvert::crowd::test
