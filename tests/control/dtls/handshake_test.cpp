// Handshakes against a real OpenSSL client, in both forms and all suites, with each flight lost once.
#include <chrono>
#include <thread>

#include "control/dtls/openssl_handshake.hpp"
#include "tests/control/dtls/dtls_client.hpp"
#include "tests/control/dtls/record_layer.hpp"

namespace culvert::control::test {
namespace {

using Step = DtlsHandshake::Step;

struct Variant {
  DtlsForm form;
  const char* suite;
};

class Handshake : public ::testing::TestWithParam<Variant> {
 protected:
  Handshake() {
    parameters_.form = GetParam().form;
    parameters_.suite = crypto::find_suite(crypto::Version::dtls12, GetParam().suite);
    for (size_t i = 0; i < parameters_.id.size(); i++)
      parameters_.id[i] = static_cast<uint8_t>(0xa0 + i);
    const std::vector<uint8_t> secret(GetParam().form == DtlsForm::psk ? 32 : 48, 0x5c);
    parameters_.secret.assign(secret);
  }
  DtlsClient client() const { return client_with(parameters_.secret.view(), parameters_.id); }
  DtlsClient client_with(std::span<const uint8_t> secret, std::span<const uint8_t> id) const {
    return DtlsClient(GetParam().form, GetParam().suite, secret, id);
  }
  static void pass(std::vector<Datagram> datagrams, DtlsClient& to) {
    for (Datagram& datagram : datagrams)
      to.input(std::move(datagram));
    (void)to.handshake();
  }
  // Until both are through, or 20 rounds. `lose` says which of the datagrams so far is lost.
  bool run(DtlsHandshake& server, DtlsClient& client, auto lose) {
    unsigned sent = 0;
    const auto survivors = [&](std::vector<Datagram> all) {
      std::erase_if(all, [&](const Datagram&) { return lose(sent++); });
      return all;
    };
    (void)client.handshake();
    Step step = Step::more;
    std::vector<Datagram> last_flight;
    for (int round = 0; round < 20 && !(step == Step::done && client.done()); round++) {
      auto up = survivors(client.output());
      if (up.empty() && round > 0) std::this_thread::sleep_for(std::chrono::milliseconds(300));
      if (step != Step::done) {
        step = server.advance(std::move(up));
        if (step == Step::failed) return false;
        last_flight = server.take_output();
      }
      client.timeout();
      pass(survivors(last_flight), client);
    }
    return step == Step::done && client.done();
  }
  void check_records(const DtlsHandshake& server, DtlsClient& client) {
    const DtlsKeys keys = server.keys();
    EXPECT_EQ(keys.tx.sequence, uint64_t{1} << 48 | 0x100);
    EXPECT_EQ(keys.rx.sequence >> 48, 1u);
    RecordLayer worker(keys.rx, keys.tx);
    for (const size_t size : std::initializer_list<size_t>{1, 2, 100, 1300}) {
      const std::string text(size, 'x');
      EXPECT_EQ(worker.open(client.seal(text)), text);
      EXPECT_EQ(client.open(worker.seal(text)), text);
    }
  }

  DtlsContext context_;
  DtlsHandshake::Parameters parameters_;
};

TEST_P(Handshake, EndsInKeysThatTheClientHasToo) {
  OpensslHandshake server(context_, parameters_);
  DtlsClient c = client();
  ASSERT_TRUE(run(server, c, [](unsigned) { return false; })) << server.error();
  EXPECT_STREQ(SSL_get_cipher(c.ssl()), GetParam().suite);
  EXPECT_EQ(SSL_session_reused(c.ssl()) == 1, GetParam().form == DtlsForm::resumption);
  check_records(server, c);
}

// Each flight has at most two datagrams; whichever is lost, the timers bring it back.
TEST_P(Handshake, SurvivesTheLossOfAnyDatagram) {
  for (unsigned lost = 0; lost < 4; lost++) {
    OpensslHandshake server(context_, parameters_);
    DtlsClient c = client();
    ASSERT_TRUE(run(server, c, [lost](unsigned n) { return n == lost; }))
        << "datagram " << lost << ": " << server.error();
    check_records(server, c);
  }
}

TEST_P(Handshake, OfAnotherSecretFails) {
  OpensslHandshake server(context_, parameters_);
  std::vector<uint8_t> other(parameters_.secret.view().begin(), parameters_.secret.view().end());
  other.back() ^= 1;
  DtlsClient c = client_with(other, parameters_.id);
  (void)c.handshake();
  Step step = Step::more;
  for (int round = 0; round < 4 && step == Step::more; round++) {
    step = server.advance(c.output());
    pass(server.take_output(), c);
  }
  EXPECT_NE(step, Step::done);
}

TEST_P(Handshake, IgnoresGarbageBetweenFlights) {
  OpensslHandshake server(context_, parameters_);
  DtlsClient c = client();
  (void)c.handshake();
  const Datagram garbage(200, 0x16);
  Step step = Step::more;
  for (int round = 0; round < 10 && !(step == Step::done && c.done()); round++) {
    step = server.advance({garbage, Datagram{}, Datagram(13, 0)});
    ASSERT_NE(step, Step::failed) << server.error();
    step = server.advance(c.output());
    ASSERT_NE(step, Step::failed) << server.error();
    pass(server.take_output(), c);
  }
  ASSERT_TRUE(step == Step::done && c.done());
  check_records(server, c);
}

TEST_P(Handshake, WithOtherSuitesOnOfferTakesTheAnnouncedOne) {
  if (GetParam().form != DtlsForm::psk) return;
  OpensslHandshake server(context_, parameters_);
  DtlsClient c(GetParam().form,
               std::string("PSK-CHACHA20-POLY1305:PSK-AES128-GCM-SHA256:PSK-AES256-GCM-SHA384:"
                           "PSK-AES256-CBC-SHA:") +
                   GetParam().suite,
               parameters_.secret.view(), parameters_.id);
  ASSERT_TRUE(run(server, c, [](unsigned) { return false; })) << server.error();
  EXPECT_STREQ(SSL_get_cipher(c.ssl()), GetParam().suite);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, Handshake,
    ::testing::Values(Variant{DtlsForm::psk, "PSK-AES256-GCM-SHA384"},
                      Variant{DtlsForm::psk, "PSK-AES128-GCM-SHA256"},
                      Variant{DtlsForm::resumption, "ECDHE-RSA-AES256-GCM-SHA384"},
                      Variant{DtlsForm::resumption, "ECDHE-RSA-AES128-GCM-SHA256"},
                      Variant{DtlsForm::resumption, "AES256-GCM-SHA384"},
                      Variant{DtlsForm::resumption, "AES128-GCM-SHA256"},
                      Variant{DtlsForm::psk, "PSK-AES256-CBC-SHA384"},
                      Variant{DtlsForm::psk, "PSK-AES128-CBC-SHA256"},
                      Variant{DtlsForm::psk, "PSK-AES256-CBC-SHA"},
                      Variant{DtlsForm::resumption, "DHE-RSA-AES256-SHA"},
                      Variant{DtlsForm::resumption, "AES128-SHA"}),
    [](const auto& variant) {
      std::string name = variant.param.suite;
      std::erase_if(name, [](char ch) { return !std::isalnum(static_cast<unsigned char>(ch)); });
      return name;
    });

}  // namespace
}  // namespace culvert::control::test
