// Keys that are nothing but one byte again and again, for tests to which any will do.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "crypto/record/protection.hpp"

namespace culvert::crypto::record {

inline KeyMaterial filled_material(const Suite& suite, uint8_t fill, uint64_t sequence) {
  std::array<uint8_t, 48> bytes;
  bytes.fill(fill);
  KeyMaterial out;
  out.suite = &suite;
  out.key.assign(std::span(bytes).first(suite.key_size));
  out.mac_key.assign(std::span(bytes).first(mac_size(suite.mac)));
  out.iv.assign(std::span(bytes).first(suite.fixed_iv_size));
  out.sequence = sequence;
  out.explicit_nonce = 0x1122334455667788u + fill;
  return out;
}

}  // namespace culvert::crypto::record
