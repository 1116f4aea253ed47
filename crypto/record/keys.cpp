// The key block of one direction: expanded once by control or worker, read for every record.
#include <cstddef>

#include "crypto/record/protection.hpp"

namespace culvert::crypto::record {

// IPsec-MB reads the expanded key with aligned vector loads; its own alignment is only there #ifdef
// LINUX.
static_assert(alignof(Keys) == 64 && offsetof(Keys, gcm) == 0);
// What every record needs besides its cipher's keys is one line.
// (Before it: 1024 bytes with IPsec-MB 1.3, 1280 with 2.0.)
static_assert(offsetof(Keys, iv) % 64 == 0 && sizeof(Keys) == offsetof(Keys, iv) + 64);

namespace {

// RFC 2104: the state of `one_block` behind the key, filled up with zeros, xor `pad`.
template <typename OneBlock>
void hash_key(std::span<const uint8_t> key, uint8_t pad, OneBlock one_block, uint8_t* state) {
  uint8_t block[128];
  std::memset(block, pad, sizeof(block));
  for (size_t i = 0; i < key.size(); i++)
    block[i] ^= key[i];
  one_block(block, state);
  wipe(block);
}

void install_cbc(const MbManager& mb, const KeyMaterial& material, CbcKeys& cbc) {
  const uint8_t* key = material.key.view().data();
  if (material.suite->cipher == Cipher::aes128_cbc) {
    IMB_AES_KEYEXP_128(mb.get(), key, cbc.encrypt, cbc.decrypt);
  } else {
    IMB_AES_KEYEXP_256(mb.get(), key, cbc.encrypt, cbc.decrypt);
  }
  const auto one_block = [&](const uint8_t* block, uint8_t* state) {
    switch (material.suite->mac) {
      case Mac::hmac_sha1: IMB_SHA1_ONE_BLOCK(mb.get(), block, state); break;
      case Mac::hmac_sha256: IMB_SHA256_ONE_BLOCK(mb.get(), block, state); break;
      case Mac::hmac_sha384: IMB_SHA384_ONE_BLOCK(mb.get(), block, state); break;
      case Mac::aead: break;
    }
  };
  hash_key(material.mac_key.view(), 0x36, one_block, cbc.inner);
  hash_key(material.mac_key.view(), 0x5c, one_block, cbc.outer);
}

}  // namespace

bool Keys::install(const MbManager& mb, const KeyMaterial& material) noexcept {
  const Suite* suite = material.suite;
  if (suite == nullptr || material.key.size() != suite->key_size ||
      material.mac_key.size() != mac_size(suite->mac) ||
      material.iv.size() != suite->fixed_iv_size || suite->fixed_iv_size > sizeof(iv)) {
    return false;
  }
  const uint8_t* raw_key = material.key.view().data();
  switch (suite->cipher) {
    case Cipher::aes128_gcm: IMB_AES128_GCM_PRE(mb.get(), raw_key, &gcm); break;
    case Cipher::aes256_gcm: IMB_AES256_GCM_PRE(mb.get(), raw_key, &gcm); break;
    case Cipher::chacha20_poly1305: std::memcpy(chacha_key, raw_key, sizeof(chacha_key)); break;
    case Cipher::aes128_cbc:
    case Cipher::aes256_cbc: install_cbc(mb, material, cbc); break;
    default: return false;
  }
  std::memset(iv, 0, sizeof(iv));
  if (!material.iv.empty()) std::memcpy(iv, material.iv.view().data(), material.iv.size());
  version = suite->version;
  cipher = suite->cipher;
  mac = suite->mac;
  encrypt_then_mac = is_cbc(cipher) && has_encrypt_then_mac(version) && material.encrypt_then_mac;
  sequence = material.sequence;
  explicit_nonce = material.explicit_nonce;
  held = false;
  return true;
}

void Keys::clear() noexcept {
  OPENSSL_cleanse(this, sizeof(*this));
}

}  // namespace culvert::crypto::record
