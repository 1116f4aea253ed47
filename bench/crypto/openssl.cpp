// OpenSSL's EVP, as a headend without IPsec-MB would call it: one record after the other, a context
// for each session whose key has been set.
#include <algorithm>
#include <stdexcept>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "bench/crypto/rig.hpp"

namespace culvert::crypto::record::bench {
namespace {

struct Free {
  void operator()(EVP_CIPHER_CTX* c) const noexcept { EVP_CIPHER_CTX_free(c); }
  void operator()(EVP_MAC* m) const noexcept { EVP_MAC_free(m); }
  void operator()(EVP_MAC_CTX* c) const noexcept { EVP_MAC_CTX_free(c); }
};

const EVP_CIPHER* evp_cipher(Cipher cipher) noexcept {
  switch (cipher) {
    case Cipher::aes128_gcm: return EVP_aes_128_gcm();
    case Cipher::aes256_gcm: return EVP_aes_256_gcm();
    case Cipher::chacha20_poly1305: return EVP_chacha20_poly1305();
    case Cipher::aes128_cbc: return EVP_aes_128_cbc();
    case Cipher::aes256_cbc: return EVP_aes_256_cbc();
  }
  return nullptr;
}

class OpenSsl : public Subject {
 public:
  OpenSsl(Rig& rig, bool opening) : rig_(rig), opening_(opening) {
    const KeyMaterial keys = bench_material(rig.suite);
    const std::unique_ptr<EVP_MAC, Free> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    for (size_t i = 0; i < rig.sessions(); i++) {
      Session& s = sessions_.emplace_back();
      s.cipher.reset(EVP_CIPHER_CTX_new());
      bool ok = EVP_CipherInit_ex(s.cipher.get(), evp_cipher(rig.suite.cipher), nullptr,
                                  keys.key.view().data(), kIv, opening ? 0 : 1) == 1;
      if (is_cbc(rig.suite.cipher)) {
        EVP_CIPHER_CTX_set_padding(s.cipher.get(), 0);
        s.mac.reset(EVP_MAC_CTX_new(hmac.get()));
        ok = ok && set_mac_key(s.mac.get(), keys);
      }
      if (!ok) throw std::runtime_error("EVP refused");
    }
  }

  size_t pass() override {
    size_t failed = 0;
    for (size_t i = 0; i < rig_.per_pass(); i++) {
      uint8_t* const record = rig_.record(i) + rig_.room.prefix;
      uint8_t* const to = opening_ ? rig_.opened(i) + rig_.room.prefix : record;
      const Session& s = sessions_[rig_.session(i)];
      failed += is_cbc(rig_.suite.cipher) ? !cbc(s, record, to) : !aead(s, record, to);
    }
    return failed;
  }

 private:
  struct Session {
    std::unique_ptr<EVP_CIPHER_CTX, Free> cipher;
    std::unique_ptr<EVP_MAC_CTX, Free> mac;
  };

  bool set_mac_key(EVP_MAC_CTX* mac, const KeyMaterial& keys) const {
    const char* digest = rig_.suite.mac == Mac::hmac_sha1     ? "SHA1"
                         : rig_.suite.mac == Mac::hmac_sha256 ? "SHA256"
                                                              : "SHA384";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(digest), 0),
        OSSL_PARAM_construct_end()};
    return EVP_MAC_init(mac, keys.mac_key.view().data(), keys.mac_key.size(), params) == 1;
  }

  bool aead(const Session& s, const uint8_t* from, uint8_t* to) const noexcept {
    EVP_CIPHER_CTX* const c = s.cipher.get();
    uint8_t tag[kTagSize] = {};
    int n = 0;
    bool ok = EVP_CipherInit_ex(c, nullptr, nullptr, nullptr, kIv, -1) == 1;
    if (opening_) ok = ok && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag) == 1;
    ok = ok && EVP_CipherUpdate(c, nullptr, &n, kAdditional, sizeof(kAdditional)) == 1 &&
         EVP_CipherUpdate(c, to, &n, from, static_cast<int>(rig_.size)) == 1;
    // The records are not made for this nonce, so the tag is wrong: found out in equal time.
    const bool good = EVP_CipherFinal_ex(c, tag, &n) == 1;
    if (opening_) return ok;
    return ok && good &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, kTagSize, to + rig_.size) == 1;
  }

  bool cbc(const Session& s, const uint8_t* from, uint8_t* to) const noexcept {
    const auto padded = static_cast<int>(padded_size(rig_.suite.mac, rig_.size));
    int n = 0;
    uint8_t mac[64];
    const auto hash = [&](const uint8_t* payload, uint8_t* out) {
      size_t size = 0;
      return EVP_MAC_init(s.mac.get(), nullptr, 0, nullptr) == 1 &&
             EVP_MAC_update(s.mac.get(), kAdditional, sizeof(kAdditional)) == 1 &&
             EVP_MAC_update(s.mac.get(), payload, rig_.size) == 1 &&
             EVP_MAC_final(s.mac.get(), out, &size, sizeof(mac)) == 1;
    };
    const auto convert = [&] {
      return EVP_CipherInit_ex(s.cipher.get(), nullptr, nullptr, nullptr, kIv, -1) == 1 &&
             EVP_CipherUpdate(s.cipher.get(), to, &n, from, padded) == 1;
    };
    if (opening_) return convert() && hash(to, mac);
    return hash(from, mac) && convert();
  }

  Rig& rig_;
  bool opening_;
  std::vector<Session> sessions_;
};

}  // namespace

std::unique_ptr<Subject> make_openssl(Rig& rig, bool opening) {
  return std::make_unique<OpenSsl>(rig, opening);
}

}  // namespace culvert::crypto::record::bench
