// Key derivation by OpenSSL's KDFs: the PRFs of TLS 1.2 (RFC 5246 §5) and 1.0 (RFC 2246 §5), and
// HKDF-Expand-Label (RFC 8446
// §7.1).
#include "crypto/kdf.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

namespace culvert::crypto {
namespace {

struct FreeKdf {
  void operator()(EVP_KDF* k) const noexcept { EVP_KDF_free(k); }
  void operator()(EVP_KDF_CTX* c) const noexcept { EVP_KDF_CTX_free(c); }
};

const char* digest_name(Hash hash) noexcept {
  switch (hash) {
    case Hash::sha256: return "SHA256";
    case Hash::sha384: return "SHA384";
    case Hash::md5_sha1: break;
  }
  return "MD5-SHA1";  // by which TLS1-PRF knows that TLS 1.0's is meant
}
size_t digest_size(Hash hash) noexcept {
  return hash == Hash::sha256 ? 32 : 48;
}

// OSSL_PARAM wants pointers to non-const even for what it only reads.
OSSL_PARAM octets(const char* name, std::span<const uint8_t> bytes) noexcept {
  return OSSL_PARAM_construct_octet_string(name, const_cast<uint8_t*>(bytes.data()), bytes.size());
}

OSSL_PARAM digest(Hash hash) noexcept {
  return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                          const_cast<char*>(digest_name(hash)), 0);
}

void derive(const char* kdf_name, const OSSL_PARAM* params, std::span<uint8_t> out) {
  const std::unique_ptr<EVP_KDF, FreeKdf> kdf(EVP_KDF_fetch(nullptr, kdf_name, nullptr));
  const std::unique_ptr<EVP_KDF_CTX, FreeKdf> context(kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr);
  if (!context || EVP_KDF_derive(context.get(), out.data(), out.size(), params) != 1) {
    throw std::runtime_error("OpenSSL could not derive keys with " + std::string(kdf_name) +
                             ": check that its default provider is installed and active");
  }
}

void require_size(std::string_view what, size_t size, size_t wanted) {
  if (size == wanted) return;
  throw std::runtime_error("cannot derive record keys: the " + std::string(what) + " has " +
                           std::to_string(size) + " bytes and must have " + std::to_string(wanted));
}

void require_version(const Suite& suite, Version version) {
  // RFC 6347 changes nothing in how TLS 1.2 derives keys; nor does the older DTLS, but for the PRF.
  const bool like_tls12 = is_dtls(suite.version);
  if ((like_tls12 ? Version::tls12 : suite.version) == version) return;
  throw std::runtime_error("cannot derive " + std::string(to_string(version)) + " keys for " +
                           std::string(suite.name) + ", which is a suite of " +
                           std::string(to_string(suite.version)));
}

// RFC 8446 §7.1 with an empty context, the only form that record keys use.
void expand_label(Hash hash, std::span<const uint8_t> secret, std::string_view label,
                  std::span<uint8_t> out) {
  constexpr std::string_view kPrefix = "tls13 ";
  std::vector<uint8_t> info;
  info.reserve(2 + 1 + kPrefix.size() + label.size() + 1);
  info.push_back(static_cast<uint8_t>(out.size() >> 8));
  info.push_back(static_cast<uint8_t>(out.size()));
  info.push_back(static_cast<uint8_t>(kPrefix.size() + label.size()));
  info.insert(info.end(), kPrefix.begin(), kPrefix.end());
  info.insert(info.end(), label.begin(), label.end());
  info.push_back(0);

  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  const OSSL_PARAM params[] = {
      digest(hash),
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      octets(OSSL_KDF_PARAM_KEY, secret),
      octets(OSSL_KDF_PARAM_INFO, info),
      OSSL_PARAM_construct_end(),
  };
  derive("HKDF", params, out);
}

}  // namespace

TrafficKeys tls12_keys(const Suite& suite, std::span<const uint8_t> master,
                       std::span<const uint8_t> client_random,
                       std::span<const uint8_t> server_random) {
  require_version(suite, Version::tls12);
  require_size("master secret", master.size(), kMasterSecretSize);
  require_size("client random", client_random.size(), kRandomSize);
  require_size("server random", server_random.size(), kRandomSize);

  // The PRF's seed is label, server random, client random: parameters of one name are concatenated.
  constexpr uint8_t kLabel[] = {'k', 'e', 'y', ' ', 'e', 'x', 'p', 'a', 'n', 's', 'i', 'o', 'n'};
  const OSSL_PARAM params[] = {
      digest(suite.prf),
      octets(OSSL_KDF_PARAM_SECRET, master),
      octets(OSSL_KDF_PARAM_SEED, kLabel),
      octets(OSSL_KDF_PARAM_SEED, server_random),
      octets(OSSL_KDF_PARAM_SEED, client_random),
      OSSL_PARAM_construct_end(),
  };
  const size_t key_size = suite.key_size;
  const size_t iv_size = suite.fixed_iv_size;
  const size_t mac_size = record::mac_size(suite.mac);
  Secret<size_t{2} * (48 + 32 + 12)> block;
  derive("TLS1-PRF", params, block.reserve(2 * (mac_size + key_size + iv_size)));

  // RFC 5246 §6.3: in this order. An AEAD suite has no MAC keys, and one of CBC no IVs.
  auto rest = block.view();
  const auto cut = [&rest](auto& secret, size_t size) {
    secret.assign(rest.first(size));
    rest = rest.subspan(size);
  };
  TrafficKeys keys;
  keys.client.suite = keys.server.suite = &suite;
  cut(keys.client.mac_key, mac_size);
  cut(keys.server.mac_key, mac_size);
  cut(keys.client.key, key_size);
  cut(keys.server.key, key_size);
  cut(keys.client.iv, iv_size);
  cut(keys.server.iv, iv_size);
  return keys;
}

std::array<uint8_t, kVerifyDataSize> tls10_verify_data(std::span<const uint8_t> master,
                                                       std::string_view label,
                                                       std::span<const uint8_t> transcript) {
  require_size("master secret", master.size(), kMasterSecretSize);
  const OSSL_PARAM params[] = {
      digest(Hash::md5_sha1),
      octets(OSSL_KDF_PARAM_SECRET, master),
      octets(OSSL_KDF_PARAM_SEED, {reinterpret_cast<const uint8_t*>(label.data()), label.size()}),
      octets(OSSL_KDF_PARAM_SEED, transcript),
      OSSL_PARAM_construct_end(),
  };
  std::array<uint8_t, kVerifyDataSize> out{};
  derive("TLS1-PRF", params, out);
  return out;
}

record::KeyMaterial tls13_keys(const Suite& suite, std::span<const uint8_t> traffic_secret) {
  require_version(suite, Version::tls13);
  require_size("traffic secret", traffic_secret.size(), digest_size(suite.prf));
  record::KeyMaterial keys;
  keys.suite = &suite;
  expand_label(suite.prf, traffic_secret, "key", keys.key.reserve(suite.key_size));
  expand_label(suite.prf, traffic_secret, "iv", keys.iv.reserve(suite.fixed_iv_size));
  return keys;
}

Secret<48> tls13_next_secret(const Suite& suite, std::span<const uint8_t> traffic_secret) {
  require_version(suite, Version::tls13);
  require_size("traffic secret", traffic_secret.size(), digest_size(suite.prf));
  Secret<48> next;
  expand_label(suite.prf, traffic_secret, "traffic upd", next.reserve(digest_size(suite.prf)));
  return next;
}

}  // namespace culvert::crypto
