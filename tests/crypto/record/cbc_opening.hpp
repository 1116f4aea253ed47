// What the tests of both orders of AES-CBC have in common: encrypt after the MAC, and before it (RFC 7366).
#pragma once

#include <algorithm>
#include <initializer_list>
#include <set>
#include <tuple>
#include <vector>

#include "tests/crypto/record/opening.hpp"

namespace culvert::crypto::record {

// One row of each version, cipher and MAC: the others differ in nothing that matters to records.
inline std::vector<Suite> one_of_each(std::initializer_list<std::vector<Suite>> lists) {
  std::vector<Suite> out;
  std::set<std::tuple<Version, Cipher, Mac>> seen;
  for (const auto& rows : lists) {
    for (const Suite& suite : rows) {
      if (seen.insert({suite.version, suite.cipher, suite.mac}).second) out.push_back(suite);
    }
  }
  return out;
}

class CbcOpeningTest : public OpeningTest {
 protected:
  // What fresh keys of `material` say of one record, and the payload if it is good. A bad tag leaves zeros.
  OpenStatus open_one_with(const KeyMaterial& material, std::span<const uint8_t> record,
                           bool in_place, Bytes* payload) {
    const Suite& suite = *material.suite;
    const Opened o = open_with(material, record, in_place, overhead(suite).prefix);
    if (o.status == OpenStatus::bad_tag) {
      EXPECT_EQ(std::count(o.room.begin(), o.room.end(), 0), static_cast<long>(o.room.size()));
    }
    if (payload != nullptr) *payload = o.payload;
    EXPECT_EQ(o.held, suite.version == Version::tls12 && o.status != OpenStatus::ok);
    return o.status;
  }
};

}  // namespace culvert::crypto::record
