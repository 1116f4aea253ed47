#include "control/mtu/cipher_shape.hpp"

#include <algorithm>
#include <array>

namespace culvert::control {
namespace {

struct Row {
  std::string_view body;  // the suite's name without its key exchange
  Protection protection;
  uint8_t block;
  uint8_t hash;
  uint8_t tag = 16;
};

constexpr auto kRows = std::to_array<Row>({
    {"TLS_AES_128_GCM_SHA256", Protection::gcm, 16, 32},
    {"TLS_AES_256_GCM_SHA384", Protection::gcm, 16, 48},
    {"TLS_CHACHA20_POLY1305_SHA256", Protection::chacha, 1, 32},
    {"TLS_AES_128_CCM_SHA256", Protection::gcm, 16, 32},
    {"TLS_AES_128_CCM_8_SHA256", Protection::gcm, 16, 32, 8},
    {"AES128-GCM-SHA256", Protection::gcm, 16, 32},
    {"AES256-GCM-SHA384", Protection::gcm, 16, 48},
    {"AES128-CCM", Protection::gcm, 16, 32},
    {"AES256-CCM", Protection::gcm, 16, 32},
    {"AES128-CCM8", Protection::gcm, 16, 32, 8},
    {"AES256-CCM8", Protection::gcm, 16, 32, 8},
    {"CHACHA20-POLY1305", Protection::chacha, 1, 32},
    {"AES128-SHA", Protection::cbc, 16, 20},
    {"AES256-SHA", Protection::cbc, 16, 20},
    {"AES128-SHA256", Protection::cbc, 16, 32},
    {"AES256-SHA256", Protection::cbc, 16, 32},
    {"AES128-SHA384", Protection::cbc, 16, 48},
    {"AES256-SHA384", Protection::cbc, 16, 48},
    {"AES128-CBC-SHA", Protection::cbc, 16, 20},
    {"AES256-CBC-SHA", Protection::cbc, 16, 20},
    {"AES128-CBC-SHA256", Protection::cbc, 16, 32},
    {"AES256-CBC-SHA384", Protection::cbc, 16, 48},
    {"DES-CBC3-SHA", Protection::cbc, 8, 20},
    {"3DES-EDE-CBC-SHA", Protection::cbc, 8, 20},
    {"DES-CBC-SHA", Protection::cbc, 8, 20},
    {"RC4-SHA", Protection::stream, 1, 20},
    {"RC4-MD5", Protection::stream, 1, 16},
    {"NULL-SHA", Protection::stream, 1, 20},
    {"NULL-SHA256", Protection::stream, 1, 32},
    {"NULL-MD5", Protection::stream, 1, 16},
    // openconnect's names in X-DTLS-CipherSuite
    {"OC-DTLS1_2-AES128-GCM", Protection::gcm, 16, 32},
    {"OC-DTLS1_2-AES256-GCM", Protection::gcm, 16, 48},
    {"OC2-DTLS1_2-CHACHA20-POLY1305", Protection::chacha, 1, 32},
});

constexpr auto kKeyExchanges = std::to_array<std::string_view>(
    {"ECDHE-RSA-", "ECDHE-ECDSA-", "DHE-RSA-", "EDH-RSA-", "ECDHE-PSK-", "DHE-PSK-", "RSA-PSK-",
     "PSK-", "AECDH-", "ADH-"});

std::optional<CipherShape> find_body(std::string_view whole, std::string_view body) {
  for (const Row& row : kRows) {
    if (row.body == body) {
      return CipherShape{std::string(whole), row.protection, row.block, row.hash, row.tag};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<CipherShape> find_cipher_shape(std::string_view name) {
  if (auto found = find_body(name, name)) return found;
  for (const std::string_view exchange : kKeyExchanges) {
    const std::string_view body = name.substr(std::min(exchange.size(), name.size()));
    if (name.starts_with(exchange) && !body.starts_with("TLS_") && !body.starts_with("OC")) {
      return find_body(name, body);
    }
  }
  return std::nullopt;
}

CipherShape usual_dtls_suite(const CipherShape& tls_suite) {
  switch (tls_suite.protection) {
    case Protection::gcm:
      return find_cipher_shape(tls_suite.hash == 48 ? "AES256-GCM-SHA384" : "AES128-GCM-SHA256")
          .value();
    case Protection::chacha: return find_cipher_shape("PSK-CHACHA20-POLY1305").value();
    case Protection::cbc:
      if (tls_suite.block == 8) return find_cipher_shape("DES-CBC3-SHA").value();
      break;
    case Protection::stream: break;
  }
  return find_cipher_shape(tls_suite.name.find("AES256") != std::string::npos ? "AES256-SHA"
                                                                              : "AES128-SHA")
      .value();
}

}  // namespace culvert::control
