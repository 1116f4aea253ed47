#include "control/dtls/hello_verify.hpp"

#include <algorithm>

#include "control/dtls/openssl_handshake.hpp"
#include "tests/control/dtls/dtls_client.hpp"

namespace culvert::control::test {
namespace {

constexpr uint64_t kMinute = 60'000'000;

class HelloVerify : public ::testing::Test {
 protected:
  HelloVerify() {
    flow_.local = dp::IpAddress::v4(0xc6336401);
    flow_.remote = dp::IpAddress::v4(0xc0000201);
    flow_.local_port = 443;
    flow_.remote_port = 40000;
    (void)client_.handshake();
    first_ = client_.output().at(0);
  }
  // The client's hello with the cookie it was given.
  Datagram second(uint64_t now_us) {
    client_.input(verifier_.request(*parse_client_hello(first_), flow_, now_us));
    (void)client_.handshake();
    const auto out = client_.output();
    return out.empty() ? Datagram{} : out.at(0);
  }

  HelloVerifier verifier_;
  dp::Flow flow_;
  std::vector<uint8_t> id_ = std::vector<uint8_t>(32, 9);
  std::vector<uint8_t> secret_ = std::vector<uint8_t>(32, 1);
  DtlsClient client_{DtlsForm::psk, "PSK-AES256-GCM-SHA384", secret_, id_};
  Datagram first_;
};

TEST_F(HelloVerify, ARealClientBringsItsCookieBack) {
  const Datagram again = second(10 * kMinute);
  const auto hello = parse_client_hello(again);
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->cookie.size(), 32u);
  EXPECT_TRUE(verifier_.verify(*hello, flow_, 10 * kMinute));
  EXPECT_TRUE(verifier_.verify(*hello, flow_, 11 * kMinute));
  EXPECT_FALSE(verifier_.verify(*hello, flow_, 12 * kMinute));
}

TEST_F(HelloVerify, RefusesOthersCookies) {
  const Datagram again = second(kMinute);
  const auto hello = *parse_client_hello(again);
  for (auto change : {+[](dp::Flow& f) { f.remote_port++; }, +[](dp::Flow& f) { f.local_port++; },
                      +[](dp::Flow& f) { f.remote = dp::IpAddress::v4(1); },
                      +[](dp::Flow& f) { f.local = dp::IpAddress::v4(1); }}) {
    dp::Flow other = flow_;
    change(other);
    EXPECT_FALSE(verifier_.verify(hello, other, kMinute));
  }
  EXPECT_FALSE(HelloVerifier().verify(hello, flow_, kMinute));  // another key
  for (const size_t at : {13u + 12 + 2, 13u + 12 + 2 + 32 + 1, 13u + 12 + 2 + 32 + 1 + 32 + 1}) {
    Datagram changed = again;  // random, session id, cookie
    changed[at] ^= 1;
    EXPECT_FALSE(verifier_.verify(*parse_client_hello(changed), flow_, kMinute)) << at;
  }
  EXPECT_FALSE(verifier_.verify(*parse_client_hello(first_), flow_, kMinute));  // none
}

TEST_F(HelloVerify, TheHandshakeGoesOnBehindIt) {
  const DtlsContext context;
  DtlsHandshake::Parameters parameters;
  parameters.suite = crypto::find_suite(crypto::Version::dtls12, "PSK-AES256-GCM-SHA384");
  std::copy(id_.begin(), id_.end(), parameters.id.begin());
  parameters.secret.assign(secret_);
  parameters.after_cookie = true;
  OpensslHandshake server(context, parameters);
  std::vector<Datagram> up{second(kMinute)};
  for (int round = 0; round < 5 && !client_.done(); round++) {
    ASSERT_NE(server.advance(std::move(up)), DtlsHandshake::Step::failed) << server.error();
    for (Datagram& datagram : server.take_output())
      client_.input(std::move(datagram));
    (void)client_.handshake();
    up = client_.output();
  }
  EXPECT_TRUE(client_.done());
}

}  // namespace
}  // namespace culvert::control::test
