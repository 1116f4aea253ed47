// What sealing and opening share: the order in which a burst is worked off, nonces, and IPsec-MB's
// GCM calls.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <span>

#include <intel-ipsec-mb.h>

#include "crypto/record/protection.hpp"

namespace culvert::crypto::record {

// How many ops ahead a key block is fetched: with many sessions its 17 cache lines come from
// memory.
inline constexpr size_t kPrefetchAhead = 3;

// RFC 8446 §5.3, RFC 5246 §6.1: sequence numbers must not wrap. The last one is left unused, so
// that the counter itself never wraps either. RFC 6347 §4.1: a DTLS epoch has 2^48 of them.
template <Version V>
[[nodiscard]] constexpr bool exhausted(uint64_t sequence) noexcept {
  constexpr uint64_t kNumber =
      V == Version::dtls12 ? kDtlsSequenceMask : std::numeric_limits<uint64_t>::max();
  return (sequence & kNumber) == kNumber;
}

inline void prefetch_whole(const Keys* keys) noexcept {
  const auto* line = reinterpret_cast<const char*>(keys);
  for (size_t offset = 0; offset < sizeof(Keys); offset += 64)
    __builtin_prefetch(line + offset);
}

// Fetches the key block of op `i`, unless the op before it has the same one: records of one
// connection come in runs, and repeating 17 prefetches would cost more than the short record
// itself.
template <typename Op>
void prefetch_op(std::span<const Op> ops, size_t i) noexcept {
  if (i < ops.size() && (i == 0 || ops[i].keys != ops[i - 1].keys)) prefetch_whole(ops[i].keys);
}

// Calls `one<V, C>(op)` for each op in order, with the branch on version and cipher taken once per
// run of alike ops.
template <typename Op, typename One>
void for_each_op(std::span<Op> ops, One one) noexcept {
  for (const Op& op : ops)
    __builtin_prefetch(&op.keys->version);
  for (size_t i = 0; i < kPrefetchAhead; i++)
    prefetch_op<Op>(ops, i);

  const auto run = [&]<Version V, Cipher C>(size_t begin, size_t end) noexcept {
    for (size_t i = begin; i < end; i++) {
      prefetch_op<Op>(ops, i + kPrefetchAhead);
      one.template operator()<V, C>(ops[i]);
    }
  };
  for (size_t begin = 0; begin < ops.size();) {
    const Version version = ops[begin].keys->version;
    const Cipher cipher = ops[begin].keys->cipher;
    size_t end = begin + 1;
    while (end < ops.size() && ops[end].keys->version == version &&
           ops[end].keys->cipher == cipher) {
      end++;
    }
    const auto with_version = [&]<Version V>() noexcept {
      cipher == Cipher::aes128_gcm ? run.template operator()<V, Cipher::aes128_gcm>(begin, end)
                                   : run.template operator()<V, Cipher::aes256_gcm>(begin, end);
    };
    switch (version) {
      case Version::tls12: with_version.template operator()<Version::tls12>(); break;
      case Version::tls13: with_version.template operator()<Version::tls13>(); break;
      case Version::dtls12: with_version.template operator()<Version::dtls12>(); break;
    }
    begin = end;
  }
}

struct Nonce {
  uint8_t bytes[12];
};

// RFC 5288 §3: the salt from the key block, then the 8 bytes that the record carries.
[[nodiscard]] inline Nonce nonce12(const Keys& keys, const uint8_t* explicit_nonce) noexcept {
  Nonce n;
  std::memcpy(n.bytes, keys.iv, 4);
  std::memcpy(n.bytes + 4, explicit_nonce, kExplicitNonceSize);
  return n;
}

// RFC 8446 §5.3: the sequence number, padded on the left, xor the IV.
[[nodiscard]] inline Nonce nonce13(const Keys& keys) noexcept {
  Nonce n;
  std::memcpy(n.bytes, keys.iv, 4);
  store_be<uint64_t>(n.bytes + 4, load_be<uint64_t>(keys.iv + 4) ^ keys.sequence);
  return n;
}

// RFC 5246 §6.2.3.3: what TLS 1.2 authenticates besides the plaintext; and DTLS 1.2, where the
// epoch counts as part of the sequence number (RFC 6347 §4.1.2.1).
struct AdditionalData12 {
  be64 sequence;
  uint8_t type;
  be16 version;
  be16 length;  // of the plaintext
};
static_assert(sizeof(AdditionalData12) == 13);

// One GCM operation over `size` bytes; `to` is `from` or does not overlap it. The tag that results
// goes to `tag`.
template <Cipher C>
void gcm_encrypt(const MbManager& mb, const Keys& keys, uint8_t* to, const uint8_t* from,
                 uint32_t size, const Nonce& nonce, std::span<const uint8_t> additional,
                 uint8_t* tag) noexcept {
  gcm_context_data context;
  if constexpr (C == Cipher::aes128_gcm) {
    IMB_AES128_GCM_ENC(mb.get(), &keys.gcm, &context, to, from, size, nonce.bytes,
                       additional.data(), additional.size(), tag, kTagSize);
  } else {
    IMB_AES256_GCM_ENC(mb.get(), &keys.gcm, &context, to, from, size, nonce.bytes,
                       additional.data(), additional.size(), tag, kTagSize);
  }
}

template <Cipher C>
void gcm_decrypt(const MbManager& mb, const Keys& keys, uint8_t* to, const uint8_t* from,
                 uint32_t size, const Nonce& nonce, std::span<const uint8_t> additional,
                 uint8_t* tag) noexcept {
  gcm_context_data context;
  if constexpr (C == Cipher::aes128_gcm) {
    IMB_AES128_GCM_DEC(mb.get(), &keys.gcm, &context, to, from, size, nonce.bytes,
                       additional.data(), additional.size(), tag, kTagSize);
  } else {
    IMB_AES256_GCM_DEC(mb.get(), &keys.gcm, &context, to, from, size, nonce.bytes,
                       additional.data(), additional.size(), tag, kTagSize);
  }
}

}  // namespace culvert::crypto::record
