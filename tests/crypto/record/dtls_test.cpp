// DTLS 1.2 records: sealed byte for byte as OpenSSL's EVP does, opened in any order, and a status
// for whatever else a datagram may bring. With guard pages behind record and payload.
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "tests/crypto/record/opening.hpp"

namespace culvert::crypto::record {
namespace {

constexpr uint64_t kEpoch1 = dtls_sequence(1, 0);

class DtlsTest : public OpeningTest {
 protected:
  std::vector<uint8_t> forge(const Suite& suite, uint64_t sequence,
                             std::span<const uint8_t> payload, uint8_t type = 23) {
    Forgery f;
    f.sequence = sequence;
    f.explicit_nonce = rng_();  // what the peer likes; ours is the sequence number
    f.outer_type = type;
    return evp_seal(test_material(suite), f, payload);
  }

  // With keys of epoch 1.
  Opened open_one(const Suite& suite, std::span<const uint8_t> record, bool in_place) {
    KeyMaterial material = test_material(suite);
    material.sequence = dtls_sequence(1, 77);
    Opened o = open_with(material, record, in_place, overhead(suite).total());
    EXPECT_EQ(o.sequence, material.sequence) << "only the caller's window moves";
    EXPECT_FALSE(o.held) << "a datagram says nothing about the next";
    return o;
  }

