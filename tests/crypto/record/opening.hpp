// Opening in tests: a record with guard pages behind it and behind its payload, and bursts in place.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "crypto/record/protection.hpp"
#include "tests/crypto/guarded_buffer.hpp"
#include "tests/crypto/hex.hpp"
#include "tests/crypto/isas.hpp"
#include "tests/crypto/record/evp_record.hpp"

namespace culvert::crypto::record {

struct Opened {
  OpenStatus status;
  ContentType type;
  std::vector<uint8_t> payload;
  std::vector<uint8_t> room;  // all that the op may write to; 0xee where it was not in place
  bool held;                  // the keys', afterwards
  uint64_t sequence;
};

class OpeningTest : public testing::TestWithParam<Isa> {
 protected:
  MbManager mb_{GetParam()};
  GuardedBuffer record_room_{70000};
  GuardedBuffer payload_room_{70000};
  std::mt19937_64 rng_{5};

  std::vector<uint8_t> random_bytes(size_t size) {
    std::vector<uint8_t> out(size);
    for (auto& b : out)
      b = static_cast<uint8_t>(rng_());
    return out;
  }

  // With fresh keys. `surplus`: by how many bytes the promised room is smaller than the record.
  Opened open_with(const KeyMaterial& material, std::span<const uint8_t> record, bool in_place,
                   size_t surplus) {
    Keys keys;
    EXPECT_TRUE(keys.install(mb_, material));
    const auto in = record_room_.hold(record);
    const size_t size = record.size() < surplus ? 0 : record.size() - surplus;
    std::span<uint8_t> out = payload_room_.last(size);
    if (in_place && size > 0) out = in.subspan(overhead(*material.suite).prefix, size);
    if (!in_place) std::fill(out.begin(), out.end(), uint8_t{0xee});
    OpenOp op{&keys, in.data(), static_cast<uint32_t>(record.size()), out.data(), 0, {}, {}};
    open(mb_, {&op, 1});
    if (!in_place) {
      EXPECT_EQ(to_vector(in), to_vector(record)) << "the record itself is only read";
    }
    return {op.status,      op.type,   to_vector(out.first(op.payload_size)),
            to_vector(out), keys.held, keys.sequence};
  }

  // Opens the records as one burst, in place.
  std::vector<OpenOp> open_burst(Keys& keys, std::vector<std::vector<uint8_t>>& records) {
    std::vector<OpenOp> ops;
    ops.reserve(records.size());
    for (auto& r : records) {
      uint8_t* payload = r.data() + overhead(keys).prefix;
      ops.push_back({&keys, r.data(), static_cast<uint32_t>(r.size()), payload, 0, {}, {}});
    }
    open(mb_, ops);
    return ops;
  }
};

}  // namespace culvert::crypto::record
