#include "control/config/cipher_choice.hpp"

#include <algorithm>

namespace culvert::control {
namespace {

// Whether `name` stands in a list with colons between its items.
bool listed(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(':'), list.size());
    if (list.substr(0, end) == name) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace

std::string_view to_string(CipherLevel level) noexcept {
  switch (level) {
    case CipherLevel::all: return "all";
    case CipherLevel::low: return "low";
    case CipherLevel::medium: return "medium";
    case CipherLevel::fips: return "fips";
    case CipherLevel::high: break;
  }
  return "high";
}

bool in_level(CipherLevel level, const crypto::Suite& suite) noexcept {
  const bool aes = suite.cipher != crypto::Cipher::chacha20_poly1305;
  switch (level) {
    case CipherLevel::all:
    case CipherLevel::low:
    case CipherLevel::medium: return true;
    case CipherLevel::fips: return aes;
    case CipherLevel::high: break;
  }
  return aes && suite.key_size == 32 && suite.mac != crypto::Mac::hmac_sha1;
}

const CipherChoice& choice_for(const SslConfig& ssl, crypto::Version version) noexcept {
  return version == crypto::Version::tls13 ? ssl.tls13 : ssl.tls12;
}

bool offers(const SslConfig& ssl, const crypto::Suite& suite) {
  if (suite.version != crypto::Version::tls13 && !ssl.allow_tls12) return false;
  const CipherChoice& choice = choice_for(ssl, suite.version);
  return choice.custom.empty() ? in_level(choice.level, suite) : listed(choice.custom, suite.name);
}

std::string names_in(CipherLevel level, crypto::Version version) {
  std::string names;
  for (const crypto::Suite& suite : crypto::tls_suites()) {
    if (suite.version != version || !in_level(level, suite)) continue;
    if (!names.empty()) names += ':';
    names += suite.name;
  }
  return names;
}

}  // namespace culvert::control
