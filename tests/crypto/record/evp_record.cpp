#include "tests/crypto/record/evp_record.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace culvert::crypto::record {
namespace {

void append(std::vector<uint8_t>& to, uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    to.push_back(static_cast<uint8_t>(value >> shift));
}

// RFC 8446 §5.3, RFC 7905 §2.
std::vector<uint8_t> xor_sequence(std::span<const uint8_t> iv, uint64_t sequence) {
  std::vector<uint8_t> nonce(4);
  append(nonce, sequence, 8);
  std::transform(nonce.begin(), nonce.end(), iv.begin(), nonce.begin(), std::bit_xor<uint8_t>());
  return nonce;
}

void encrypt(const KeyMaterial& keys, std::span<const uint8_t> nonce,
             std::span<const uint8_t> additional, std::span<const uint8_t> plaintext,
             std::vector<uint8_t>& to) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> ctx(EVP_CIPHER_CTX_new(),
                                                                            EVP_CIPHER_CTX_free);
  const Cipher kind = keys.suite->cipher;
  const EVP_CIPHER* cipher = kind == Cipher::chacha20_poly1305 ? EVP_chacha20_poly1305()
                             : kind == Cipher::aes128_gcm      ? EVP_aes_128_gcm()
                                                               : EVP_aes_256_gcm();
  const size_t at = to.size();
  to.resize(at + plaintext.size() + kTagSize);
  int n = 0;
  bool ok =
      EVP_EncryptInit_ex(ctx.get(), cipher, nullptr, keys.key.view().data(), nonce.data()) == 1;
  ok = ok && EVP_EncryptUpdate(ctx.get(), nullptr, &n, additional.data(),
                               static_cast<int>(additional.size())) == 1;
  if (!plaintext.empty()) {
    ok = ok && EVP_EncryptUpdate(ctx.get(), &to[at], &n, plaintext.data(),
                                 static_cast<int>(plaintext.size())) == 1;
  }
  uint8_t none[16];
  ok = ok && EVP_EncryptFinal_ex(ctx.get(), none, &n) == 1;
  ok = ok && EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_GET_TAG, kTagSize,
                                 &to[at + plaintext.size()]) == 1;
  if (!ok) throw std::runtime_error("EVP refused");
}

// Of number, type, version and length, and what has that length.
std::vector<uint8_t> hmac(const KeyMaterial& keys, const Forgery& f, uint64_t version,
                          std::span<const uint8_t> bytes) {
  const Mac kind = keys.suite->mac;
  const EVP_MD* md = kind == Mac::hmac_sha1     ? EVP_sha1()
                     : kind == Mac::hmac_sha256 ? EVP_sha256()
                                                : EVP_sha384();
  std::vector<uint8_t> message;
  append(message, f.sequence, 8);
  append(message, f.outer_type, 1);
  append(message, version, 2);
  append(message, bytes.size(), 2);
  message.insert(message.end(), bytes.begin(), bytes.end());
  std::vector<uint8_t> mac(static_cast<size_t>(EVP_MD_get_size(md)));
  HMAC(md, keys.mac_key.view().data(), static_cast<int>(keys.mac_key.size()), message.data(),
       message.size(), mac.data(), nullptr);
  return mac;
}

// RFC 5246 §6.2.3.2, or RFC 7366 §3, from the length on.
void append_cbc(const KeyMaterial& keys, const Forgery& f, uint64_t version,
                std::span<const uint8_t> payload, std::vector<uint8_t>& record) {
  const bool mac_behind = keys.encrypt_then_mac;
  std::vector<uint8_t> tail;
  if (!mac_behind) tail = hmac(keys, f, version, payload);
  const size_t padding = 15 - (payload.size() + tail.size()) % 16 + f.padding;
  tail.insert(tail.end(), padding + 1, static_cast<uint8_t>(padding));
  if (f.spoil) f.spoil(tail);

  std::vector<uint8_t> plaintext(payload.begin(), payload.end());
  plaintext.insert(plaintext.end(), tail.begin(), tail.end());
  append(record, 16 + plaintext.size() + (mac_behind ? mac_size(keys.suite->mac) : 0), 2);
  std::vector<uint8_t> iv = f.iv;
  if (iv.empty()) {
    append(iv, ~f.explicit_nonce, 8);
    append(iv, f.explicit_nonce, 8);
  }
  const size_t iv_at = record.size();
  record.insert(record.end(), iv.begin(), iv.end());
  const size_t at = record.size();
  record.resize(at + plaintext.size());
  const EVP_CIPHER* cipher = keys.key.size() == 16 ? EVP_aes_128_cbc() : EVP_aes_256_cbc();
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> ctx(EVP_CIPHER_CTX_new(),
                                                                            EVP_CIPHER_CTX_free);
  int n = 0;
  if (EVP_EncryptInit_ex(ctx.get(), cipher, nullptr, keys.key.view().data(), iv.data()) != 1 ||
      EVP_CIPHER_CTX_set_padding(ctx.get(), 0) != 1 ||
      EVP_EncryptUpdate(ctx.get(), &record[at], &n, plaintext.data(),
                        static_cast<int>(plaintext.size())) != 1) {
    throw std::runtime_error("EVP refused");
  }
  if (mac_behind) {
    const auto mac = hmac(keys, f, version, std::span(record).subspan(iv_at));
    record.insert(record.end(), mac.begin(), mac.end());
  }
}

