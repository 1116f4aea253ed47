// Published vectors through the calls that records go through, on every instruction set; and through OpenSSL, so that a
// slip of the pen in here is not taken for one of the library.
#include <algorithm>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/record/aead.hpp"
#include "crypto/record/cbc.hpp"
#include "tests/crypto/hex.hpp"
#include "tests/crypto/isas.hpp"

namespace culvert::crypto::record {
namespace {

struct AeadVector {
  const char* key;
  const char* nonce;
  const char* plaintext;
  const char* additional;
  const char* ciphertext;
  const char* tag;
};

// NIST CAVP, gcmtestvectors.zip, gcmEncryptExtIV128.rsp: the first of IVlen 96, Taglen 128, with
// PTlen and AADlen 0 and 0, 128 and 0, 128 and 128.
constexpr AeadVector kGcm128[] = {
    {"11754cd72aec309bf52f7687212e8957", "3c819d9a9bed087615030b65", "", "", "",
     "250327c674aaf477aef2675748cf6971"},
    {"7fddb57453c241d03efbed3ac44e371c", "ee283a3fc75575e33efd4887",
     "d5de42b461646c255c87bd2962d3b9a2", "", "2ccda4a5415cb91e135c2a0f78c9b2fd",
     "b36d1df9b9d5e596f83e8b7f52971cb3"},
    {"c939cc13397c1d37de6ae0e1cb7c423c", "b3d8cc017cbb89b39e0f67e2",
     "c3b3c41f113a31b73d9a5cd432103069", "24825602bd12a984e0092d3e448eda5f",
     "93fe7d9e9bfd10348a5606e5cafa7354", "0032a1dc85f1c9786925a2e71d8272dd"},
};

// The same of gcmEncryptExtIV256.rsp.
constexpr AeadVector kGcm256[] = {
    {"b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4", "516c33929df5a3284ff463d7",
     "", "", "", "bdc1ac884d332457a1d2664f168c76f0"},
    {"31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22", "0d18e06c7c725ac9e362e1ce",
     "2db5168e932556f8089a0622981d017d", "", "fa4362189661d163fcd6a56d8bf0405a",
     "d636ac1bbedd5cc3ee727dc2ab4a9489"},
    {"92e11dcdaa866f5ce790fd24501f92509aacf4cb8b1339d50c9c1240935dd08b", "ac93a1a6145299bde902f21a",
     "2d71bcfa914e4ac045b2aa60955fad24", "1e0889016f67601c8ebea4943bc23ad6",
     "8995ae2e6df3dbf96fac7b7137bae67f", "eca5aa77d51d4a0a14d9c51e1da474ab"},
};

// RFC 8439 §2.8.2: "Ladies and Gentlemen of the class of '99 ..."
constexpr AeadVector kChaCha20[] = {
    {"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "070000004041424344454647",
     "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
     "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
     "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
     "637265656e20776f756c642062652069742e",
     "50515253c0c1c2c3c4c5c6c7",
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
     "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
     "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
     "3ff4def08e4b7a9de576d26586cec64b6116",
     "1ae10b594f09e26a7e902ecbd0600691"},
};

// NIST SP 800-38A, appendix F: F.2.1 and F.2.5 (CBC-AES128, CBC-AES256) have IV and plaintext in
// common.
struct CbcVector {
  const char* key;
  const char* ciphertext;
};
constexpr const char* kCbcIv = "000102030405060708090a0b0c0d0e0f";
constexpr const char* kCbcPlaintext =
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
constexpr CbcVector kCbc[] = {
    {"2b7e151628aed2a6abf7158809cf4f3c",
     "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
     "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"},
    {"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
     "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
     "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"},
};

// Keys of less than the MAC's size are filled up with zeros here, which HMAC does anyway (RFC 2104
// §2).
struct HmacVector {
  Mac mac;
  const char* key;
  const char* data;
  const char* result;
};
constexpr const char* kHiThere = "4869205468657265";
constexpr const char* kJefe = "4a656665";
constexpr const char* kNothing = "7768617420646f2079612077616e7420666f72206e6f7468696e673f";
constexpr const char* k0b = "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b";
constexpr const char* kAa = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
constexpr const char* kDd =
    "dddddddddddddddddddddddddddddddddddddddddddddddddd"
    "dddddddddddddddddddddddddddddddddddddddddddddddddd";
constexpr HmacVector kHmac[] = {
    // RFC 2202 §3, cases 1 to 3.
    {Mac::hmac_sha1, k0b, kHiThere, "b617318655057264e28bc0b6fb378c8ef146be00"},
    {Mac::hmac_sha1, kJefe, kNothing, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
    {Mac::hmac_sha1, kAa, kDd, "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
    // RFC 4231 §4.2 to §4.4.
    {Mac::hmac_sha256, k0b, kHiThere,
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {Mac::hmac_sha256, kJefe, kNothing,
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {Mac::hmac_sha256, kAa, kDd,
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {Mac::hmac_sha384, k0b, kHiThere,
     "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
     "faea9ea9076ede7f4af152e8b2fa9cb6"},
    {Mac::hmac_sha384, kJefe, kNothing,
     "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
     "8e2240ca5e69e2c78b3239ecfab21649"},
    {Mac::hmac_sha384, kAa, kDd,
     "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b"
     "2a5ab39dc13814b94e3ab6e101a34f27"},
};

const Suite& row(Cipher cipher, Mac mac) {
  const auto rows = tls_suites();
  return *std::find_if(rows.begin(), rows.end(), [cipher, mac](const Suite& s) {
    return s.cipher == cipher && s.mac == mac;
  });
}

// Keys for `suite`, of which the vector gives one and the other is zeros.
void install(Keys& keys, const MbManager& mb, const Suite& suite, Bytes key, Bytes mac_key) {
  KeyMaterial material;
  material.suite = &suite;
  key.resize(suite.key_size);
  mac_key.resize(mac_size(suite.mac));
  material.key.assign(key);
  material.mac_key.assign(mac_key);
  material.iv.assign(Bytes(suite.fixed_iv_size));
  ASSERT_TRUE(keys.install(mb, material));
}

Bytes evp_encrypt(const EVP_CIPHER* cipher, const Bytes& key, const Bytes& iv,
                  const Bytes& additional, const Bytes& plaintext, Bytes* tag) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> ctx(EVP_CIPHER_CTX_new(),
                                                                            EVP_CIPHER_CTX_free);
  Bytes out(plaintext.size() + 1);
  uint8_t none[16];
  int n = 0;
  EXPECT_EQ(EVP_EncryptInit_ex(ctx.get(), cipher, nullptr, key.data(), iv.data()), 1);
  EVP_CIPHER_CTX_set_padding(ctx.get(), 0);
  if (!additional.empty()) {
    EXPECT_EQ(EVP_EncryptUpdate(ctx.get(), nullptr, &n, additional.data(),
                                static_cast<int>(additional.size())),
              1);
  }
  EXPECT_EQ(EVP_EncryptUpdate(ctx.get(), out.data(), &n, plaintext.data(),
                              static_cast<int>(plaintext.size())),
            1);
  EXPECT_EQ(EVP_EncryptFinal_ex(ctx.get(), none, &n), 1);
  if (tag != nullptr) {
    tag->resize(kTagSize);
    EXPECT_EQ(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_GET_TAG, kTagSize, tag->data()), 1);
  }
  out.resize(plaintext.size());
  return out;
}

class KnownAnswersTest : public testing::TestWithParam<Isa> {
 protected:
  MbManager mb_{GetParam()};

  template <Cipher C>
  void check(std::span<const AeadVector> vectors, const EVP_CIPHER* evp) {
    for (const AeadVector& v : vectors) {
      SCOPED_TRACE(v.tag);
      const Bytes plaintext = from_hex(v.plaintext);
      const Bytes additional = from_hex(v.additional);
      const Bytes ciphertext = from_hex(v.ciphertext);
      const Bytes tag = from_hex(v.tag);
      Bytes evp_tag;
      EXPECT_EQ(
          evp_encrypt(evp, from_hex(v.key), from_hex(v.nonce), additional, plaintext, &evp_tag),
          ciphertext);
      EXPECT_EQ(evp_tag, tag);

      Keys keys;
      install(keys, mb_, row(C, Mac::aead), from_hex(v.key), {});
      Nonce nonce;
      std::copy_n(from_hex(v.nonce).begin(), sizeof(nonce.bytes), nonce.bytes);
      const auto size = static_cast<uint32_t>(plaintext.size());
      Bytes out(size + 1);
      Bytes found(kTagSize);
      aead_encrypt<C>(mb_, keys, out.data(), plaintext.data(), size, nonce, additional,
                      found.data());
      out.resize(size);
      EXPECT_EQ(out, ciphertext);
      EXPECT_EQ(found, tag);

      found.assign(kTagSize, 0);
      out.assign(size + 1, 0);
      aead_decrypt<C>(mb_, keys, out.data(), ciphertext.data(), size, nonce, additional,
                      found.data());
      out.resize(size);
      EXPECT_EQ(out, plaintext);
      EXPECT_EQ(found, tag);
    }
  }
};

TEST_P(KnownAnswersTest, AesGcmOfNistCavp) {
  check<Cipher::aes128_gcm>(kGcm128, EVP_aes_128_gcm());
  check<Cipher::aes256_gcm>(kGcm256, EVP_aes_256_gcm());
}

TEST_P(KnownAnswersTest, ChaCha20Poly1305OfRfc8439) {
  check<Cipher::chacha20_poly1305>(kChaCha20, EVP_chacha20_poly1305());
}

TEST_P(KnownAnswersTest, AesCbcOfSp80038a) {
  const Bytes iv = from_hex(kCbcIv);
  const Bytes plaintext = from_hex(kCbcPlaintext);
  for (const CbcVector& v : kCbc) {
    SCOPED_TRACE(v.key);
    const Bytes key = from_hex(v.key);
    const Bytes ciphertext = from_hex(v.ciphertext);
    EXPECT_EQ(evp_encrypt(key.size() == 16 ? EVP_aes_128_cbc() : EVP_aes_256_cbc(), key, iv, {},
                          plaintext, nullptr),
              ciphertext);
    const Cipher cipher = key.size() == 16 ? Cipher::aes128_cbc : Cipher::aes256_cbc;
    Keys keys;
    install(keys, mb_, row(cipher, Mac::hmac_sha1), key, {});
    // Alone, and as many as there are lanes and more.
    for (const size_t count : {1u, 2u, 7u, 16u, 17u}) {
      for (const auto direction : {IMB_DIR_ENCRYPT, IMB_DIR_DECRYPT}) {
        const Bytes& from = direction == IMB_DIR_ENCRYPT ? plaintext : ciphertext;
        std::vector<Bytes> to(count, Bytes(from.size()));
        std::vector<IMB_JOB> jobs(count);
        for (size_t i = 0; i < count; i++) {
          set_cipher_job(jobs[i], keys, to[i].data(), from.data(),
                         static_cast<uint32_t>(from.size()), iv.data());
        }
        cipher_burst(mb_, cipher, direction, jobs);
        for (const Bytes& out : to)
          EXPECT_EQ(out, direction == IMB_DIR_ENCRYPT ? ciphertext : plaintext);
      }
    }
  }
}

TEST_P(KnownAnswersTest, HmacOfRfc2202AndRfc4231) {
  for (const HmacVector& v : kHmac) {
    SCOPED_TRACE(v.result);
    const Bytes key = from_hex(v.key);
    const Bytes data = from_hex(v.data);
    const Bytes expected = from_hex(v.result);
    Bytes evp(EVP_MAX_MD_SIZE);
    HMAC(v.mac == Mac::hmac_sha1     ? EVP_sha1()
         : v.mac == Mac::hmac_sha256 ? EVP_sha256()
                                     : EVP_sha384(),
         key.data(), static_cast<int>(key.size()), data.data(), data.size(), evp.data(), nullptr);
    evp.resize(expected.size());
    EXPECT_EQ(evp, expected);

    Keys keys;
    install(keys, mb_, row(Cipher::aes256_cbc, v.mac), {}, key);
    // By the SHA instructions and in lanes (hash_manager()).
    for (const size_t count : {1u, 2u, 7u, 16u, 17u}) {
      std::vector<Bytes> macs(count, Bytes(64));
      std::vector<IMB_JOB> jobs(count);
      for (size_t i = 0; i < count; i++) {
        set_hash_job(jobs[i], keys, data.data(), static_cast<uint32_t>(data.size()),
                     macs[i].data());
      }
      hash_burst(mb_, v.mac, jobs);
      for (Bytes& mac : macs) {
        mac.resize(expected.size());
        EXPECT_EQ(mac, expected) << count;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, KnownAnswersTest, testing::ValuesIn(usable_isas()), isa_name);

}  // namespace
}  // namespace culvert::crypto::record
