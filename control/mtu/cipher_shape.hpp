// What a cipher suite adds to a packet: the figures that MTU arithmetic needs, for every suite that
// an AnyConnect client or an ASA may name, whether the workers carry it or not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace culvert::control {

enum class Protection : uint8_t {
  stream,  // stream cipher and HMAC: RC4, NULL
  cbc,     // block cipher and HMAC
  gcm,     // AEAD with an explicit nonce of 8 bytes before TLS 1.3 (RFC 5288 §3); CCM likewise
  chacha,  // AEAD without (RFC 7905)
};

struct CipherShape {
  std::string name;  // as it was asked for
  Protection protection = Protection::gcm;
  uint8_t block = 1;  // bytes; 1 for stream ciphers and ChaCha20, 16 for AES in any mode
  uint8_t hash = 0;   // bytes of the suite's hash: 16, 20, 32 or 48
  uint8_t tag = 16;   // bytes of an AEAD's tag: 16, or 8 for CCM_8
  bool encrypt_then_mac = false;  // CBC: RFC 7366 was agreed on
};

// By OpenSSL's name ("ECDHE-RSA-AES128-GCM-SHA256", "AES256-SHA", "RC4-SHA", "DES-CBC3-SHA",
// "TLS_AES_128_GCM_SHA256") or by openconnect's names for DTLS ("OC-DTLS1_2-AES128-GCM"). Nothing
// for a suite that does not exist.
[[nodiscard]] std::optional<CipherShape> find_cipher_shape(std::string_view name);

// What DTLS uses beside a TLS channel of that suite: the same AEAD, or AES with SHA-1, the only
// hash that AnyConnect's DTLS has with CBC.
[[nodiscard]] CipherShape usual_dtls_suite(const CipherShape& tls_suite);

}  // namespace culvert::control