std::vector<Suite> filter(std::span<const Suite> suites, bool cbc) {
  std::vector<Suite> out;
  std::copy_if(suites.begin(), suites.end(), std::back_inserter(out),
               [cbc](const Suite& s) { return is_cbc(s.cipher) == cbc; });
  return out;
}

}  // namespace

std::vector<Suite> aead_only(std::span<const Suite> suites) {
  return filter(suites, false);
}

std::vector<Suite> cbc_only(std::span<const Suite> suites) {
  return filter(suites, true);
}

std::vector<Suite> cbc_over_dtls() {
  std::vector<Suite> out = cbc_only(dtls_suites());
  out.insert(out.end(), dtls09_suites().begin(), dtls09_suites().end());
  return out;
}

std::vector<uint8_t> evp_seal(const KeyMaterial& keys, const Forgery& f,
                              std::span<const uint8_t> payload) {
  const auto iv = keys.iv.view();
  std::vector<uint8_t> record;
  const bool datagram =
      keys.suite->version == Version::dtls12 || keys.suite->version == Version::dtls09;
  const uint64_t version = f.version != 0                           ? f.version
                           : keys.suite->version == Version::dtls09 ? 0x0100
                           : datagram                               ? 0xfefd
                                                                    : 0x0303;
  append(record, f.outer_type, 1);
  append(record, version, 2);
  if (keys.suite->version != Version::tls13) {
    if (datagram) append(record, f.sequence, 8);
    if (keys.suite->mac != Mac::aead) {
      append_cbc(keys, f, version, payload, record);
      return record;
    }
    const bool chacha = keys.suite->cipher == Cipher::chacha20_poly1305;
    append(record, (chacha ? 0 : kExplicitNonceSize) + payload.size() + kTagSize, 2);
    if (!chacha) append(record, f.explicit_nonce, 8);
    std::vector<uint8_t> nonce(iv.begin(), iv.end());
    if (chacha) {
      nonce = xor_sequence(iv, f.sequence);
    } else {
      append(nonce, f.explicit_nonce, 8);
    }
    std::vector<uint8_t> additional;
    append(additional, f.sequence, 8);
    append(additional, f.outer_type, 1);
    append(additional, version, 2);
    append(additional, payload.size(), 2);
    encrypt(keys, nonce, additional, payload, record);
    return record;
  }
  std::vector<uint8_t> inner(payload.begin(), payload.end());
  if (f.inner_type != 0) inner.push_back(f.inner_type);
  inner.resize(inner.size() + f.padding);
  append(record, inner.size() + kTagSize, 2);
  const auto nonce = xor_sequence(iv, f.sequence);
  const std::vector<uint8_t> additional(record);
  encrypt(keys, nonce, additional, inner, record);
  return record;
}

KeyMaterial test_material(const Suite& suite) {
  KeyMaterial out;
  out.suite = &suite;
  std::vector<uint8_t> bytes(96);
  for (size_t i = 0; i < bytes.size(); i++)
    bytes[i] = static_cast<uint8_t>(0x11 + 7 * i);
  out.key.assign(std::span(bytes).first(suite.key_size));
  out.mac_key.assign(std::span(bytes).subspan(32, mac_size(suite.mac)));
  out.iv.assign(std::span(bytes).last(suite.fixed_iv_size));
  return out;
}

}  // namespace culvert::crypto::record
