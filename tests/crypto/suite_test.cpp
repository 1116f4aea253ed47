// The suite table against OpenSSL's own.
#include "crypto/suite.hpp"

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

namespace culvert::crypto {
namespace {

TEST(Suite, OpenSslAgreesOnEveryRow) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> ctx(SSL_CTX_new(TLS_method()),
                                                              SSL_CTX_free);
  ASSERT_TRUE(ctx);
  // All suites, those without a certificate of that kind too.
  ASSERT_EQ(SSL_CTX_set_cipher_list(ctx.get(), "ALL:@SECLEVEL=0"), 1);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(ctx.get()), SSL_free);
  for (const Suite& suite : suites()) {
    SCOPED_TRACE(std::string(suite.name));
    const uint8_t id[2] = {static_cast<uint8_t>(suite.id >> 8), static_cast<uint8_t>(suite.id)};
    const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl.get(), id);
    ASSERT_NE(cipher, nullptr);
    EXPECT_EQ(SSL_CIPHER_get_name(cipher), suite.name);
    EXPECT_EQ(SSL_CIPHER_get_version(cipher), to_string(suite.version));
    EXPECT_EQ(SSL_CIPHER_get_bits(cipher, nullptr), suite.key_size * 8);
    EXPECT_EQ(SSL_CIPHER_is_aead(cipher), 1);
    const EVP_MD* md = SSL_CIPHER_get_handshake_digest(cipher);
    EXPECT_EQ(EVP_MD_get_size(md), suite.prf == Hash::sha256 ? 32 : 48);
  }
}

TEST(Suite, IsFoundByIdAndByName) {
  for (const Suite& suite : suites()) {
    EXPECT_EQ(find_suite(suite.id), &suite);
    EXPECT_EQ(find_suite(suite.name), &suite);
  }
  EXPECT_EQ(find_suite(0xcca8), nullptr);  // ChaCha20-Poly1305
  EXPECT_EQ(find_suite("AES128-SHA"), nullptr);
  EXPECT_EQ(find_suite(""), nullptr);
}

}  // namespace
}  // namespace culvert::crypto
