// Opening: what OpenSSL's EVP sealed, and everything that must be refused, on every instruction
// set, in place and elsewhere, with guard pages behind record and payload.
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "tests/crypto/record/opening.hpp"

namespace culvert::crypto::record {
namespace {

class OpenTest : public OpeningTest {
 protected:
  // With fresh keys at `sequence`.
  Opened open_one(const Suite& suite, uint64_t sequence, std::span<const uint8_t> record,
                  bool in_place) {
    KeyMaterial material = test_material(suite);
    material.sequence = sequence;
    // The promised room: the plaintext, and the inner type byte of TLS 1.3.
    Opened o = open_with(material, record, in_place, overhead(suite).prefix + kTagSize);
    EXPECT_EQ(o.held, o.status != OpenStatus::ok || o.type == ContentType::handshake);
    return o;
  }

  void refused(const Suite& suite, std::span<const uint8_t> record, OpenStatus status,
               uint64_t sequence = 5) {
    for (const bool in_place : {false, true}) {
      const Opened o = open_one(suite, sequence, record, in_place);
      EXPECT_EQ(static_cast<int>(o.status), static_cast<int>(status));
      EXPECT_TRUE(o.payload.empty());
    }
  }
};

const Suite& suite13() {
  return *find_suite(Version::tls13, "TLS_AES_128_GCM_SHA256");
}

TEST_P(OpenTest, OpensWhatOpenSslSealed) {
  for (const Suite& suite : aead_only(tls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    std::vector<size_t> sizes{kMaxPlaintext, kMaxPlaintext - 1};
    for (size_t n = 0; n < 140; n++)
      sizes.push_back(n);
    for (int i = 0; i < 30; i++)
      sizes.push_back(rng_() % (kMaxPlaintext + 1));
    for (const size_t size : sizes) {
      const auto payload = random_bytes(size);
      Forgery f;
      f.sequence = rng_();
      f.explicit_nonce = rng_();
      const auto record = evp_seal(test_material(suite), f, payload);
      for (const bool in_place : {false, true}) {
        const Opened o = open_one(suite, f.sequence, record, in_place);
        ASSERT_EQ(o.status, OpenStatus::ok) << size;
        EXPECT_EQ(o.type, ContentType::application_data);
        ASSERT_EQ(o.payload, payload);
      }
    }
  }
}

TEST_P(OpenTest, EveryTamperedByteIsNoticed) {
  for (const Suite& suite : aead_only(tls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    for (const size_t size : {0u, 1u, 15u, 64u, 300u}) {
      Forgery f;
      f.sequence = 5;
      const auto good = evp_seal(test_material(suite), f, random_bytes(size));
      for (size_t at = 0; at < good.size(); at++) {
        auto bad = good;
        bad[at] ^= static_cast<uint8_t>(1u << (rng_() % 8));
        for (const bool in_place : {false, true}) {
          const Opened o = open_one(suite, 5, bad, in_place);
          ASSERT_NE(o.status, OpenStatus::ok) << at;
          if (at == 3 || at == 4) {
            EXPECT_EQ(o.status, OpenStatus::bad_length);
          }
          if (at >= kHeaderSize || at == 1 || at == 2) {
            EXPECT_EQ(o.status, OpenStatus::bad_tag);
            // Nothing of the plaintext stays behind.
            EXPECT_EQ(std::count(o.room.begin(), o.room.end(), 0),
                      static_cast<long>(o.room.size()));
          }
        }
      }
    }
  }
}

TEST_P(OpenTest, TruncatedAndExtendedRecordsAreRefused) {
  for (const Suite& suite : aead_only(tls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    Forgery f;
    f.sequence = 5;
    const auto good = evp_seal(test_material(suite), f, random_bytes(40));
    for (size_t size = 0; size < good.size(); size++) {
      std::vector<uint8_t> cut(good.begin(), good.begin() + static_cast<long>(size));
      refused(suite, cut, OpenStatus::bad_length);
      if (size < kHeaderSize) continue;
      // The same with a header that agrees: then it is the tag that is wrong, unless there is no
      // room for one.
      store_be<uint16_t>(&cut[3], static_cast<uint16_t>(size - kHeaderSize));
      refused(suite, cut,
              size < overhead(suite).total() ? OpenStatus::bad_length : OpenStatus::bad_tag);
    }
    auto longer = good;
    longer.push_back(0);
    refused(suite, longer, OpenStatus::bad_length);
  }
}

TEST_P(OpenTest, ReplayedAndReorderedRecordsAreRefused) {
  for (const Suite& suite : aead_only(tls_suites())) {
    Forgery f;
    for (const uint64_t sequence : {4u, 6u, 0u}) {
      f.sequence = sequence;
      refused(suite, evp_seal(test_material(suite), f, random_bytes(40)), OpenStatus::bad_tag);
    }
  }
}

TEST_P(OpenTest, OversizedRecordsAreRefusedBeforeDecryption) {
  for (const Suite& suite : aead_only(tls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    Forgery f;
    f.sequence = 5;
    for (const size_t size : {kMaxPlaintext + 1, kMaxPlaintext + 256, 65000u}) {
      const auto record = evp_seal(test_material(suite), f, std::vector<uint8_t>(size));
      refused(suite, record, OpenStatus::bad_length);
      EXPECT_EQ(open_one(suite, 5, record, false).room[0], 0xee);
    }
  }
}

TEST_P(OpenTest, TypesThatDoNotExistAreRefused) {
  for (const Suite& suite : aead_only(tls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    for (int type = 0; type < 256; type++) {
      Forgery f;
      f.sequence = 5;
      f.outer_type = f.inner_type = static_cast<uint8_t>(type);
      if (suite.version == Version::tls13) f.outer_type = 23;
      const auto record = evp_seal(test_material(suite), f, std::vector<uint8_t>{1, 2});
      const int lowest = suite.version == Version::tls13 ? 21 : 20;
      const Opened o = open_one(suite, 5, record, false);
      if (type >= lowest && type <= 23) {
        EXPECT_EQ(o.status, OpenStatus::ok);
        EXPECT_EQ(static_cast<int>(o.type), type);
      } else if (suite.version == Version::tls13 && type == 0) {
        // Type 0 is padding: the last byte of the payload becomes the type, and 2 is none.
        EXPECT_EQ(o.status, OpenStatus::bad_type);
      } else {
        EXPECT_EQ(o.status, OpenStatus::bad_type) << type;
      }
    }
  }
}

TEST_P(OpenTest, Tls13OuterTypeIsAlwaysApplicationData) {
  for (const uint8_t type : std::initializer_list<uint8_t>{20, 21, 22, 24}) {
    Forgery f;
    f.sequence = 5;
    f.outer_type = type;
    refused(suite13(), evp_seal(test_material(suite13()), f, std::vector<uint8_t>(3)),
            OpenStatus::bad_type);
  }
}

TEST_P(OpenTest, OnlyApplicationDataMayBeEmpty) {
  for (const Suite& suite : aead_only(tls_suites())) {
    for (const uint8_t type : std::initializer_list<uint8_t>{21, 22, 23}) {
      Forgery f;
      f.sequence = 5;
      f.outer_type = f.inner_type = type;
      if (suite.version == Version::tls13) f.outer_type = 23;
      const auto record = evp_seal(test_material(suite), f, {});
      EXPECT_EQ(open_one(suite, 5, record, true).status,
                type == 23 ? OpenStatus::ok : OpenStatus::bad_type);
    }
  }
}

TEST_P(OpenTest, Tls13PaddingIsStripped) {
  const auto payload = random_bytes(100);
  for (const size_t padding : {1u, 7u, 16u, 1000u, kMaxPlaintext - 100}) {
    Forgery f;
    f.sequence = 5;
    f.padding = padding;
    const auto record = evp_seal(test_material(suite13()), f, payload);
    for (const bool in_place : {false, true}) {
      const Opened o = open_one(suite13(), 5, record, in_place);
      EXPECT_EQ(o.status, OpenStatus::ok);
      EXPECT_EQ(o.payload, payload);
    }
  }
  // RFC 8446 §5.4: padding counts towards the limit.
  Forgery f;
  f.sequence = 5;
  f.padding = kMaxPlaintext - 99;
  refused(suite13(), evp_seal(test_material(suite13()), f, payload), OpenStatus::bad_length);
}

TEST_P(OpenTest, Tls13PaddingWithoutATypeIsRefused) {
  for (const size_t padding : {1u, 2u, 64u, kMaxPlaintext + 1}) {
    Forgery f;
    f.sequence = 5;
    f.inner_type = 0;
    f.padding = padding;
    refused(suite13(), evp_seal(test_material(suite13()), f, {}), OpenStatus::bad_type);
  }
  Forgery f;
  f.sequence = 5;
  f.inner_type = 0;
  refused(suite13(), evp_seal(test_material(suite13()), f, {}), OpenStatus::bad_length);
}

TEST_P(OpenTest, SequenceNumbersRunOut) {
  for (const Suite& suite : aead_only(tls_suites())) {
    Forgery f;
    f.sequence = std::numeric_limits<uint64_t>::max() - 1;
    EXPECT_EQ(open_one(suite, f.sequence, evp_seal(test_material(suite), f, {}), true).status,
              OpenStatus::ok);
    f.sequence++;
    refused(suite, evp_seal(test_material(suite), f, {}), OpenStatus::exhausted, f.sequence);
  }
}

TEST_P(OpenTest, WhatFollowsAFailureOrAHandshakeMessageIsLeftAlone) {
  for (const Suite& suite : aead_only(tls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    const KeyMaterial material = test_material(suite);
    for (const bool tamper : {false, true}) {
      std::vector<std::vector<uint8_t>> records;
      for (uint64_t i = 0; i < 4; i++) {
        Forgery f;
        f.sequence = f.explicit_nonce = i;
        f.inner_type = i == 1 && !tamper ? 22 : 23;
        if (suite.version == Version::tls12) f.outer_type = f.inner_type;
        records.push_back(evp_seal(material, f, random_bytes(50)));
      }
      if (tamper) records[1].back() ^= 1;
      const auto sealed = records;
      Keys keys;
      ASSERT_TRUE(keys.install(mb_, material));
      const auto ops = open_burst(keys, records);
      EXPECT_EQ(ops[0].status, OpenStatus::ok);
      EXPECT_EQ(ops[1].status, tamper ? OpenStatus::bad_tag : OpenStatus::ok);
      EXPECT_EQ(ops[2].status, OpenStatus::held);
      EXPECT_EQ(ops[3].status, OpenStatus::held);
      EXPECT_EQ(records[2], sealed[2]);
      EXPECT_EQ(records[3], sealed[3]);
      EXPECT_EQ(keys.sequence, tamper ? 1u : 2u);
      if (tamper) continue;
      // The keys were not changed: the rest opens.
      keys.held = false;
      std::vector<std::vector<uint8_t>> rest{records[2], records[3]};
      for (const OpenOp& op : open_burst(keys, rest))
        EXPECT_EQ(op.status, OpenStatus::ok);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, OpenTest, testing::ValuesIn(usable_isas()), isa_name);

}  // namespace
}  // namespace culvert::crypto::record
