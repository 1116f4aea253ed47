// The table of cipher suites that workers carry: AES-GCM of TLS 1.3 (RFC 8446 §B.4) and of TLS 1.2
// (RFC 5288, RFC 5289). The key exchange is OpenSSL's business; once keys exist all TLS 1.2 rows of
// one cipher are alike.
#include "crypto/suite.hpp"

#include <algorithm>
#include <array>

namespace culvert::crypto {
namespace {

constexpr uint8_t kSaltSize = 4;   // RFC 5288 §3
constexpr uint8_t kIvSize13 = 12;  // RFC 8446 §5.3, the AEAD's N_MIN

constexpr Suite aes128(uint16_t id, std::string_view name, Version version) {
  return {id,
          name,
          version,
          Cipher::aes128_gcm,
          Hash::sha256,
          16,
          version == Version::tls12 ? kSaltSize : kIvSize13,
          "AES-GCM-128",
          "SHA256"};
}

constexpr Suite aes256(uint16_t id, std::string_view name, Version version) {
  return {id,
          name,
          version,
          Cipher::aes256_gcm,
          Hash::sha384,
          32,
          version == Version::tls12 ? kSaltSize : kIvSize13,
          "AES-GCM-256",
          "SHA384"};
}

constexpr std::array kSuites = {
    aes256(0x1302, "TLS_AES_256_GCM_SHA384", Version::tls13),
    aes128(0x1301, "TLS_AES_128_GCM_SHA256", Version::tls13),
    aes256(0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384", Version::tls12),
    aes128(0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256", Version::tls12),
    aes256(0xc030, "ECDHE-RSA-AES256-GCM-SHA384", Version::tls12),
    aes128(0xc02f, "ECDHE-RSA-AES128-GCM-SHA256", Version::tls12),
    aes256(0x009f, "DHE-RSA-AES256-GCM-SHA384", Version::tls12),
    aes128(0x009e, "DHE-RSA-AES128-GCM-SHA256", Version::tls12),
    aes256(0x009d, "AES256-GCM-SHA384", Version::tls12),
    aes128(0x009c, "AES128-GCM-SHA256", Version::tls12),
};

template <typename Matches>
const Suite* find(Matches matches) noexcept {
  const auto* row = std::find_if(kSuites.begin(), kSuites.end(), matches);
  return row == kSuites.end() ? nullptr : row;
}

}  // namespace

std::span<const Suite> suites() noexcept {
  return kSuites;
}

const Suite* find_suite(uint16_t id) noexcept {
  return find([id](const Suite& s) { return s.id == id; });
}

const Suite* find_suite(std::string_view openssl_name) noexcept {
  return find([openssl_name](const Suite& s) { return s.name == openssl_name; });
}

std::string_view to_string(Version v) noexcept {
  return v == Version::tls12 ? "TLSv1.2" : "TLSv1.3";
}

}  // namespace culvert::crypto
