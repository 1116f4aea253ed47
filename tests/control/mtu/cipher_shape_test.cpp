#include "control/mtu/cipher_shape.hpp"

#include <array>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "crypto/suite.hpp"

namespace culvert::control {
namespace {

TEST(CipherShape, KnowsWhatNobodyNegotiatesAnyMore) {
  const auto rc4 = find_cipher_shape("RC4-SHA");
  ASSERT_TRUE(rc4);
  EXPECT_EQ(rc4->protection, Protection::stream);
  EXPECT_EQ(rc4->hash, 20);
  const auto des = find_cipher_shape("DES-CBC3-SHA");
  ASSERT_TRUE(des);
  EXPECT_EQ(des->protection, Protection::cbc);
  EXPECT_EQ(des->block, 8);
}

TEST(CipherShape, RefusesWhatDoesNotExist) {
  for (const char* name :
       {"", "AES", "FOO-AES128-SHA", "ECDHE-RSA-", "ECDHE-RSA-TLS_AES_128_GCM_SHA256",
        "AES128-SHA ", "aes128-sha", "DHE-RSA-OC-DTLS1_2-AES128-GCM"}) {
    EXPECT_FALSE(find_cipher_shape(name)) << name;
  }
}

TEST(CipherShape, KnowsEverySuiteOfTheWorkers) {
  for (const auto suites : {crypto::tls_suites(), crypto::dtls_suites()}) {
    for (const crypto::Suite& suite : suites)
      EXPECT_TRUE(find_cipher_shape(suite.name)) << suite.name;
  }
}

TEST(CipherShape, DtlsUsesWhatGoesWithTheTlsSuite) {
  const auto beside = [](const char* name) {
    return usual_dtls_suite(find_cipher_shape(name).value()).name;
  };
  EXPECT_EQ(beside("AES256-SHA256"), "AES256-SHA");
  EXPECT_EQ(beside("DHE-RSA-AES128-SHA256"), "AES128-SHA");
  EXPECT_EQ(beside("RC4-SHA"), "AES128-SHA");
  EXPECT_EQ(beside("DES-CBC3-SHA"), "DES-CBC3-SHA");
  EXPECT_EQ(beside("TLS_AES_256_GCM_SHA384"), "AES256-GCM-SHA384");
  EXPECT_EQ(beside("TLS_CHACHA20_POLY1305_SHA256"), "PSK-CHACHA20-POLY1305");
}

// OpenSSL's own table is the other opinion, for every suite that it has.
TEST(CipherShape, AgreesWithOpenssl) {
  SSL_CTX* context = SSL_CTX_new(TLS_method());
  ASSERT_NE(context, nullptr);
  ASSERT_EQ(SSL_CTX_set_cipher_list(context, "ALL:COMPLEMENTOFALL:@SECLEVEL=0"), 1);
  unsigned compared = 0;
  const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(context);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
    const std::string name = SSL_CIPHER_get_name(cipher);
    const auto shape = find_cipher_shape(name);
    if (!shape) continue;  // Camellia, ARIA, SRP: no AnyConnect client offers them
    ++compared;
    const EVP_CIPHER* evp = EVP_get_cipherbynid(SSL_CIPHER_get_cipher_nid(cipher));
    EXPECT_EQ(SSL_CIPHER_is_aead(cipher) == 1,
              shape->protection == Protection::gcm || shape->protection == Protection::chacha)
        << name;
    if (shape->protection == Protection::cbc && evp != nullptr) {
      EXPECT_EQ(EVP_CIPHER_get_block_size(evp), shape->block) << name;
      EXPECT_EQ(EVP_MD_get_size(EVP_get_digestbynid(SSL_CIPHER_get_digest_nid(cipher))),
                shape->hash)
          << name;
    }
  }
  SSL_CTX_free(context);
  EXPECT_GE(compared, 30u);
}

}  // namespace
}  // namespace culvert::control
