// Sealing against records that OpenSSL's EVP makes, on every instruction set.
#include <limits>
#include <memory>
#include <random>

#include <gtest/gtest.h>

#include "crypto/record/protection.hpp"
#include "tests/crypto/guarded_buffer.hpp"
#include "tests/crypto/hex.hpp"
#include "tests/crypto/isas.hpp"
#include "tests/crypto/record/evp_record.hpp"

namespace culvert::crypto::record {
namespace {

class SealTest : public testing::TestWithParam<Isa> {
 protected:
  MbManager mb_{GetParam()};
  GuardedBuffer room_{kMaxRecord};

  // The record lies right before a guard page.
  std::vector<uint8_t> seal_one(Keys& keys, ContentType type, std::span<const uint8_t> payload) {
    const auto o = overhead(keys);
    const auto record = room_.last(payload.size() + o.total());
    if (!payload.empty()) std::memcpy(&record[o.prefix], payload.data(), payload.size());
    SealOp op{&keys, record.data(), static_cast<uint32_t>(payload.size()), type, 0};
    seal(mb_, {&op, 1});
    return to_vector(record.first(op.record_size));
  }
};

std::vector<uint8_t> random_payload(std::mt19937& rng, size_t size) {
  std::vector<uint8_t> out(size);
  for (auto& b : out)
    b = static_cast<uint8_t>(rng());
  return out;
}

TEST_P(SealTest, EqualsOpenSslByteForByte) {
  std::mt19937 rng(1);
  for (const Suite& suite : aead_only(tls_suites())) {
    SCOPED_TRACE(std::string(suite.name));
    KeyMaterial material = test_material(suite);
    material.sequence = 0xfffffffe;
    material.explicit_nonce = std::numeric_limits<uint64_t>::max() - 100;
    Keys keys;
    ASSERT_TRUE(keys.install(mb_, material));
    Forgery expected;
    expected.sequence = material.sequence;
    expected.explicit_nonce = material.explicit_nonce;
    std::vector<size_t> sizes{kMaxPlaintext, kMaxPlaintext - 1};
    for (size_t n = 0; n < 260; n++)
      sizes.push_back(n);
    for (int i = 0; i < 40; i++)
      sizes.push_back(rng() % (kMaxPlaintext + 1));
    for (const size_t size : sizes) {
      const auto payload = random_payload(rng, size);
      const auto type = size % 7 == 0 ? ContentType::alert : ContentType::application_data;
      expected.inner_type = static_cast<uint8_t>(type);
      expected.outer_type = suite.version == Version::tls12 ? expected.inner_type : 23;
      ASSERT_EQ(seal_one(keys, type, payload), evp_seal(material, expected, payload)) << size;
      expected.sequence++;
      expected.explicit_nonce++;
    }
    EXPECT_EQ(keys.sequence, expected.sequence);
    if (has_explicit_nonce(suite.version, suite.cipher)) {
      EXPECT_EQ(keys.explicit_nonce, expected.explicit_nonce);
    }
  }
}

TEST_P(SealTest, MixedBurstKeepsEveryConnectionInOrder) {
  // All suites at once, two connections each, in random order: the runs of alike ops are short and
  // long.
  std::mt19937 rng(2);
  struct Connection {
    KeyMaterial material;
    Keys keys;
    uint64_t next = 0;
  };
  std::vector<std::unique_ptr<Connection>> connections;
  for (int copy = 0; copy < 2; copy++) {
    for (const Suite& suite : tls_suites()) {
      auto c = std::make_unique<Connection>();
      c->material = test_material(suite);
      ASSERT_TRUE(c->keys.install(mb_, c->material));
      connections.push_back(std::move(c));
    }
  }
  for (int round = 0; round < 100; round++) {
    const size_t count = 1 + rng() % 64;
    std::vector<SealOp> ops;
    std::vector<std::vector<uint8_t>> records(count);
    std::vector<std::vector<uint8_t>> payloads(count);
    std::vector<Connection*> of(count);
    size_t pick = 0;
    for (size_t i = 0; i < count; i++) {
      if (rng() % 3 != 0) pick = rng() % connections.size();
      Connection& c = *connections[pick];
      const auto o = overhead(c.keys);
      const auto payload = random_payload(rng, rng() % 1500);
      records[i].resize(payload.size() + o.total());
      std::copy(payload.begin(), payload.end(), records[i].begin() + o.prefix);
      ops.push_back({&c.keys, records[i].data(), static_cast<uint32_t>(payload.size()),
                     ContentType::application_data, 0});
      payloads[i] = payload;
      of[i] = &c;
    }
    seal(mb_, ops);
    for (size_t i = 0; i < count; i++) {
      Forgery f;
      f.sequence = f.explicit_nonce = of[i]->next++;
      if (is_cbc(of[i]->keys.cipher)) {  // the IV is the sealer's choice
        f.iv.assign(&records[i][kHeaderSize], &records[i][kHeaderSize + kBlockSize]);
      }
      const auto expected = evp_seal(of[i]->material, f, payloads[i]);
      ASSERT_EQ(ops[i].record_size, expected.size());
      records[i].resize(expected.size());
      ASSERT_EQ(records[i], expected);
    }
  }
  seal(mb_, {});
}

TEST_P(SealTest, StopsWhenSequenceNumbersAreUsedUp) {
  for (const Suite& suite : aead_only(tls_suites())) {
    KeyMaterial material = test_material(suite);
    material.sequence = std::numeric_limits<uint64_t>::max() - 1;
    Keys keys;
    ASSERT_TRUE(keys.install(mb_, material));
    const std::vector<uint8_t> payload(10, 1);
    EXPECT_FALSE(seal_one(keys, ContentType::application_data, payload).empty());
    EXPECT_TRUE(seal_one(keys, ContentType::application_data, payload).empty());
    EXPECT_EQ(keys.sequence, std::numeric_limits<uint64_t>::max());
  }
}

TEST_P(SealTest, RefusesAPayloadThatNoRecordHolds) {
  for (const Suite& suite : aead_only(tls_suites())) {
    Keys keys;
    ASSERT_TRUE(keys.install(mb_, test_material(suite)));
    const std::vector<uint8_t> payload(kMaxPlaintext + 1);
    EXPECT_TRUE(seal_one(keys, ContentType::application_data, payload).empty());
    EXPECT_EQ(keys.sequence, 0u);
  }
}

TEST_P(SealTest, InstallChecksTheMaterial) {
  for (const Suite& suite : aead_only(tls_suites())) {
    Keys keys;
    KeyMaterial material = test_material(suite);
    (void)material.iv.reserve(suite.fixed_iv_size - 1u);
    EXPECT_FALSE(keys.install(mb_, material));
    material = test_material(suite);
    (void)material.key.reserve(suite.key_size == 16 ? 32 : 16);
    EXPECT_FALSE(keys.install(mb_, material));
    material = test_material(suite);
    material.suite = nullptr;
    EXPECT_FALSE(keys.install(mb_, material));
    EXPECT_TRUE(keys.install(mb_, test_material(suite)));
    keys.clear();
    const auto* bytes = reinterpret_cast<const uint8_t*>(&keys);
    EXPECT_EQ(std::count(bytes, bytes + sizeof(keys), 0), static_cast<long>(sizeof(keys)));
  }
}

INSTANTIATE_TEST_SUITE_P(All, SealTest, testing::ValuesIn(usable_isas()), isa_name);

}  // namespace
}  // namespace culvert::crypto::record
