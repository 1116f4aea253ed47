// The suite table against OpenSSL's own.
#include "crypto/suite.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

namespace culvert::crypto {
namespace {

std::vector<const Suite*> all_suites() {
  std::vector<const Suite*> out;
  for (const auto rows : {tls_suites(), dtls_suites(), dtls09_suites()}) {
    for (const Suite& suite : rows)
      out.push_back(&suite);
  }
  return out;
}

TEST(Suite, OpenSslAgreesOnEveryRow) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> ctx(SSL_CTX_new(TLS_method()),
                                                              SSL_CTX_free);
  ASSERT_TRUE(ctx);
  // All suites, those without a certificate of that kind too.
  ASSERT_EQ(SSL_CTX_set_cipher_list(ctx.get(), "ALL:@SECLEVEL=0"), 1);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(ctx.get()), SSL_free);
  for (const Suite* row : all_suites()) {
    const Suite& suite = *row;
    SCOPED_TRACE(std::string(suite.name));
    const uint8_t id[2] = {static_cast<uint8_t>(suite.id >> 8), static_cast<uint8_t>(suite.id)};
    const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl.get(), id);
    ASSERT_NE(cipher, nullptr);
    EXPECT_EQ(SSL_CIPHER_get_name(cipher), suite.name);
    // OpenSSL names the version that brought a suite; DTLS 1.2 took its own over.
    const std::string_view since = SSL_CIPHER_get_version(cipher);
    if (suite.version == Version::tls13) {
      EXPECT_EQ(since, "TLSv1.3");
    } else if (suite.mac == Mac::aead) {
      EXPECT_EQ(since, "TLSv1.2");
    }
    EXPECT_EQ(SSL_CIPHER_get_bits(cipher, nullptr), suite.key_size * 8);
    EXPECT_EQ(SSL_CIPHER_is_aead(cipher), is_cbc(suite.cipher) ? 0 : 1);
    const EVP_MD* md = SSL_CIPHER_get_handshake_digest(cipher);
    // For suites older than TLS 1.2 OpenSSL names MD5 and SHA-1 together, and uses SHA-256.
    if (EVP_MD_get_type(md) != NID_md5_sha1) {
      EXPECT_EQ(EVP_MD_get_size(md), suite.prf == Hash::sha256 ? 32 : 48);
    }
    const int digest = SSL_CIPHER_get_digest_nid(cipher);
    EXPECT_EQ(digest, suite.mac == Mac::aead          ? NID_undef
                      : suite.mac == Mac::hmac_sha1   ? NID_sha1
                      : suite.mac == Mac::hmac_sha256 ? NID_sha256
                                                      : NID_sha384);
  }
}

TEST(Suite, IsFoundByVersionAndIdOrName) {
  for (const Suite* suite : all_suites()) {
    EXPECT_EQ(find_suite(suite->version, suite->id), suite);
    EXPECT_EQ(find_suite(suite->version, suite->name), suite);
  }
  for (const Version version : {Version::tls12, Version::tls13, Version::dtls12, Version::dtls09}) {
    EXPECT_EQ(find_suite(version, 0x000a), nullptr);  // 3DES
    EXPECT_EQ(find_suite(version, "DES-CBC3-SHA"), nullptr);
    EXPECT_EQ(find_suite(version, ""), nullptr);
  }
  EXPECT_EQ(find_suite(Version::tls12, 0x1301), nullptr);
  EXPECT_EQ(find_suite(Version::tls13, 0xc02f), nullptr);
  EXPECT_EQ(find_suite(Version::tls12, 0x00a8), nullptr) << "nobody offers TLS with a shared key";
}

TEST(Suite, DtlsTunnelsOfAnyConnectFindTheirSuites) {
  // PSK-NEGOTIATE, then those by resumption.
  for (const uint16_t id : std::initializer_list<uint16_t>{
           0x00a8, 0xccab, 0x00a9, 0x009c, 0x009d, 0xc02f, 0xc030, 0x008c, 0x008d, 0x00ae, 0x00af,
           0x002f, 0x0035, 0x0033, 0x0039}) {
    const Suite* suite = find_suite(Version::dtls12, id);
    ASSERT_NE(suite, nullptr) << id;
    EXPECT_EQ(suite->version, Version::dtls12);
  }
  EXPECT_EQ(to_string(Version::dtls12), "DTLSv1.2");
  for (const uint16_t id : std::initializer_list<uint16_t>{0x002f, 0x0035, 0x0033, 0x0039})
    EXPECT_NE(find_suite(Version::dtls09, id), nullptr) << id;
  EXPECT_EQ(find_suite(Version::dtls09, 0x009c), nullptr) << "it has no AEAD";
  EXPECT_EQ(to_string(Version::dtls09), "DTLSv0.9");
}

}  // namespace
}  // namespace culvert::crypto
