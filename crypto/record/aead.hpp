// What sealing and opening share: nonces, additional data, and IPsec-MB's AEAD calls.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <span>

#include <intel-ipsec-mb.h>

#include "crypto/record/protection.hpp"

namespace culvert::crypto::record {

// RFC 8446 §5.3, RFC 5246 §6.1: sequence numbers must not wrap. The last one is left unused, so
// that the counter itself never wraps either. RFC 6347 §4.1: a DTLS epoch has 2^48 of them.
template <Version V>
[[nodiscard]] constexpr bool exhausted(uint64_t sequence) noexcept {
  constexpr uint64_t kNumber =
      is_dtls(V) ? kDtlsSequenceMask : std::numeric_limits<uint64_t>::max();
  return (sequence & kNumber) == kNumber;
}

struct Nonce {
  uint8_t bytes[12];
};

// The nonce of a record. `explicit_nonce`, the 8 bytes behind the header, are read only where the
// suite has them (RFC 5288 §3): there they follow the salt from the key block. Everywhere else the
// nonce is the sequence number, padded on the left, xor the IV (RFC 8446 §5.3, RFC 7905 §2).
template <Version V, Cipher C>
[[nodiscard]] Nonce make_nonce(const Keys& keys, uint64_t sequence,
                               const uint8_t* explicit_nonce) noexcept {
  Nonce n;
  std::memcpy(n.bytes, keys.iv, 4);
  if constexpr (has_explicit_nonce(V, C)) {
    std::memcpy(n.bytes + 4, explicit_nonce, kExplicitNonceSize);
  } else {
    store_be<uint64_t>(n.bytes + 4, load_be<uint64_t>(keys.iv + 4) ^ sequence);
  }
  return n;
}

// RFC 5246 §6.2.3.3: what TLS 1.2 authenticates besides the plaintext; and DTLS 1.2, where the
// epoch counts as part of the sequence number (RFC 6347 §4.1.2.1).
struct AdditionalData12 {
  be64 sequence;
  uint8_t type;
  be16 version;
  be16 length;  // of the plaintext

  [[nodiscard]] std::span<const uint8_t> bytes() const noexcept {
    return {reinterpret_cast<const uint8_t*>(this), sizeof(*this)};
  }
};
static_assert(sizeof(AdditionalData12) == 13);

// ChaCha20-Poly1305 by IPsec-MB's job call, which is half as fast again as its direct one. The job
// is complete when it is submitted: nothing of this thread is ever pending between two calls.
template <IMB_CIPHER_DIRECTION D>
void chacha20_poly1305(const MbManager& mb, const Keys& keys, uint8_t* to, const uint8_t* from,
                       uint32_t size, const Nonce& nonce, std::span<const uint8_t> additional,
                       uint8_t* tag) noexcept {
  IMB_JOB* const job = IMB_GET_NEXT_JOB(mb.get());
  job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
  job->cipher_direction = D;
  job->chain_order = D == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
  job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
  job->enc_keys = job->dec_keys = keys.chacha_key;
  job->key_len_in_bytes = sizeof(keys.chacha_key);
  job->src = from;
  job->dst = to;
  job->cipher_start_src_offset_in_bytes = 0;
  job->hash_start_src_offset_in_bytes = 0;
  job->msg_len_to_cipher_in_bytes = size;
  job->msg_len_to_hash_in_bytes = size;
  job->iv = nonce.bytes;
  job->iv_len_in_bytes = sizeof(nonce.bytes);
  job->u.CHACHA20_POLY1305.aad = additional.data();
  job->u.CHACHA20_POLY1305.aad_len_in_bytes = additional.size();
  job->auth_tag_output = tag;
  job->auth_tag_output_len_in_bytes = kTagSize;
  IMB_SUBMIT_JOB_NOCHECK(mb.get());
}

// One AEAD operation over `size` bytes; `to` is `from` or does not overlap it. The tag that results
// goes to `tag`.
template <Cipher C>
void aead_encrypt(const MbManager& mb, const Keys& keys, uint8_t* to, const uint8_t* from,
                  uint32_t size, const Nonce& nonce, std::span<const uint8_t> additional,
                  uint8_t* tag) noexcept {
  if constexpr (C == Cipher::chacha20_poly1305) {
    chacha20_poly1305<IMB_DIR_ENCRYPT>(mb, keys, to, from, size, nonce, additional, tag);
  } else {
    gcm_context_data context;
    if constexpr (C == Cipher::aes128_gcm) {
      IMB_AES128_GCM_ENC(mb.get(), &keys.gcm, &context, to, from, size, nonce.bytes,
                         additional.data(), additional.size(), tag, kTagSize);
    } else {
      IMB_AES256_GCM_ENC(mb.get(), &keys.gcm, &context, to, from, size, nonce.bytes,
                         additional.data(), additional.size(), tag, kTagSize);
    }
  }
}

template <Cipher C>
void aead_decrypt(const MbManager& mb, const Keys& keys, uint8_t* to, const uint8_t* from,
                  uint32_t size, const Nonce& nonce, std::span<const uint8_t> additional,
                  uint8_t* tag) noexcept {
  if constexpr (C == Cipher::chacha20_poly1305) {
    chacha20_poly1305<IMB_DIR_DECRYPT>(mb, keys, to, from, size, nonce, additional, tag);
  } else {
    gcm_context_data context;
    if constexpr (C == Cipher::aes128_gcm) {
      IMB_AES128_GCM_DEC(mb.get(), &keys.gcm, &context, to, from, size, nonce.bytes,
                         additional.data(), additional.size(), tag, kTagSize);
    } else {
      IMB_AES256_GCM_DEC(mb.get(), &keys.gcm, &context, to, from, size, nonce.bytes,
                         additional.data(), additional.size(), tag, kTagSize);
    }
  }
}

}  // namespace culvert::crypto::record
