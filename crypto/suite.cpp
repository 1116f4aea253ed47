// The table of cipher suites that workers carry: AES-GCM and ChaCha20-Poly1305 of TLS 1.3 (RFC 8446
// §B.4), of TLS 1.2 (RFC 5288, RFC 5289, RFC 7905) and of DTLS 1.2, which takes its suites from TLS
// 1.2 (RFC 6347 §4.1.2) and adds pre-shared keys (RFC 5487, RFC 7905); AES-CBC with HMAC of TLS 1.2
// (RFC 5246 §A.5, RFC 5289, RFC 4279) comes last. The key exchange is OpenSSL's
// business; once keys exist all rows of one version and cipher are alike.
#include "crypto/suite.hpp"

#include <algorithm>
#include <array>

namespace culvert::crypto {
namespace {

constexpr uint8_t kSaltSize = 4;  // RFC 5288 §3
constexpr uint8_t kIvSize = 12;   // RFC 8446 §5.3, the AEAD's N_MIN; RFC 7905 §2

constexpr Suite aes128(uint16_t id, std::string_view name, Version version) {
  return {id,
          name,
          version,
          Cipher::aes128_gcm,
          Mac::aead,
          Hash::sha256,
          16,
          version == Version::tls13 ? kIvSize : kSaltSize,
          "AES-GCM-128",
          "SHA256"};
}

constexpr Suite aes256(uint16_t id, std::string_view name, Version version) {
  return {id,
          name,
          version,
          Cipher::aes256_gcm,
          Mac::aead,
          Hash::sha384,
          32,
          version == Version::tls13 ? kIvSize : kSaltSize,
          "AES-GCM-256",
          "SHA384"};
}

constexpr Suite chacha20(uint16_t id, std::string_view name, Version version) {
  return {id,           name, version, Cipher::chacha20_poly1305, Mac::aead,
          Hash::sha256, 32,   kIvSize, "CHACHA20-POLY1305",       "SHA256"};
}

// RFC 5246 §5: the PRF's hash is SHA-256 whatever hash the MAC has, unless the suite says otherwise;
// RFC 5289 §3 and RFC 5487 §3 say SHA-384 for theirs.
constexpr Suite cbc(uint16_t id, std::string_view name, Version version, int key_bits, Mac mac) {
  return {id,
          name,
          version,
          key_bits == 128 ? Cipher::aes128_cbc : Cipher::aes256_cbc,
          mac,
          mac == Mac::hmac_sha384 ? Hash::sha384 : Hash::sha256,
          static_cast<uint8_t>(key_bits / 8),
          0,
          key_bits == 128 ? "AES128" : "AES256",
          mac == Mac::hmac_sha1     ? "SHA1"
          : mac == Mac::hmac_sha256 ? "SHA256"
                                    : "SHA384"};
}

constexpr std::array kTls13 = {
    aes256(0x1302, "TLS_AES_256_GCM_SHA384", Version::tls13),
    chacha20(0x1303, "TLS_CHACHA20_POLY1305_SHA256", Version::tls13),
    aes128(0x1301, "TLS_AES_128_GCM_SHA256", Version::tls13),
};

constexpr std::array kTls12Aead = {
    aes256(0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384", Version::tls12),
    chacha20(0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305", Version::tls12),
    aes128(0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256", Version::tls12),
    aes256(0xc030, "ECDHE-RSA-AES256-GCM-SHA384", Version::tls12),
    chacha20(0xcca8, "ECDHE-RSA-CHACHA20-POLY1305", Version::tls12),
    aes128(0xc02f, "ECDHE-RSA-AES128-GCM-SHA256", Version::tls12),
    aes256(0x009f, "DHE-RSA-AES256-GCM-SHA384", Version::tls12),
    chacha20(0xccaa, "DHE-RSA-CHACHA20-POLY1305", Version::tls12),
    aes128(0x009e, "DHE-RSA-AES128-GCM-SHA256", Version::tls12),
    aes256(0x009d, "AES256-GCM-SHA384", Version::tls12),
    aes128(0x009c, "AES128-GCM-SHA256", Version::tls12),
};

constexpr std::array kTls12Cbc = {
    cbc(0xc024, "ECDHE-ECDSA-AES256-SHA384", Version::tls12, 256, Mac::hmac_sha384),
    cbc(0xc028, "ECDHE-RSA-AES256-SHA384", Version::tls12, 256, Mac::hmac_sha384),
    cbc(0x006b, "DHE-RSA-AES256-SHA256", Version::tls12, 256, Mac::hmac_sha256),
    cbc(0xc023, "ECDHE-ECDSA-AES128-SHA256", Version::tls12, 128, Mac::hmac_sha256),
    cbc(0xc027, "ECDHE-RSA-AES128-SHA256", Version::tls12, 128, Mac::hmac_sha256),
    cbc(0x0067, "DHE-RSA-AES128-SHA256", Version::tls12, 128, Mac::hmac_sha256),
    cbc(0x003d, "AES256-SHA256", Version::tls12, 256, Mac::hmac_sha256),
    cbc(0x003c, "AES128-SHA256", Version::tls12, 128, Mac::hmac_sha256),
    cbc(0xc00a, "ECDHE-ECDSA-AES256-SHA", Version::tls12, 256, Mac::hmac_sha1),
    cbc(0xc014, "ECDHE-RSA-AES256-SHA", Version::tls12, 256, Mac::hmac_sha1),
    cbc(0x0039, "DHE-RSA-AES256-SHA", Version::tls12, 256, Mac::hmac_sha1),
    cbc(0xc009, "ECDHE-ECDSA-AES128-SHA", Version::tls12, 128, Mac::hmac_sha1),
    cbc(0xc013, "ECDHE-RSA-AES128-SHA", Version::tls12, 128, Mac::hmac_sha1),
    cbc(0x0033, "DHE-RSA-AES128-SHA", Version::tls12, 128, Mac::hmac_sha1),
    cbc(0x0035, "AES256-SHA", Version::tls12, 256, Mac::hmac_sha1),
    cbc(0x002f, "AES128-SHA", Version::tls12, 128, Mac::hmac_sha1),
};

constexpr std::array kPreShared = {
    aes256(0x00a9, "PSK-AES256-GCM-SHA384", Version::dtls12),
    chacha20(0xccab, "PSK-CHACHA20-POLY1305", Version::dtls12),
    aes128(0x00a8, "PSK-AES128-GCM-SHA256", Version::dtls12),
};

constexpr std::array kPreSharedCbc = {
    cbc(0x00af, "PSK-AES256-CBC-SHA384", Version::dtls12, 256, Mac::hmac_sha384),
    cbc(0x00ae, "PSK-AES128-CBC-SHA256", Version::dtls12, 128, Mac::hmac_sha256),
    cbc(0x008d, "PSK-AES256-CBC-SHA", Version::dtls12, 256, Mac::hmac_sha1),
    cbc(0x008c, "PSK-AES128-CBC-SHA", Version::dtls12, 128, Mac::hmac_sha1),
};

template <size_t A, size_t B>
constexpr std::array<Suite, A + B> join(const std::array<Suite, A>& first,
                                        const std::array<Suite, B>& second) {
  std::array<Suite, A + B> out{};
  std::copy(first.begin(), first.end(), out.begin());
  std::copy(second.begin(), second.end(), out.begin() + A);
  return out;
}

constexpr std::array kTls = join(join(kTls13, kTls12Aead), kTls12Cbc);

constexpr std::array kDtls = [] {
  auto out = join(join(kPreShared, kTls12Aead), join(kPreSharedCbc, kTls12Cbc));
  for (Suite& suite : out)
    suite.version = Version::dtls12;
  return out;
}();

constexpr std::array kDtls09 = [] {
  std::array out = {
      cbc(0x0039, "DHE-RSA-AES256-SHA", Version::dtls09, 256, Mac::hmac_sha1),
      cbc(0x0033, "DHE-RSA-AES128-SHA", Version::dtls09, 128, Mac::hmac_sha1),
      cbc(0x0035, "AES256-SHA", Version::dtls09, 256, Mac::hmac_sha1),
      cbc(0x002f, "AES128-SHA", Version::dtls09, 128, Mac::hmac_sha1),
  };
  for (Suite& suite : out)
    suite.prf = Hash::md5_sha1;  // it has TLS 1.0's
  return out;
}();

std::span<const Suite> rows_of(Version version) noexcept {
  switch (version) {
    case Version::dtls12: return dtls_suites();
    case Version::dtls09: return dtls09_suites();
    case Version::tls12:
    case Version::tls13: break;
  }
  return tls_suites();
}

template <typename Matches>
const Suite* find(Version version, Matches matches) noexcept {
  for (const Suite& suite : rows_of(version)) {
    if (suite.version == version && matches(suite)) return &suite;
  }
  return nullptr;
}

}  // namespace

std::span<const Suite> tls_suites() noexcept {
  return kTls;
}

std::span<const Suite> dtls_suites() noexcept {
  return kDtls;
}

std::span<const Suite> dtls09_suites() noexcept {
  return kDtls09;
}

const Suite* find_suite(Version version, uint16_t id) noexcept {
  return find(version, [id](const Suite& s) { return s.id == id; });
}

const Suite* find_suite(Version version, std::string_view openssl_name) noexcept {
  return find(version, [openssl_name](const Suite& s) { return s.name == openssl_name; });
}

std::string_view to_string(Version v) noexcept {
  switch (v) {
    case Version::tls12: return "TLSv1.2";
    case Version::tls13: return "TLSv1.3";
    case Version::dtls12: return "DTLSv1.2";
    case Version::dtls09: return "DTLSv0.9";
  }
  return "unknown";
}

}  // namespace culvert::crypto
