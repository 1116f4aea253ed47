// What sealing and opening AES-CBC with HMAC share (RFC 5246 §6.2.3.2): IPsec-MB's synchronous
// bursts, whose jobs live on the caller's stack, so that nothing is ever pending between two calls.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include <intel-ipsec-mb.h>

#include "crypto/record/aead.hpp"
#include "crypto/record/protection.hpp"

namespace culvert::crypto::record {

// Records in flight at once; more lanes than IPsec-MB has.
inline constexpr size_t kCbcBurst = 64;
using CbcJobs = std::array<IMB_JOB, kCbcBurst>;

// What is hashed before the payload, and room for any hash.
inline constexpr uint32_t kAdditionalSize = sizeof(AdditionalData12);
inline constexpr uint32_t kMacRoom = 64;
// The IV of a message whose first block is the explicit IV before its encryption (cbc_seal.cpp).
alignas(16) inline constexpr uint8_t kZeroIv[kBlockSize] = {};

[[nodiscard]] constexpr IMB_HASH_ALG hash_algorithm(Mac mac) noexcept {
  return mac == Mac::hmac_sha1     ? IMB_AUTH_HMAC_SHA_1
         : mac == Mac::hmac_sha256 ? IMB_AUTH_HMAC_SHA_256
                                   : IMB_AUTH_HMAC_SHA_384;
}

[[nodiscard]] constexpr IMB_KEY_SIZE_BYTES key_bytes(Cipher cipher) noexcept {
  return cipher == Cipher::aes128_cbc ? IMB_KEY_128_BYTES : IMB_KEY_256_BYTES;
}

inline void set_hash_job(IMB_JOB& job, const Keys& keys, const uint8_t* from, uint32_t size,
                         uint8_t* mac) noexcept {
  job.hash_alg = hash_algorithm(keys.mac);
  job.src = from;
  job.hash_start_src_offset_in_bytes = 0;
  job.msg_len_to_hash_in_bytes = size;
  job.auth_tag_output = mac;
  job.auth_tag_output_len_in_bytes = mac_size(keys.mac);
  job.u.HMAC._hashed_auth_key_xor_ipad = keys.cbc.inner;
  job.u.HMAC._hashed_auth_key_xor_opad = keys.cbc.outer;
}

// `size` is a multiple of 16; `iv` has 16 bytes and is read during the burst.
inline void set_cipher_job(IMB_JOB& job, const Keys& keys, uint8_t* to, const uint8_t* from,
                           uint32_t size, const uint8_t* iv) noexcept {
  job.enc_keys = keys.cbc.encrypt;
  job.dec_keys = keys.cbc.decrypt;
  job.key_len_in_bytes = key_bytes(keys.cipher);
  job.src = from;
  job.dst = to;
  job.cipher_start_src_offset_in_bytes = 0;
  job.msg_len_to_cipher_in_bytes = size;
  job.iv = iv;
  job.iv_len_in_bytes = kBlockSize;
}

// A few records go through the SHA instructions of the narrow manager rather than through lanes of
// which most would be empty. Measured on Zen 5: equal at 4 records of SHA-1 and at 8 of SHA-256.
[[nodiscard]] inline IMB_MGR* hash_manager(const MbManager& mb, Mac mac, size_t records) noexcept {
  const size_t few = mac == Mac::hmac_sha1 ? 4 : mac == Mac::hmac_sha256 ? 8 : 0;
  return records <= few ? mb.narrow() : mb.get();
}

inline void hash_burst(const MbManager& mb, Mac mac, std::span<IMB_JOB> jobs) noexcept {
  if (jobs.empty()) return;
  IMB_MGR* const mgr = hash_manager(mb, mac, jobs.size());
  IMB_SUBMIT_HASH_BURST_NOCHECK(mgr, jobs.data(), static_cast<uint32_t>(jobs.size()),
                                hash_algorithm(mac));
}

inline void cipher_burst(const MbManager& mb, Cipher cipher, IMB_CIPHER_DIRECTION direction,
                         std::span<IMB_JOB> jobs) noexcept {
  if (jobs.empty()) return;
  IMB_SUBMIT_CIPHER_BURST_NOCHECK(mb.get(), jobs.data(), static_cast<uint32_t>(jobs.size()),
                                  IMB_CIPHER_CBC, direction, key_bytes(cipher));
}

// A run of ops of one version, cipher and hash. MAC-then-encrypt:
template <Version V>
void seal_cbc(const MbManager& mb, std::span<SealOp> run) noexcept;
template <Version V>
void open_cbc(const MbManager& mb, std::span<OpenOp> run) noexcept;
// Encrypt-then-MAC:
template <Version V>
void seal_cbc_etm(const MbManager& mb, std::span<SealOp> run) noexcept;
template <Version V>
void open_cbc_etm(const MbManager& mb, std::span<OpenOp> run) noexcept;

// Fills up to a whole block and returns the size that this makes; each byte says how many follow it.
inline uint32_t pad(uint8_t* plaintext, uint32_t size) noexcept {
  const uint32_t padded = (size + kBlockSize) / kBlockSize * kBlockSize;
  std::memset(plaintext + size, static_cast<int>(padded - size - 1), padded - size);
  return padded;
}

}  // namespace culvert::crypto::record
