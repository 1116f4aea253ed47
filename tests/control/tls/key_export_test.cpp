// Both ends of one connection: what the one seals with, the other opens with, from the same record on.
#include "control/tls/key_export.hpp"

#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "control/tls/owned.hpp"
#include "control/tls/server_context.hpp"
#include "crypto/bytes.hpp"
#include "crypto/record/format.hpp"

namespace culvert::control {
namespace {

class KeyExportTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/culvert-test-XXXXXX";
    directory_ = ::mkdtemp(pattern);
    server_context_ = std::make_unique<ServerContext>(SslConfig{}, directory_, "host");
    client_context_.reset(SSL_CTX_new(TLS_client_method()));
    TlsConnection::watch(client_context_.get());
    SSL_CTX_set_verify(client_context_.get(), SSL_VERIFY_NONE, nullptr);
    const std::string suite = GetParam();
    const bool tls13 = suite.starts_with("TLS_");
    SSL_CTX_set_max_proto_version(client_context_.get(), tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    ASSERT_EQ(tls13 ? SSL_CTX_set_ciphersuites(client_context_.get(), suite.c_str())
                    : SSL_CTX_set_cipher_list(client_context_.get(), suite.c_str()),
              1);
    server_ = std::make_unique<TlsConnection>(*server_context_);
    client_ = std::make_unique<TlsConnection>(client_context_.get(), TlsRole::client);
    ASSERT_EQ(client_->handshake({}), TlsStep::more);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // Gives `to` what `from` has to say, record by record.
  static std::string pass(TlsConnection& from, TlsConnection& to) {
    std::string plaintext;
    const std::vector<uint8_t> bytes = from.take_output();
    for (std::span<const uint8_t> rest(bytes); !rest.empty();) {
      const size_t size = crypto::record::kHeaderSize + load_be<uint16_t>(rest.data() + 3);
      const TlsStep step =
          to.established() ? to.read(rest.first(size), plaintext) : to.handshake(rest.first(size));
      EXPECT_NE(step, TlsStep::failed) << to.error();
      rest = rest.subspan(size);
    }
    return plaintext;
  }
  static void expect_same(const crypto::record::KeyMaterial& seals,
                          const crypto::record::KeyMaterial& opens) {
    EXPECT_EQ(seals.suite, opens.suite);
    EXPECT_TRUE(crypto::constant_time_equal(seals.key.view(), opens.key.view()));
    EXPECT_TRUE(crypto::constant_time_equal(seals.iv.view(), opens.iv.view()));
    EXPECT_TRUE(crypto::constant_time_equal(seals.mac_key.view(), opens.mac_key.view()));
    EXPECT_FALSE(seals.key.empty());
    EXPECT_EQ(seals.sequence, opens.sequence);
    EXPECT_EQ(seals.encrypt_then_mac, opens.encrypt_then_mac);
  }

  std::string directory_;
  std::unique_ptr<ServerContext> server_context_;
  Owned<SSL_CTX> client_context_;
  std::unique_ptr<TlsConnection> server_, client_;
};

TEST_P(KeyExportTest, BothRolesGoOnWithTheSameKeys) {
  EXPECT_THROW((void)export_keys(*client_), std::runtime_error);
  for (int i = 0; i < 4; i++) {
    (void)pass(*client_, *server_);
    (void)pass(*server_, *client_);
  }
  ASSERT_TRUE(client_->established()) << client_->error();
  ASSERT_TRUE(server_->established()) << server_->error();
  EXPECT_EQ(client_->suite()->name, GetParam());
  ASSERT_TRUE(client_->write("question"));
  EXPECT_EQ(pass(*client_, *server_), "question");
  ASSERT_TRUE(client_->write("another"));
  EXPECT_EQ(pass(*client_, *server_), "another");
  ASSERT_TRUE(server_->write("answer"));
  EXPECT_EQ(pass(*server_, *client_), "answer");

  const TunnelKeys server = export_keys(*server_);
  const TunnelKeys client = export_keys(*client_);
  expect_same(client.tx, server.rx);
  expect_same(server.tx, client.rx);
  EXPECT_FALSE(crypto::constant_time_equal(client.tx.key.view(), server.tx.key.view()));
  EXPECT_GT(client.tx.sequence, server.tx.sequence);
}

INSTANTIATE_TEST_SUITE_P(, KeyExportTest,
                         ::testing::Values("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                           "TLS_CHACHA20_POLY1305_SHA256",
                                           "ECDHE-ECDSA-AES128-GCM-SHA256",
                                           "ECDHE-ECDSA-CHACHA20-POLY1305",
                                           "ECDHE-ECDSA-AES256-SHA384"));

}  // namespace
}  // namespace culvert::control
