// AES-CBC with HMAC, TLS 1.2 and DTLS 1.2: sealed byte for byte as OpenSSL's EVP does, opened with
// every length of padding, refused alike whatever is wrong, on every instruction set and in bursts
// of every size.
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "tests/crypto/record/cbc_opening.hpp"

namespace culvert::crypto::record {
namespace {

std::vector<Suite> both_versions() {
  return one_of_each({cbc_only(tls_suites()), cbc_over_dtls()});
}

class CbcTest : public CbcOpeningTest {
 protected:
  static KeyMaterial material(const Suite& suite, uint64_t number) {
    KeyMaterial out = test_material(suite);
    out.sequence = is_dtls(suite.version) ? dtls_sequence(1, number) : number;
    return out;
  }

  OpenStatus open_one(const Suite& suite, uint64_t number, std::span<const uint8_t> record,
                      bool in_place, Bytes* payload = nullptr) {
    return open_one_with(material(suite, number), record, in_place, payload);
  }
};

TEST_P(CbcTest, SealsAsOpenSslDoesInBurstsOfAnySize) {
  for (const Suite& suite : both_versions()) {
    SCOPED_TRACE(std::string(suite.name) + " " + std::string(to_string(suite.version)));
    const KeyMaterial keys_material = material(suite, 0xfffffff0);
    Keys keys;
    ASSERT_TRUE(keys.install(mb_, keys_material));
    const auto o = overhead(suite);
    Forgery f;
    f.sequence = keys_material.sequence;
    std::set<Bytes> ivs;
    size_t next_size = 0;
    for (const size_t burst : {1u, 2u, 3u, 4u, 5u, 8u, 9u, 17u, 63u, 64u, 65u, 150u}) {
      std::vector<Bytes> records(burst);
      std::vector<Bytes> payloads(burst);
      std::vector<SealOp> ops;
      for (size_t i = 0; i < burst; i++) {
        const size_t size = i == 40 ? kMaxPlaintext : next_size++ % 300;
        payloads[i] = random_bytes(size);
        records[i].resize(size + o.total());
        std::copy(payloads[i].begin(), payloads[i].end(), records[i].begin() + o.prefix);
        ops.push_back({&keys, records[i].data(), static_cast<uint32_t>(size),
                       i % 7 == 3 ? ContentType::alert : ContentType::application_data, 0});
      }
      seal(mb_, ops);
      for (size_t i = 0; i < burst; i++) {
        ASSERT_LE(ops[i].record_size, records[i].size());
        ASSERT_EQ(ops[i].record_size, record_size(suite, ops[i].payload_size));
        records[i].resize(ops[i].record_size);
        f.outer_type = static_cast<uint8_t>(ops[i].type);
        f.iv.assign(records[i].begin() + header_size(suite.version), records[i].begin() + o.prefix);
        ASSERT_EQ(records[i], evp_seal(keys_material, f, payloads[i])) << burst << " " << i;
        EXPECT_TRUE(ivs.insert(f.iv).second) << "an IV came twice";
        f.sequence++;
      }
    }
    EXPECT_EQ(keys.sequence, f.sequence);
  }
}

TEST_P(CbcTest, OpensEveryLengthOfPadding) {
  for (const Suite& suite : both_versions()) {
    SCOPED_TRACE(std::string(suite.name));
    for (const size_t size : {0u, 1u, 11u, 12u, 13u, 64u, 300u, 1400u, kMaxPlaintext}) {
      const Bytes payload = random_bytes(size);
      for (size_t padding = 0; padding <= 240; padding += 16) {
        Forgery f;
        f.sequence = material(suite, 5).sequence;
        f.explicit_nonce = rng_();
        f.padding = padding;
        const Bytes record = evp_seal(test_material(suite), f, payload);
        for (const bool in_place : {false, true}) {
          Bytes got;
          ASSERT_EQ(open_one(suite, 5, record, in_place, &got), OpenStatus::ok)
              << size << " " << padding;
          ASSERT_EQ(got, payload);
        }
      }
    }
  }
}

TEST_P(CbcTest, RefusesWrongMacAndPaddingAlike) {
  for (const Suite& suite : both_versions()) {
    SCOPED_TRACE(std::string(suite.name));
    const size_t mac = mac_size(suite.mac);
    for (const size_t size : {0u, 5u, 60u, 400u}) {
      for (size_t padding = 0; padding <= 240; padding += 48) {
        Forgery f;
        f.sequence = material(suite, 5).sequence;
        f.padding = padding;
        const Bytes payload = random_bytes(size);
        const Bytes good = evp_seal(test_material(suite), f, payload);
        ASSERT_EQ(open_one(suite, 5, good, false), OpenStatus::ok);
        const size_t tail = good.size() - overhead(suite).prefix - size;
        for (size_t at = 0; at < tail; at++) {
          f.spoil = [at, this](Bytes& t) { t[at] ^= static_cast<uint8_t>(1 << rng_() % 8); };
          ASSERT_EQ(open_one(suite, 5, evp_seal(test_material(suite), f, payload), at % 2 == 0),
                    OpenStatus::bad_tag)
              << (at < mac ? "MAC" : "padding");
        }
        // More padding than there is record, in each way that it may look right.
        for (int last = 0; last < 256; last += 5) {
          f.spoil = [last](Bytes& t) { t.back() = static_cast<uint8_t>(last); };
          const Bytes bad = evp_seal(test_material(suite), f, payload);
          if (bad != good) {
            ASSERT_EQ(open_one(suite, 5, bad, true), OpenStatus::bad_tag);
          }
        }
      }
    }
  }
}

TEST_P(CbcTest, EveryTamperedByteAndEveryCutIsNoticed) {
  for (const Suite& suite : both_versions()) {
    SCOPED_TRACE(std::string(suite.name));
    Forgery f;
    f.sequence = material(suite, 5).sequence;
    const Bytes good = evp_seal(test_material(suite), f, random_bytes(70));
    const uint32_t length_at = header_size(suite.version) - 2;
    for (size_t at = 0; at < good.size(); at++) {
      Bytes bad = good;
      bad[at] ^= static_cast<uint8_t>(1 << rng_() % 8);
      EXPECT_NE(open_one(suite, 5, bad, true), OpenStatus::ok) << at;
    }
    for (size_t size = 0; size < good.size(); size++) {
      Bytes cut(good.begin(), good.begin() + static_cast<long>(size));
      EXPECT_EQ(open_one(suite, 5, cut, true), OpenStatus::bad_length);
      if (size < header_size(suite.version)) continue;
      store_be<uint16_t>(&cut[length_at], static_cast<uint16_t>(size - header_size(suite.version)));
      const bool whole =
          size >= overhead(suite).shortest && (size - header_size(suite.version)) % kBlockSize == 0;
      EXPECT_EQ(open_one(suite, 5, cut, true),
                whole ? OpenStatus::bad_tag : OpenStatus::bad_length);
    }
    f.sequence++;
    const Bytes other = evp_seal(test_material(suite), f, random_bytes(70));
    // TLS: not the next number. DTLS takes numbers as they come.
    EXPECT_EQ(open_one(suite, 5, other, true),
              suite.version == Version::tls12 ? OpenStatus::bad_tag : OpenStatus::ok);
    f.sequence--;
    EXPECT_EQ(open_one(suite, 5, evp_seal(test_material(suite), f, Bytes(kMaxPlaintext + 1)), true),
              OpenStatus::bad_length);
    for (const uint8_t type : std::initializer_list<uint8_t>{0, 19, 24, 255}) {
      f.outer_type = type;
      EXPECT_EQ(open_one(suite, 5, evp_seal(test_material(suite), f, Bytes(5)), true),
                OpenStatus::bad_type);
    }
    f.outer_type = 21;
    EXPECT_EQ(open_one(suite, 5, evp_seal(test_material(suite), f, {}), true),
              OpenStatus::bad_type);
  }
}

TEST_P(CbcTest, RecordsOfOneLengthHashAsManyBlocks) {
  for (const Suite& suite : both_versions()) {
    // Plaintexts, of which some may be shorter than a block of the hash: all good paddings, and wrong
    // ones of all kinds.
    for (const size_t plaintext : {96u, 240u, 512u}) {
      SCOPED_TRACE(std::string(suite.name) + " " + std::to_string(plaintext));
      std::set<uint64_t> counts;
      const auto count_one = [&](const Forgery& f, size_t size) {
        const Bytes record = evp_seal(test_material(suite), f, random_bytes(size));
        ASSERT_EQ(record.size(), overhead(suite).prefix + plaintext);
        const uint64_t before = mb_.hash_blocks();
        open_one(suite, 5, record, true);
        counts.insert(mb_.hash_blocks() - before);
      };
      const size_t most = plaintext - mac_size(suite.mac) - 1;
      for (size_t padding = 0; padding <= std::min<size_t>(most, 255); padding++) {
        Forgery f;
        f.sequence = material(suite, 5).sequence;
        f.padding = padding / 16 * 16;
        const size_t size = most - padding;
        count_one(f, size);
        f.spoil = [](Bytes& t) { t[0] ^= 1; };
        count_one(f, size);
        f.spoil = [](Bytes& t) { t[t.size() - 2] ^= 1; };
        count_one(f, size);
        f.spoil = [&](Bytes& t) { t.back() = static_cast<uint8_t>(rng_()); };
        count_one(f, size);
      }
      EXPECT_EQ(counts.size(), 1u);
    }
  }
}

TEST_P(CbcTest, AStreamStopsAtAFailureOrAHandshakeMessage) {
  for (const Suite& suite : cbc_only(tls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    for (const bool tamper : {false, true}) {
      Keys keys;
      ASSERT_TRUE(keys.install(mb_, material(suite, 0)));
      std::vector<Bytes> records;
      for (uint64_t i = 0; i < 100; i++) {
        Forgery f;
        f.sequence = f.explicit_nonce = i;
        f.outer_type = i == 70 && !tamper ? 22 : 23;
        records.push_back(evp_seal(test_material(suite), f, random_bytes(50)));
      }
      if (tamper) records[70].back() ^= 1;
      const auto sealed = records;
      const auto ops = open_burst(keys, records);
      for (size_t i = 0; i < 70; i++)
        ASSERT_EQ(ops[i].status, OpenStatus::ok) << i;
      EXPECT_EQ(ops[70].status, tamper ? OpenStatus::bad_tag : OpenStatus::ok);
      for (size_t i = 71; i < 100; i++) {
        ASSERT_EQ(ops[i].status, OpenStatus::held) << i;
        EXPECT_EQ(ops[i].payload_size, 0u);
        if (!tamper) {
          EXPECT_EQ(records[i], sealed[i]) << "to be opened again";
        }
      }
      EXPECT_TRUE(keys.held);
      EXPECT_EQ(keys.sequence, tamper ? 70u : 71u);
    }
  }
}

TEST_P(CbcTest, DatagramsFailEachForItself) {
  for (const Suite& suite : cbc_over_dtls()) {
    SCOPED_TRACE(std::string(suite.name));
    Keys keys;
    ASSERT_TRUE(keys.install(mb_, material(suite, 0)));
    std::vector<Bytes> records;
    for (uint64_t i = 0; i < 100; i++) {
      Forgery f;
      f.sequence = dtls_sequence(i % 5 == 2 ? 2 : 1, rng_());
      records.push_back(evp_seal(test_material(suite), f, random_bytes(rng_() % 1400)));
      if (i % 5 == 4) records.back()[30] ^= 1;
    }
    const auto ops = open_burst(keys, records);
    for (size_t i = 0; i < 100; i++) {
      EXPECT_EQ(ops[i].status, i % 5 == 2   ? OpenStatus::bad_epoch
                               : i % 5 == 4 ? OpenStatus::bad_tag
                                            : OpenStatus::ok);
    }
    EXPECT_EQ(keys.sequence, dtls_sequence(1, 0));
    EXPECT_FALSE(keys.held);
  }
}

TEST_P(CbcTest, SequenceNumbersRunOut) {
  for (const Suite& suite : both_versions()) {
    const uint64_t last =
        is_dtls(suite.version) ? kDtlsSequenceMask - 1 : std::numeric_limits<uint64_t>::max() - 1;
    Keys keys;
    ASSERT_TRUE(keys.install(mb_, material(suite, last)));
    Bytes records(3 * overhead(suite).total());
    SealOp ops[3];
    for (size_t i = 0; i < 3; i++) {
      ops[i] = {&keys, &records[i * overhead(suite).total()], 0, ContentType::application_data, 9};
    }
    seal(mb_, ops);
    EXPECT_EQ(ops[0].record_size, overhead(suite).shortest);
    EXPECT_EQ(ops[1].record_size, 0u);
    EXPECT_EQ(ops[2].record_size, 0u);
    EXPECT_EQ(open_one(suite, last, {records.data(), ops[0].record_size}, true), OpenStatus::ok);
  }
}

INSTANTIATE_TEST_SUITE_P(All, CbcTest, testing::ValuesIn(usable_isas()), isa_name);

}  // namespace
}  // namespace culvert::crypto::record
