// Logins with a client certificate: alone, with a password, refused; and the hand-over after them.
#include "tests/control/setup/fake_worker.hpp"
#include "tests/control/tls/authority.hpp"

namespace culvert::control::test {
namespace {

class Certificates : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    auto& group = world.config.tunnel_groups["DefaultWEBVPNGroup"];
    group.authenticate_certificate = true;
    group.authenticate_aaa = false;
    ca.write_certificate(world.state_dir + "/ca.pem");
    ca.write_crl(world.state_dir + "/crl.pem", {&revoked});
    world.config.ssl.client_ca = world.state_dir + "/ca.pem";
    world.config.ssl.client_crl = world.state_dir + "/crl.pem";
    renew();
  }
  void renew() {
    world.tls =
        std::make_shared<ServerContext>(world.config.ssl, world.state_dir, world.config.hostname);
    world.setup->set_tls(world.tls);
  }

  struct Guest {
    Guest(Certificates& t, const Issued* certificate)
        : test(t),
          connection(t.world.open()),
          client(GetParam(), GetParam() == TLS1_3_VERSION ? "TLS_AES_128_GCM_SHA256"
                                                          : "ECDHE-ECDSA-AES128-GCM-SHA256") {
      if (certificate != nullptr) certificate->use_in(client.ssl());
      test.world.connect(client, connection);
    }
    std::string ask(const std::string& request) {
      return test.world.ask(client, connection, request);
    }
    Certificates& test;
    FakeConnection& connection;
    TlsClient client;
  };

  FakeWorld world;
  Authority ca{"Clients"};
  Authority others{"Others"};
  Issued alice = ca.issue({{"O", "Culvert"}, {"CN", "alice"}, {"UID", "a1"}});
  Issued revoked = ca.issue({{"CN", "mallory"}});
};

std::string init_without_certificate() {
  std::string body = init_body();
  body.insert(body.find("</config-auth>"), "<client-cert-fail></client-cert-fail>");
  return body;
}

TEST_P(Certificates, AloneLogsInWithTheFirstPostAndConnectsElsewhere) {
  std::string cookie;
  {
    Guest a(*this, &alice);
    const std::string complete = a.ask(post("/", init_body()));
    EXPECT_NE(complete.find("<auth id=\"success\">"), complete.npos) << complete;
    cookie = cookie_of(complete);
    world.ended(a.connection, dp::EndReason::peer_closed);
  }
  const SessionRecord& record = *world.setup->sessions().all().begin()->second;
  EXPECT_EQ(record.user, "alice");
  EXPECT_EQ(record.auth_mode, AuthMode::certificate);
  EXPECT_TRUE(world.logged("717022 Certificate was successfully validated."));
  EXPECT_TRUE(world.logged("716038 "));
  Guest b(*this, &alice);
  EXPECT_TRUE(b.ask(connect_request(cookie)).starts_with("HTTP/1.1 200 CONNECTED"));
  ASSERT_TRUE(b.connection.promotion.has_value());
  // One record each way under the application keys in TLS 1.3, and the Finished before in 1.2.
  const uint64_t expected = GetParam() == TLS1_3_VERSION ? 1 : 2;
  EXPECT_EQ(b.connection.promotion->rx.sequence, expected);
  EXPECT_EQ(b.connection.promotion->tx.sequence, expected);
}

TEST_P(Certificates, UserNameFromTheSubject) {
  auto& from = world.config.tunnel_groups["DefaultWEBVPNGroup"].certificate_user;
  from = {"UID", "CN"};
  EXPECT_FALSE(cookie_of(Guest(*this, &alice).ask(post("/", init_body()))).empty());
  EXPECT_EQ(world.setup->sessions().all().begin()->second->user, "a1");
  const Issued plain = ca.issue({{"CN", "first"}, {"CN", "second"}}, 3600, "bob@example.net");
  EXPECT_FALSE(cookie_of(Guest(*this, &plain).ask(post("/", init_body()))).empty());
  EXPECT_EQ(world.setup->sessions().all().rbegin()->second->user, "second");
  from = {"UPN", ""};
  EXPECT_FALSE(cookie_of(Guest(*this, &plain).ask(post("/", init_body()))).empty());
  EXPECT_EQ(world.setup->sessions().all().rbegin()->second->user, "bob@example.net");
  const std::string nobody = Guest(*this, &alice).ask(post("/", init_body()));
  EXPECT_NE(nobody.find("The certificate names no user."), nobody.npos);
  EXPECT_EQ(cookie_of(nobody), "");
}

TEST_P(Certificates, NamesThatWouldLieAreNone) {
  const std::string nul("alice\0.example", 14);
  const Issued odd = ca.issue({{"CN", nul}});
  const Issued control = ca.issue({{"CN", "a\nb"}});
  EXPECT_EQ(cookie_of(Guest(*this, &odd).ask(post("/", init_body()))), "");
  EXPECT_EQ(cookie_of(Guest(*this, &control).ask(post("/", init_body()))), "");
  EXPECT_EQ(world.setup->sessions().size(), 0u);
}

