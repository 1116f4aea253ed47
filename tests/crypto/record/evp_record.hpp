// TLS and DTLS records made by OpenSSL's EVP, field by field from the RFCs: an independent second opinion,
// and the forge for records that our own seal() never makes (padding, odd types, too long).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "crypto/record/protection.hpp"

namespace culvert::crypto::record {

struct Forgery {
  uint64_t sequence = 0;        // DTLS: with epoch
  uint64_t explicit_nonce = 0;  // TLS 1.2, DTLS 1.2
  uint8_t outer_type = 23;
  uint8_t inner_type = 23;  // TLS 1.3; 0 = none, only padding
  uint16_t version = 0;     // 0 = that of the suite
  size_t padding = 0;       // TLS 1.3; CBC: bytes beyond the least, in sixteens
  std::vector<uint8_t> iv;  // CBC; if empty, something is made of explicit_nonce
  // CBC: applied to MAC and padding before they are encrypted; with encrypt-then-MAC to padding
  // alone, before the MAC is made.
  std::function<void(std::vector<uint8_t>&)> spoil;
};

// RFC 5288 §3, RFC 5246 §6.2.3.3; RFC 8446 §5.2; RFC 6347 §4.1.
std::vector<uint8_t> evp_seal(const KeyMaterial& keys, const Forgery& forgery,
                              std::span<const uint8_t> payload);

// The rows that are, or are not, AEADs.
std::vector<Suite> aead_only(std::span<const Suite> suites);
std::vector<Suite> cbc_only(std::span<const Suite> suites);
// The CBC suites of DTLS 1.2 and of the older one.
std::vector<Suite> cbc_over_dtls();

// A fixed key and IV for `suite`, with sequence 0.
KeyMaterial test_material(const Suite& suite);

}  // namespace culvert::crypto::record
