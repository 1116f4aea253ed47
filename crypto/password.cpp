// Hashing and checking passwords with OpenSSL's PBKDF2, and their textual form.
#include "crypto/password.hpp"

#include <charconv>
#include <optional>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace culvert::crypto {
namespace {

constexpr std::string_view kPrefix = "$sha512$";
// What the ASA writes, so that a line made here can go there.
constexpr size_t kSaltSize = 16;
constexpr size_t kHashSize = 16;
constexpr size_t kMinSaltSize = 8;  // RFC 8018 §4.1
constexpr size_t kMinHashSize = 16;
constexpr size_t kMaxPartSize = 64;

std::string to_base64(std::span<const uint8_t> bytes) {
  // EVP_EncodeBlock ends its output with a zero byte; data()[size()] is there for it.
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  EVP_EncodeBlock(reinterpret_cast<uint8_t*>(text.data()), bytes.data(),
                  static_cast<int>(bytes.size()));
  return text;
}

std::optional<std::vector<uint8_t>> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > 2 * kMaxPartSize) return std::nullopt;
  std::vector<uint8_t> bytes(text.size() / 4 * 3);
  const auto* in = reinterpret_cast<const uint8_t*>(text.data());
  if (EVP_DecodeBlock(bytes.data(), in, static_cast<int>(text.size())) < 0) return std::nullopt;
  bytes.resize(bytes.size() - (text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0));
  // OpenSSL's decoder forgives stray padding and white space; what does not come out the same is
  // refused.
  if (to_base64(bytes) != text) return std::nullopt;
  return bytes;
}

[[noreturn]] void refuse(std::string_view what) {
  throw std::runtime_error("the stored password is not of the form $sha512$ITERATIONS$SALT$HASH: " +
                           std::string(what) + "; set the password again in clear");
}

std::vector<uint8_t> derive(std::string_view password, std::span<const uint8_t> salt,
                            uint32_t iterations, size_t size) {
  std::vector<uint8_t> out(size);
  if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(),
                        static_cast<int>(salt.size()), static_cast<int>(iterations), EVP_sha512(),
                        static_cast<int>(out.size()), out.data()) != 1) {
    throw std::runtime_error("OpenSSL could not compute PBKDF2-HMAC-SHA512: check its providers");
  }
  return out;
}

std::vector<uint8_t> random_bytes(size_t size) {
  std::vector<uint8_t> out(size);
  if (RAND_bytes(out.data(), static_cast<int>(size)) != 1) {
    throw std::runtime_error(
        "OpenSSL has no random bytes: check that the system can provide entropy");
  }
  return out;
}

}  // namespace

bool looks_hashed(std::string_view text) noexcept {
  return text.starts_with(kPrefix);
}

PasswordHash parse_password_hash(std::string_view text) {
  if (!looks_hashed(text)) refuse("it does not start with $sha512$");
  text.remove_prefix(kPrefix.size());
  const size_t salt_at = text.find('$');
  const size_t hash_at = salt_at == text.npos ? text.npos : text.find('$', salt_at + 1);
  if (hash_at == text.npos) refuse("a part is missing");

  const std::string_view count = text.substr(0, salt_at);
  PasswordHash out;
  const auto [end, error] =
      std::from_chars(count.data(), count.data() + count.size(), out.iterations);
  if (error != std::errc{} || end != count.data() + count.size() || out.iterations == 0 ||
      out.iterations > kMaxIterations) {
    refuse("the iterations must be 1 to 10000000");
  }
  auto salt = from_base64(text.substr(salt_at + 1, hash_at - salt_at - 1));
  if (!salt || salt->size() < kMinSaltSize || salt->size() > kMaxPartSize) {
    refuse("the salt must be base64 of 8 to 64 bytes");
  }
  auto hash = from_base64(text.substr(hash_at + 1));
  if (!hash || hash->size() < kMinHashSize || hash->size() > kMaxPartSize) {
    refuse("the hash must be base64 of 16 to 64 bytes");
  }
  out.salt = std::move(*salt);
  out.hash = std::move(*hash);
  return out;
}

std::string to_string(const PasswordHash& hash) {
  return std::string(kPrefix) + std::to_string(hash.iterations) + "$" + to_base64(hash.salt) + "$" +
         to_base64(hash.hash);
}

PasswordHash hash_password(std::string_view password, uint32_t iterations) {
  if (iterations == 0 || iterations > kMaxIterations) {
    throw std::runtime_error("a password is hashed with 1 to 10000000 iterations");
  }
  PasswordHash out;
  out.iterations = iterations;
  out.salt = random_bytes(kSaltSize);
  out.hash = derive(password, out.salt, iterations, kHashSize);
  return out;
}

bool verify_password(const PasswordHash& stored, std::string_view password) {
  std::vector<uint8_t> hash = derive(password, stored.salt, stored.iterations, stored.hash.size());
  const bool equal = constant_time_equal(hash, stored.hash);
  wipe(hash);
  return equal;
}

std::string random_token(size_t bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string token;
  token.reserve(2 * bytes);
  std::vector<uint8_t> raw = random_bytes(bytes);
  for (const uint8_t byte : raw) {
    token.push_back(kDigits[byte >> 4]);
    token.push_back(kDigits[byte & 15]);
  }
  wipe(raw);  // it is the token in other letters
  return token;
}

}  // namespace culvert::crypto
