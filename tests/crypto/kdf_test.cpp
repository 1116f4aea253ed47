// Key derivation against RFC 8448's trace and against the TLS 1.2 PRF written out by hand.
#include "crypto/kdf.hpp"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "tests/crypto/hex.hpp"

namespace culvert::crypto {
namespace {

// RFC 5246 §5, straight from the text.
std::vector<uint8_t> p_hash(const EVP_MD* md, const std::vector<uint8_t>& secret,
                            const std::vector<uint8_t>& seed, size_t size) {
  const auto hmac = [&](const std::vector<uint8_t>& data) {
    std::vector<uint8_t> out(EVP_MAX_MD_SIZE);
    unsigned length = 0;
    HMAC(md, secret.data(), static_cast<int>(secret.size()), data.data(), data.size(), out.data(),
         &length);
    out.resize(length);
    return out;
  };
  std::vector<uint8_t> out;
  for (auto a = hmac(seed); out.size() < size; a = hmac(a)) {
    auto input = a;
    input.insert(input.end(), seed.begin(), seed.end());
    const auto block = hmac(input);
    out.insert(out.end(), block.begin(), block.end());
  }
  out.resize(size);
  return out;
}

std::vector<uint8_t> counting(size_t size, uint8_t from) {
  std::vector<uint8_t> out(size);
  for (auto& b : out)
    b = from++;
  return out;
}

// The vectors that implementers of RFC 5246, which has none, agreed on: IETF's TLS list, msg03416.
TEST(Kdf, PrfByHandIsTheOneOfThePublishedVectors) {
  const auto labelled = [](const char* seed) {
    auto out = from_hex("74657374206c6162656c");  // "test label"
    const auto rest = from_hex(seed);
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
  };
  EXPECT_EQ(p_hash(EVP_sha256(), from_hex("9bbe436ba940f017b17652849a71db35"),
                   labelled("a0ba9f936cda311827a6f796ffd5198c"), 100),
            from_hex("e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
                     "6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
                     "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701"
                     "87347b66"));
  EXPECT_EQ(p_hash(EVP_sha384(), from_hex("b80b733d6ceefcdc71566ea48e5567df"),
                   labelled("cd665cf6a8447dd6ff8b27555edb7465"), 148),
            from_hex("7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cd"
                     "e9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd"
                     "8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425"
                     "9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee6"
                     "91c8f3a26854308d5eaa3be85e0990703d73e56f"));
}

TEST(Kdf, Tls12KeyBlockIsCutInTheOrderOfTheRfc) {
  const auto master = counting(48, 1);
  const auto client_random = counting(32, 0x40);
  const auto server_random = counting(32, 0x80);
  std::vector<Suite> all(dtls_suites().begin(), dtls_suites().end());
  all.insert(all.end(), tls_suites().begin(), tls_suites().end());
  for (const Suite& suite : all) {
    if (suite.version == Version::tls13) continue;
    SCOPED_TRACE(std::string(suite.name));
    auto seed = from_hex("6b657920657870616e73696f6e");  // "key expansion"
    seed.insert(seed.end(), server_random.begin(), server_random.end());
    seed.insert(seed.end(), client_random.begin(), client_random.end());
    const auto block =
        p_hash(suite.prf == Hash::sha256 ? EVP_sha256() : EVP_sha384(), master, seed,
               2 * (record::mac_size(suite.mac) + suite.key_size + suite.fixed_iv_size));

    const TrafficKeys keys = tls12_keys(suite, master, client_random, server_random);
    std::vector<uint8_t> joined;
    for (const auto part :
         {keys.client.mac_key.view(), keys.server.mac_key.view(), keys.client.key.view(),
          keys.server.key.view(), keys.client.iv.view(), keys.server.iv.view()}) {
      joined.insert(joined.end(), part.begin(), part.end());
    }
    EXPECT_EQ(joined, block);
    EXPECT_EQ(keys.client.suite, &suite);
    EXPECT_EQ(keys.server.suite, &suite);
    EXPECT_EQ(keys.client.sequence, 0u);
  }
}

struct Trace {
  const char* secret;
  const char* key;
  const char* iv;
};

// RFC 8448 §3: server and client handshake keys, server and client application keys.
constexpr Trace kTraces[] = {
    {"b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38",
     "3fce516009c21727d0f2e4e86ee403bc", "5d313eb2671276ee13000b30"},
    {"b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21",
     "dbfaa693d1762c5b666af5d950258d01", "5bd3c71b836e0b76bb73265f"},
    {"a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
     "9f02283b6c9c07efc26bb9f2ac92e356", "cf782b88dd83549aadf1e984"},
    {"9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
     "17422dda596ed5d9acd890e3c63f5051", "5b78923dee08579033e523d9"},
};

TEST(Kdf, Tls13KeysOfRfc8448) {
  const Suite& suite = *find_suite(Version::tls13, "TLS_AES_128_GCM_SHA256");
  for (const Trace& trace : kTraces) {
    const record::KeyMaterial keys = tls13_keys(suite, from_hex(trace.secret));
    EXPECT_EQ(to_vector(keys.key.view()), from_hex(trace.key));
    EXPECT_EQ(to_vector(keys.iv.view()), from_hex(trace.iv));
    EXPECT_EQ(keys.suite, &suite);
  }
}

TEST(Kdf, NextSecretIsHkdfExpandByHand) {
  // RFC 5869 §2.3 with one block: T(1) = HMAC(secret, info | 1). The label of RFC 8446 §7.2.
  for (const char* name : {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"}) {
    const Suite& suite = *find_suite(Version::tls13, name);
    const size_t size = suite.prf == Hash::sha256 ? 32 : 48;
    const auto secret = counting(size, 9);
    std::string info{'\0', static_cast<char>(size), '\x11'};
    info += "tls13 traffic upd";
    info += '\0';
    info += '\1';
    std::vector<uint8_t> expected(size);
    HMAC(size == 32 ? EVP_sha256() : EVP_sha384(), secret.data(), static_cast<int>(size),
         reinterpret_cast<const uint8_t*>(info.data()), info.size(), expected.data(), nullptr);
    EXPECT_EQ(to_vector(tls13_next_secret(suite, secret).view()), expected);
  }
}

TEST(Kdf, WrongLengthsAndVersionsAreRefused) {
  const Suite& tls12 = *find_suite(Version::tls12, 0xc02f);
  const Suite& tls13 = *find_suite(Version::tls13, 0x1302);
  const auto b32 = counting(32, 0);
  const auto b48 = counting(48, 0);
  EXPECT_THROW((void)tls12_keys(tls12, b32, b32, b32), std::runtime_error);
  EXPECT_THROW((void)tls12_keys(tls12, b48, b48, b32), std::runtime_error);
  EXPECT_THROW((void)tls12_keys(tls12, b48, b32, {}), std::runtime_error);
  EXPECT_THROW((void)tls12_keys(tls13, b48, b32, b32), std::runtime_error);
  EXPECT_THROW((void)tls13_keys(tls13, b32), std::runtime_error);
  EXPECT_THROW((void)tls13_keys(tls12, b32), std::runtime_error);
  EXPECT_THROW((void)tls13_next_secret(tls13, {}), std::runtime_error);
}

}  // namespace
}  // namespace culvert::crypto
