// AES-CBC with HMAC over the ciphertext (RFC 7366): sealed byte for byte as OpenSSL's EVP does, opened
// in place and elsewhere, refused by the MAC before anything is deciphered, in bursts of every size and
// on every instruction set.
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "tests/crypto/record/cbc_opening.hpp"

namespace culvert::crypto::record {
namespace {

std::vector<Suite> both_versions_etm() {
  return one_of_each({cbc_only(tls_suites()), cbc_only(dtls_suites())});
}

class CbcEtmTest : public CbcOpeningTest {
 protected:
  static KeyMaterial material(const Suite& suite, uint64_t number) {
    KeyMaterial out = test_material(suite);
    out.sequence = suite.version == Version::dtls12 ? dtls_sequence(1, number) : number;
    out.encrypt_then_mac = true;
    return out;
  }

  OpenStatus open_one(const Suite& suite, uint64_t number, std::span<const uint8_t> record,
                      bool in_place, Bytes* payload = nullptr) {
    return open_one_with(material(suite, number), record, in_place, payload);
  }
};

TEST_P(CbcEtmTest, SealsAsOpenSslDoesInBurstsOfAnySize) {
  for (const Suite& suite : both_versions_etm()) {
    SCOPED_TRACE(std::string(suite.name) + " " + std::string(to_string(suite.version)));
    const KeyMaterial keys_material = material(suite, 0xfffffff0);
    Keys keys;
    ASSERT_TRUE(keys.install(mb_, keys_material));
    const auto o = overhead(keys);
    Forgery f;
    f.sequence = keys_material.sequence;
    std::set<Bytes> ivs;
    size_t next_size = 0;
    for (const size_t burst : {1u, 2u, 5u, 8u, 17u, 63u, 64u, 65u, 150u}) {
      // One behind the other: nothing outside a record is touched, not even for a moment.
      std::vector<Bytes> payloads(burst);
      size_t room = 0;
      for (size_t i = 0; i < burst; i++) {
        payloads[i] = random_bytes(i == 40 ? kMaxPlaintext : next_size++ % 300);
        room += payloads[i].size() + o.total();
      }
      Bytes memory(room);
      std::vector<SealOp> ops;
      uint8_t* at = memory.data();
      for (size_t i = 0; i < burst; i++) {
        std::copy(payloads[i].begin(), payloads[i].end(), at + o.prefix);
        ops.push_back({&keys, at, static_cast<uint32_t>(payloads[i].size()),
                       i % 7 == 3 ? ContentType::alert : ContentType::application_data, 0});
        at += payloads[i].size() + o.total();
      }
      seal(mb_, ops);
      for (size_t i = 0; i < burst; i++) {
        ASSERT_EQ(ops[i].record_size, record_size(suite, ops[i].payload_size, true));
        const Bytes record(ops[i].record, ops[i].record + ops[i].record_size);
        f.outer_type = static_cast<uint8_t>(ops[i].type);
        f.iv.assign(record.begin() + header_size(suite.version), record.begin() + o.prefix);
        ASSERT_EQ(record, evp_seal(keys_material, f, payloads[i])) << burst << " " << i;
        EXPECT_TRUE(ivs.insert(f.iv).second) << "an IV came twice";
        f.sequence++;
      }
    }
    EXPECT_EQ(keys.sequence, f.sequence);
  }
}

TEST_P(CbcEtmTest, OpensEveryLengthOfPaddingWhereverThePayloadGoes) {
  for (const Suite& suite : both_versions_etm()) {
    SCOPED_TRACE(std::string(suite.name));
    for (const size_t size : {0u, 1u, 15u, 16u, 17u, 64u, 300u, 1400u, kMaxPlaintext}) {
      const Bytes payload = random_bytes(size);
      for (size_t padding = 0; padding <= 240; padding += 16) {
        Forgery f;
        f.sequence = material(suite, 5).sequence;
        f.explicit_nonce = rng_();
        f.padding = padding;
        const Bytes record = evp_seal(material(suite, 5), f, payload);
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

// Only whoever has the MAC key can make such records.
TEST_P(CbcEtmTest, WrongPaddingUnderAGoodMac) {
  for (const Suite& suite : both_versions_etm()) {
    SCOPED_TRACE(std::string(suite.name));
    for (const size_t size : {0u, 5u, 60u, 400u}) {
      for (size_t padding = 0; padding <= 240; padding += 48) {
        Forgery f;
        f.sequence = material(suite, 5).sequence;
        f.padding = padding;
        const Bytes payload = random_bytes(size);
        const size_t tail = 16 - size % 16 + padding;
        for (size_t at = 0; at < tail; at++) {
          f.spoil = [at](Bytes& t) { t[at] ^= 1; };
          ASSERT_EQ(open_one(suite, 5, evp_seal(material(suite, 5), f, payload), at % 2 == 0),
                    OpenStatus::bad_tag)
              << at << " of " << tail << " behind " << size;
        }
      }
    }
  }
}

TEST_P(CbcEtmTest, EveryTamperedByteAndEveryCutIsNoticed) {
  for (const Suite& suite : both_versions_etm()) {
    SCOPED_TRACE(std::string(suite.name));
    const KeyMaterial keys = material(suite, 5);
    const auto o = overhead(keys);
    Forgery f;
    f.sequence = keys.sequence;
    const Bytes good = evp_seal(keys, f, random_bytes(70));
    const uint32_t header = header_size(suite.version);
    for (size_t at = 0; at < good.size(); at++) {
      Bytes bad = good;
      bad[at] ^= static_cast<uint8_t>(1 << rng_() % 8);
      EXPECT_NE(open_one(suite, 5, bad, at % 2 == 0), OpenStatus::ok) << at;
      // What is not of the header is the MAC's to notice, and nothing else's.
      if (at >= header) {
        EXPECT_EQ(open_one(suite, 5, bad, at % 2 != 0), OpenStatus::bad_tag) << at;
      }
    }
    for (size_t size = 0; size < good.size(); size++) {
      Bytes cut(good.begin(), good.begin() + static_cast<long>(size));
      EXPECT_EQ(open_one(suite, 5, cut, true), OpenStatus::bad_length);
      if (size < header) continue;
      store_be<uint16_t>(&cut[header - 2], static_cast<uint16_t>(size - header));
      const bool whole = size >= o.shortest && (size - o.shortest) % kBlockSize == 0;
      EXPECT_EQ(open_one(suite, 5, cut, true),
                whole ? OpenStatus::bad_tag : OpenStatus::bad_length);
    }
    EXPECT_EQ(open_one(suite, 5, evp_seal(keys, f, Bytes(kMaxPlaintext + 1)), true),
              OpenStatus::bad_length);
    f.padding = 256;
    EXPECT_EQ(open_one(suite, 5, evp_seal(keys, f, Bytes(kMaxPlaintext)), true),
              OpenStatus::bad_length);
    f.padding = 0;
    for (const uint8_t type : std::initializer_list<uint8_t>{0, 19, 24, 255}) {
      f.outer_type = type;
      EXPECT_EQ(open_one(suite, 5, evp_seal(keys, f, Bytes(5)), true), OpenStatus::bad_type);
    }
    f.outer_type = 21;
    EXPECT_EQ(open_one(suite, 5, evp_seal(keys, f, {}), true), OpenStatus::bad_type);
  }
}

// Each order is garbage to the other.
TEST_P(CbcEtmTest, TheOrderIsTheKeysNotTheRecords) {
  for (const Suite& suite : both_versions_etm()) {
    SCOPED_TRACE(std::string(suite.name));
    Forgery f;
    f.sequence = material(suite, 5).sequence;
    KeyMaterial other = material(suite, 5);
    other.encrypt_then_mac = false;
    const Bytes payload = random_bytes(100);
    EXPECT_NE(open_one(suite, 5, evp_seal(other, f, payload), true), OpenStatus::ok);
    const Bytes record = evp_seal(material(suite, 5), f, payload);
    EXPECT_NE(open_with(other, record, true, overhead(suite).prefix).status, OpenStatus::ok);
  }
}

// Connections of either order in one burst, and of an AEAD.
TEST_P(CbcEtmTest, MixedBursts) {
  const Suite& cbc = *find_suite(Version::tls12, "AES128-SHA256");
  const Suite& aead = *find_suite(Version::tls12, "AES128-GCM-SHA256");
  KeyMaterial materials[] = {material(cbc, 0), test_material(cbc), test_material(aead)};
  Keys keys[3];
  for (size_t k = 0; k < 3; k++)
    ASSERT_TRUE(keys[k].install(mb_, materials[k]));
  std::vector<Bytes> payloads, records;
  std::vector<size_t> whose;
  Forgery f[3];
  for (size_t i = 0; i < 90; i++) {
    const size_t k = rng_() % 3;
    whose.push_back(k);
    payloads.push_back(random_bytes(rng_() % 500));
    records.push_back(evp_seal(materials[k], f[k], payloads.back()));
    f[k].sequence = ++f[k].explicit_nonce;
  }
  std::vector<OpenOp> ops;
  for (size_t i = 0; i < records.size(); i++) {
    ops.push_back({&keys[whose[i]],
                   records[i].data(),
                   static_cast<uint32_t>(records[i].size()),
                   records[i].data() + overhead(keys[whose[i]]).prefix,
                   0,
                   {},
                   {}});
  }
  open(mb_, ops);
  for (size_t i = 0; i < ops.size(); i++) {
    ASSERT_EQ(ops[i].status, OpenStatus::ok) << i;
    EXPECT_EQ(Bytes(ops[i].payload, ops[i].payload + ops[i].payload_size), payloads[i]);
  }
}

TEST_P(CbcEtmTest, AStreamStopsAtAFailureOrAHandshakeMessage) {
  enum class Fault { none, mac, padding };
  for (const Suite& suite : cbc_only(tls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    for (const Fault fault : {Fault::none, Fault::mac, Fault::padding}) {
      Keys keys;
      ASSERT_TRUE(keys.install(mb_, material(suite, 0)));
      std::vector<Bytes> records;
      for (uint64_t i = 0; i < 100; i++) {
        Forgery f;
        f.sequence = f.explicit_nonce = i;
        f.outer_type = i == 70 && fault == Fault::none ? 22 : 23;
        if (i == 70 && fault == Fault::padding) f.spoil = [](Bytes& t) { t[0] ^= 1; };
        records.push_back(evp_seal(material(suite, 0), f, random_bytes(50)));
      }
      if (fault == Fault::mac) records[70].back() ^= 1;
      const auto sealed = records;
      const auto ops = open_burst(keys, records);
      for (size_t i = 0; i < 70; i++)
        ASSERT_EQ(ops[i].status, OpenStatus::ok) << i;
      EXPECT_EQ(ops[70].status, fault == Fault::none ? OpenStatus::ok : OpenStatus::bad_tag);
      for (size_t i = 71; i < 100; i++) {
        ASSERT_EQ(ops[i].status, OpenStatus::held) << i;
        EXPECT_EQ(ops[i].payload_size, 0u);
        if (fault == Fault::none) {
          EXPECT_EQ(records[i], sealed[i]) << "to be opened again";
        }
      }
      EXPECT_TRUE(keys.held);
      EXPECT_EQ(keys.sequence, fault == Fault::none ? 71u : 70u);
    }
  }
}

TEST_P(CbcEtmTest, DatagramsFailEachForItself) {
  for (const Suite& suite : cbc_only(dtls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    Keys keys;
    ASSERT_TRUE(keys.install(mb_, material(suite, 0)));
    std::vector<Bytes> records;
    for (uint64_t i = 0; i < 100; i++) {
      Forgery f;
      f.sequence = dtls_sequence(i % 5 == 2 ? 2 : 1, rng_());
      records.push_back(evp_seal(material(suite, 0), f, random_bytes(rng_() % 1400)));
      if (i % 5 == 4) records.back()[30] ^= 1;
    }
    const auto sealed = records;
    const auto ops = open_burst(keys, records);
    for (size_t i = 0; i < 100; i++) {
      EXPECT_EQ(ops[i].status, i % 5 == 2   ? OpenStatus::bad_epoch
                               : i % 5 == 4 ? OpenStatus::bad_tag
                                            : OpenStatus::ok);
      // The header lent its place to the message that was hashed.
      EXPECT_TRUE(
          std::equal(sealed[i].begin(), sealed[i].begin() + kDtlsHeaderSize, records[i].begin()));
    }
    EXPECT_EQ(keys.sequence, dtls_sequence(1, 0));
    EXPECT_FALSE(keys.held);
  }
}

TEST_P(CbcEtmTest, SequenceNumbersRunOut) {
  for (const Suite& suite : both_versions_etm()) {
    const uint64_t last = suite.version == Version::dtls12
                              ? kDtlsSequenceMask - 1
                              : std::numeric_limits<uint64_t>::max() - 1;
    Keys keys;
    ASSERT_TRUE(keys.install(mb_, material(suite, last)));
    const auto o = overhead(keys);
    Bytes records(3 * o.total());
    SealOp ops[3];
    for (size_t i = 0; i < 3; i++)
      ops[i] = {&keys, &records[i * o.total()], 0, ContentType::application_data, 9};
    seal(mb_, ops);
    EXPECT_EQ(ops[0].record_size, o.shortest);
    EXPECT_EQ(ops[1].record_size, 0u);
    EXPECT_EQ(ops[2].record_size, 0u);
    EXPECT_EQ(open_one(suite, last, {records.data(), ops[0].record_size}, true), OpenStatus::ok);
  }
}

INSTANTIATE_TEST_SUITE_P(All, CbcEtmTest, testing::ValuesIn(usable_isas()), isa_name);

}  // namespace
}  // namespace culvert::crypto::record
