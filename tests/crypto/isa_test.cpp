// Every instruction set of this machine computes AES-GCM right: test cases of McGrew and Viega,
// "The Galois/Counter Mode of Operation", appendix B, as submitted to NIST.
#include "crypto/isa.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "tests/crypto/hex.hpp"
#include "tests/crypto/isas.hpp"

namespace culvert::crypto {
namespace {

struct Vector {
  const char* key;
  const char* iv;
  const char* plaintext;
  const char* additional;
  const char* ciphertext;
  const char* tag;
};

constexpr const char* kPlaintext =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b5"
    "25"
    "b16aedf5aa0de657ba637b39";
constexpr const char* kAdditional = "feedfacedeadbeeffeedfacedeadbeefabaddad2";

constexpr Vector kVectors[] = {
    {"00000000000000000000000000000000", "000000000000000000000000", "", "", "",
     "58e2fccefa7e3061367f1d57a4e7455a"},
    {"00000000000000000000000000000000", "000000000000000000000000",
     "00000000000000000000000000000000", "", "0388dace60b6a392f328c2b971b2fe78",
     "ab6e47d42cec13bdf53a67b21257bddf"},
    {"feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", kPlaintext, kAdditional,
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84a"
     "a05"
     "1ba30b396a0aac973d58e091",
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "00000000000000000000000000000000", "", "cea7403d4d606b6e074ec5d3baf39d18",
     "d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     kPlaintext, kAdditional,
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828"
     "838"
     "c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

class IsaTest : public testing::TestWithParam<Isa> {};

TEST_P(IsaTest, ComputesTheVectorsOfTheGcmSpecification) {
  const MbManager mb(GetParam());
  EXPECT_EQ(mb.isa(), GetParam());
  for (const Vector& v : kVectors) {
    const auto key = from_hex(v.key);
    const auto iv = from_hex(v.iv);
    const auto plaintext = from_hex(v.plaintext);
    const auto additional = from_hex(v.additional);
    std::vector<uint8_t> out(plaintext.size() + 1);
    std::vector<uint8_t> tag(16);
    alignas(64) gcm_key_data expanded;
    gcm_context_data context;
    if (key.size() == 16) {
      IMB_AES128_GCM_PRE(mb.get(), key.data(), &expanded);
      IMB_AES128_GCM_ENC(mb.get(), &expanded, &context, out.data(), plaintext.data(),
                         plaintext.size(), iv.data(), additional.data(), additional.size(),
                         tag.data(), tag.size());
    } else {
      IMB_AES256_GCM_PRE(mb.get(), key.data(), &expanded);
      IMB_AES256_GCM_ENC(mb.get(), &expanded, &context, out.data(), plaintext.data(),
                         plaintext.size(), iv.data(), additional.data(), additional.size(),
                         tag.data(), tag.size());
    }
    out.resize(plaintext.size());
    EXPECT_EQ(out, from_hex(v.ciphertext));
    EXPECT_EQ(tag, from_hex(v.tag));
  }
}

INSTANTIATE_TEST_SUITE_P(All, IsaTest, testing::ValuesIn(usable_isas()), isa_name);

TEST(Isa, LimitIsRespected) {
  EXPECT_EQ(best_isa(128), Isa::sse);
  EXPECT_NE(best_isa(256), Isa::avx512);
  EXPECT_EQ(best_isa(0), best_isa(512));
  EXPECT_EQ(best_isa(64), Isa::sse);
}

TEST(Isa, MoreThanTheCpuHasIsRefused) {
  if (best_isa(0) == Isa::avx512) {
    EXPECT_NO_THROW(MbManager{Isa::avx512});
  } else {
    EXPECT_THROW(MbManager{Isa::avx512}, std::runtime_error);
  }
}

TEST(Isa, HasNames) {
  EXPECT_EQ(to_string(Isa::sse), "SSE");
  EXPECT_EQ(to_string(Isa::avx2), "AVX2");
  EXPECT_EQ(to_string(Isa::avx512), "AVX512");
  EXPECT_FALSE(ipsec_mb_version().empty());
}

}  // namespace
}  // namespace culvert::crypto
