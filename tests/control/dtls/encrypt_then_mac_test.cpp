// CBC suites of DTLS 1.2 with an OpenSSL client that offers encrypt-then-MAC (RFC 7366), and with one
// that does not: keys that fit, and a worker that continues in the order that was agreed on.
#include <cctype>

#include "control/dtls/openssl_handshake.hpp"
#include "tests/control/dtls/dtls_client.hpp"
#include "tests/control/dtls/record_layer.hpp"

namespace culvert::control::test {
namespace {

using Step = DtlsHandshake::Step;

struct EtmVariant {
  DtlsForm form;
  const char* suite;
  bool client_offers;
};

class DtlsEncryptThenMac : public ::testing::TestWithParam<EtmVariant> {};

TEST_P(DtlsEncryptThenMac, IsWhatTheClientOffers) {
  const EtmVariant& variant = GetParam();
  // TLS 1.2 and DTLS 1.2 share suites (RFC 6347 §4.1.2).
  crypto::Suite suite = *crypto::find_suite(crypto::Version::tls12, variant.suite);
  suite.version = crypto::Version::dtls12;
  DtlsHandshake::Parameters parameters;
  parameters.form = variant.form;
  parameters.suite = &suite;
  parameters.id.fill(0xa5);
  const std::vector<uint8_t> secret(48, 0x5c);
  parameters.secret.assign(secret);
  const DtlsContext context;
  OpensslHandshake server(context, parameters);
  DtlsClient client(variant.form, variant.suite, secret, parameters.id);
  if (!variant.client_offers) SSL_set_options(client.ssl(), SSL_OP_NO_ENCRYPT_THEN_MAC);

  (void)client.handshake();
  Step step = Step::more;
  for (int round = 0; round < 10 && !(step == Step::done && client.done()); round++) {
    step = server.advance(client.output());
    ASSERT_NE(step, Step::failed) << server.error();
    for (Datagram& datagram : server.take_output())
      client.input(std::move(datagram));
    (void)client.handshake();
  }
  ASSERT_EQ(step, Step::done);
  ASSERT_TRUE(client.done());

  const DtlsKeys keys = server.keys();
  EXPECT_EQ(keys.rx.encrypt_then_mac, variant.client_offers);
  EXPECT_EQ(keys.tx.encrypt_then_mac, variant.client_offers);
  RecordLayer worker(keys.rx, keys.tx);
  for (const size_t size : std::initializer_list<size_t>{1, 15, 16, 100, 1300}) {
    const std::string text(size, 'x');
    EXPECT_EQ(worker.open(client.seal(text)), text);
    EXPECT_EQ(client.open(worker.seal(text)), text);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Suites, DtlsEncryptThenMac,
    ::testing::Values(EtmVariant{DtlsForm::resumption, "AES128-SHA", true},
                      EtmVariant{DtlsForm::resumption, "AES128-SHA", false},
                      EtmVariant{DtlsForm::resumption, "AES256-SHA256", true},
                      EtmVariant{DtlsForm::resumption, "DHE-RSA-AES128-SHA256", true},
                      EtmVariant{DtlsForm::resumption, "ECDHE-RSA-AES256-SHA384", true},
                      EtmVariant{DtlsForm::resumption, "ECDHE-RSA-AES256-SHA384", false}),
    [](const auto& variant) {
      std::string name = variant.param.suite;
      std::erase_if(name, [](char ch) { return !std::isalnum(static_cast<unsigned char>(ch)); });
      return name + (variant.param.client_offers ? "Offered" : "NotOffered");
    });

}  // namespace
}  // namespace culvert::control::test