TEST_P(Certificates, RefusedOnesSayWhy) {
  const Issued expired = ca.issue({{"CN", "alice"}}, -60);
  const Issued foreign = others.issue({{"CN", "alice"}});
  Authority impostor("Clients");  // the right name, and another key
  const Issued forged = impostor.issue({{"CN", "alice"}});
  const std::pair<const Issued*, const char*> cases[] = {
      {&forged, "certificate signature failure"},
      {&expired, "certificate has expired"},
      {&revoked, "certificate revoked"},
      {&foreign, "unable to get local issuer certificate"}};
  for (const auto& [certificate, why] : cases) {
    Guest guest(*this, certificate);
    const std::string reply = guest.ask(post("/", init_body()));
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 ")) << reply;
    EXPECT_NE(reply.find(why), reply.npos) << reply;
    EXPECT_EQ(reply.find("<form"), reply.npos);
    EXPECT_EQ(cookie_of(reply), "");
    EXPECT_TRUE(
        world.logged(std::string("717027 Certificate chain failed validation. Reason: ") + why));
  }
  EXPECT_EQ(world.setup->sessions().size(), 0u);
  EXPECT_TRUE(world.logged("716039 "));
}

TEST_P(Certificates, WithoutACurrentListNobodyGetsIn) {
  ca.write_crl(world.state_dir + "/crl.pem", {}, -60);
  renew();
  const std::string reply = Guest(*this, &alice).ask(post("/", init_body()));
  EXPECT_NE(reply.find("CRL has expired"), reply.npos) << reply;
}

TEST_P(Certificates, WhoHasNoneIsAskedOnceMore) {
  Guest guest(*this, nullptr);
  const std::string again = guest.ask(post("/", init_body()));
  EXPECT_NE(again.find("<client-cert-request>"), again.npos);
  const std::string refused = guest.ask(post("/", init_without_certificate()));
  EXPECT_EQ(refused.find("<client-cert-request>"), refused.npos);
  EXPECT_NE(refused.find("A client certificate is needed."), refused.npos);
  const std::string plain = guest.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(plain.find("A client certificate is needed."), plain.npos);
  EXPECT_TRUE(guest.ask(post("/", login_body("vpn", "secret"))).starts_with("HTTP/1.1 401 "));
}

TEST_P(Certificates, WithAPassword) {
  auto& group = world.config.tunnel_groups["DefaultWEBVPNGroup"];
  group.authenticate_aaa = true;
  {
    Guest guest(*this, &alice);
    EXPECT_NE(guest.ask(post("/", init_body())).find("<form"), std::string::npos);
    EXPECT_EQ(cookie_of(guest.ask(post("/", login_body("vpn", "wrong")))), "");
    EXPECT_NE(cookie_of(guest.ask(post("/", login_body("vpn", "secret")))), "");
    EXPECT_EQ(world.setup->sessions().all().begin()->second->auth_mode,
              AuthMode::certificate_and_password);
  }
  // The password alone is not enough, however it is sent.
  Guest without(*this, nullptr);
  EXPECT_EQ(cookie_of(without.ask(post("/", login_body("vpn", "secret")))), "");
  Guest expelled(*this, &revoked);
  EXPECT_EQ(cookie_of(expelled.ask(post("/", login_body("vpn", "secret")))), "");
  EXPECT_EQ(world.setup->sessions().size(), 1u);
}

TEST_P(Certificates, PrefilledUserIsTheCertificatesOwn) {
  auto& group = world.config.tunnel_groups["DefaultWEBVPNGroup"];
  group.authenticate_aaa = group.prefill_username = true;
  world.add_user("alice", "hers");
  Guest guest(*this, &alice);
  EXPECT_NE(guest.ask(post("/", init_body())).find("value=\"alice\""), std::string::npos);
  EXPECT_EQ(cookie_of(guest.ask(post("/", login_body("vpn", "secret")))), "");
  EXPECT_NE(cookie_of(guest.ask(post("/", login_body("alice", "hers")))), "");
}

TEST_P(Certificates, AreNoBusinessOfGroupsWithPasswords) {
  auto& group = world.config.tunnel_groups["DefaultWEBVPNGroup"];
  group.authenticate_certificate = false;
  group.authenticate_aaa = true;
  const Issued foreign = others.issue({{"CN", "x"}});
  for (const Issued* certificate : {static_cast<const Issued*>(nullptr), &std::as_const(foreign)}) {
    Guest guest(*this, certificate);
    EXPECT_NE(cookie_of(guest.ask(post("/", login_body("vpn", "secret")))), "");
  }
}

TEST_P(Certificates, ListOffersAnotherWay) {
  world.config.webvpn.tunnel_group_list = true;
  world.config.tunnel_groups["DefaultWEBVPNGroup"].aliases = {"Cards"};
  auto& words = world.config.tunnel_groups["Words"];
  words.aliases = {"Words"};
  words.address_pools = {"VPN"};
  Guest guest(*this, nullptr);
  const std::string form = guest.ask(post("/", init_body()));
  EXPECT_NE(form.find("<option value=\"Cards\" noaaa=\"1\" selected=\"true\">"), form.npos) << form;
  std::string body = login_body("vpn", "secret");
  body.insert(body.find("</config-auth>"), "<group-select>Cards</group-select>");
  const std::string refused = guest.ask(post("/", body));
  EXPECT_NE(refused.find("A client certificate is needed."), refused.npos);
  EXPECT_NE(refused.find("<option value=\"Words\">"), refused.npos);
  body.replace(body.find("Cards"), 5, "Words");
  EXPECT_NE(cookie_of(guest.ask(post("/", body))), "");
}

INSTANTIATE_TEST_SUITE_P(Versions, Certificates, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return std::string(version.param == TLS1_2_VERSION ? "Tls12" : "Tls13");
                         });

}  // namespace
}  // namespace culvert::control::test
