// The key block of one direction: expanded once by control or worker, read for every record.
#include <cstddef>

#include "crypto/record/protection.hpp"

namespace culvert::crypto::record {

// IPsec-MB reads the expanded key with aligned vector loads; its own alignment is only there #ifdef
// LINUX.
static_assert(alignof(Keys) == 64 && offsetof(Keys, gcm) == 0);
// What every record needs besides its cipher's keys is one line.
static_assert(offsetof(Keys, iv) == 1024 && sizeof(Keys) == 1088);

bool Keys::install(const MbManager& mb, const KeyMaterial& material) noexcept {
  const Suite* suite = material.suite;
  if (suite == nullptr || material.key.size() != suite->key_size ||
      material.iv.size() != suite->fixed_iv_size || suite->fixed_iv_size > sizeof(iv)) {
    return false;
  }
  const uint8_t* raw_key = material.key.view().data();
  switch (suite->cipher) {
    case Cipher::aes128_gcm: IMB_AES128_GCM_PRE(mb.get(), raw_key, &gcm); break;
    case Cipher::aes256_gcm: IMB_AES256_GCM_PRE(mb.get(), raw_key, &gcm); break;
    case Cipher::chacha20_poly1305: std::memcpy(chacha_key, raw_key, sizeof(chacha_key)); break;
    default: return false;
  }
  std::memset(iv, 0, sizeof(iv));
  std::memcpy(iv, material.iv.view().data(), material.iv.size());
  version = suite->version;
  cipher = suite->cipher;
  sequence = material.sequence;
  explicit_nonce = material.explicit_nonce;
  held = false;
  return true;
}

void Keys::clear() noexcept {
  OPENSSL_cleanse(this, sizeof(*this));
}

}  // namespace culvert::crypto::record