  void refused(const Suite& suite, std::span<const uint8_t> record, OpenStatus status) {
    for (const bool in_place : {false, true}) {
      const Opened o = open_one(suite, record, in_place);
      EXPECT_EQ(static_cast<int>(o.status), static_cast<int>(status));
      EXPECT_TRUE(o.payload.empty());
      if (!in_place && status != OpenStatus::bad_tag) {
        EXPECT_EQ(std::count(o.room.begin(), o.room.end(), 0xee), static_cast<long>(o.room.size()));
      }
    }
  }
};

std::vector<size_t> sizes(std::mt19937_64& rng) {
  std::vector<size_t> out{kMaxPlaintext, kMaxPlaintext - 1};
  for (size_t n = 0; n < 140; n++)
    out.push_back(n);
  for (int i = 0; i < 30; i++)
    out.push_back(rng() % 1500);
  return out;
}

TEST_P(DtlsTest, SealsAsOpenSslDoes) {
  for (const Suite& suite : aead_only(dtls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    KeyMaterial material = test_material(suite);
    material.sequence = dtls_sequence(1, 0xffffff80);
    Keys keys;
    ASSERT_TRUE(keys.install(mb_, material));
    const auto o = overhead(suite);
    Forgery expected;
    expected.sequence = material.sequence;
    for (const size_t size : sizes(rng_)) {
      const auto payload = random_bytes(size);
      expected.explicit_nonce = expected.sequence;
      expected.outer_type = size % 7 == 0 ? 21 : 23;
      const auto record = record_room_.last(size + o.total());
      std::copy(payload.begin(), payload.end(), record.begin() + o.prefix);
      SealOp op{&keys, record.data(), static_cast<uint32_t>(size),
                static_cast<ContentType>(expected.outer_type), 0};
      seal(mb_, {&op, 1});
      ASSERT_EQ(op.record_size, record.size());
      ASSERT_EQ(to_vector(record), evp_seal(material, expected, payload)) << size;
      EXPECT_EQ(dtls_sequence(record.data()), expected.sequence);
      expected.sequence++;
    }
    EXPECT_EQ(keys.sequence, expected.sequence);
  }
}

TEST_P(DtlsTest, OpensWhatOpenSslSealedInAnyOrder) {
  for (const Suite& suite : aead_only(dtls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    for (const size_t size : sizes(rng_)) {
      const auto payload = random_bytes(size);
      const auto record = forge(suite, dtls_sequence(1, rng_()), payload);
      for (const bool in_place : {false, true}) {
        const Opened o = open_one(suite, record, in_place);
        ASSERT_EQ(o.status, OpenStatus::ok) << size;
        EXPECT_EQ(o.type, ContentType::application_data);
        ASSERT_EQ(o.payload, payload);
      }
    }
    for (const uint64_t number : {uint64_t{0}, kDtlsSequenceMask}) {
      EXPECT_EQ(open_one(suite, forge(suite, dtls_sequence(1, number), {}), true).status,
                OpenStatus::ok);
    }
  }
}

TEST_P(DtlsTest, EveryTamperedByteIsNoticed) {
  for (const Suite& suite : aead_only(dtls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    for (const size_t size : {0u, 1u, 15u, 64u, 300u}) {
      const auto good = forge(suite, kEpoch1 + 9, random_bytes(size));
      for (size_t at = 0; at < good.size(); at++) {
        auto bad = good;
        bad[at] ^= static_cast<uint8_t>(1u << (rng_() % 8));
        for (const bool in_place : {false, true}) {
          const Opened o = open_one(suite, bad, in_place);
          const OpenStatus expected = at == 1 || at == 2     ? OpenStatus::bad_version
                                      : at == 3 || at == 4   ? OpenStatus::bad_epoch
                                      : at == 11 || at == 12 ? OpenStatus::bad_length
                                                             : OpenStatus::bad_tag;
          // A changed type is one that does not exist, or is found by the tag.
          if (at != 0) {
            ASSERT_EQ(o.status, expected) << at;
          }
          ASSERT_NE(o.status, OpenStatus::ok) << at;
          if (o.status == OpenStatus::bad_tag) {
            EXPECT_EQ(std::count(o.room.begin(), o.room.end(), 0),
                      static_cast<long>(o.room.size()));
          }
        }
      }
    }
  }
}

TEST_P(DtlsTest, TruncatedAndExtendedDatagramsAreRefused) {
  for (const Suite& suite : aead_only(dtls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    const auto good = forge(suite, kEpoch1 + 9, random_bytes(40));
    for (size_t size = 0; size < good.size(); size++) {
      std::vector<uint8_t> cut(good.begin(), good.begin() + static_cast<long>(size));
      refused(suite, cut, OpenStatus::bad_length);
      if (size < kDtlsHeaderSize) continue;
      // The same with a header that agrees.
      store_be<uint16_t>(&cut[11], static_cast<uint16_t>(size - kDtlsHeaderSize));
      refused(suite, cut,
              size < overhead(suite).total() ? OpenStatus::bad_length : OpenStatus::bad_tag);
    }
    auto longer = good;
    longer.push_back(0);
    refused(suite, longer, OpenStatus::bad_length);
    for (const size_t size : {kMaxPlaintext + 1, 65000u})
      refused(suite, forge(suite, kEpoch1, std::vector<uint8_t>(size)), OpenStatus::bad_length);
  }
}

TEST_P(DtlsTest, OtherVersionsEpochsAndTypesAreRefused) {
  for (const Suite& suite : aead_only(dtls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    Forgery f;
    f.sequence = kEpoch1;
    for (const uint16_t version : std::initializer_list<uint16_t>{0x0100, 0xfeff, 0x0303, 0xfefc}) {
      f.version = version;
      refused(suite, evp_seal(test_material(suite), f, random_bytes(30)), OpenStatus::bad_version);
    }
    for (const uint16_t epoch : std::initializer_list<uint16_t>{0, 2, 0xffff}) {
      refused(suite, forge(suite, dtls_sequence(epoch, 5), random_bytes(30)),
              OpenStatus::bad_epoch);
    }
    for (int type = 0; type < 256; type++) {
      const auto record = forge(suite, kEpoch1, random_bytes(3), static_cast<uint8_t>(type));
      if (type >= 20 && type <= 23) {
        const Opened o = open_one(suite, record, true);
        EXPECT_EQ(o.status, OpenStatus::ok);
        EXPECT_EQ(static_cast<int>(o.type), type);
      } else {
        refused(suite, record, OpenStatus::bad_type);
      }
    }
  }
}

TEST_P(DtlsTest, OnlyApplicationDataMayBeEmpty) {
  for (const Suite& suite : aead_only(dtls_suites())) {
    for (const uint8_t type : std::initializer_list<uint8_t>{21, 22, 23}) {
      EXPECT_EQ(open_one(suite, forge(suite, kEpoch1, {}, type), true).status,
                type == 23 ? OpenStatus::ok : OpenStatus::bad_type);
    }
  }
}

TEST_P(DtlsTest, OneBadRecordOfABurstHurtsOnlyItself) {
  for (const Suite& suite : aead_only(dtls_suites())) {
    KeyMaterial material = test_material(suite);
    material.sequence = kEpoch1;
    Keys keys;
    ASSERT_TRUE(keys.install(mb_, material));
    std::vector<std::vector<uint8_t>> records;
    for (uint64_t i = 0; i < 40; i++) {
      records.push_back(forge(suite, kEpoch1 + i % 30, random_bytes(50), i == 3 ? 22 : 23));
      if (i % 5 == 4) records.back().back() ^= 1;
    }
    const auto ops = open_burst(keys, records);
    for (size_t i = 0; i < ops.size(); i++)
      EXPECT_EQ(ops[i].status, i % 5 == 4 ? OpenStatus::bad_tag : OpenStatus::ok) << i;
    EXPECT_EQ(ops[3].type, ContentType::handshake);
  }
}

TEST_P(DtlsTest, SealingStopsAtTheEndOfTheEpoch) {
  for (const Suite& suite : aead_only(dtls_suites())) {
    KeyMaterial material = test_material(suite);
    material.sequence = dtls_sequence(1, kDtlsSequenceMask - 1);
    Keys keys;
    ASSERT_TRUE(keys.install(mb_, material));
    std::vector<uint8_t> record(overhead(suite).total());
    for (const bool last : {false, true}) {
      SealOp op{&keys, record.data(), 0, ContentType::application_data, 9};
      seal(mb_, {&op, 1});
      EXPECT_EQ(op.record_size, last ? 0 : record.size());
      EXPECT_EQ(keys.sequence, dtls_sequence(1, kDtlsSequenceMask)) << "never into the next epoch";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, DtlsTest, testing::ValuesIn(usable_isas()), isa_name);

}  // namespace
}  // namespace culvert::crypto::record
