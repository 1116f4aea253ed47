// Making and comparing cookies.
#include "control/session/cookie.hpp"

#include <algorithm>

#include <openssl/sha.h>

#include "crypto/password.hpp"
#include "crypto/secret.hpp"

namespace culvert::control {

std::string make_cookie() {
  return crypto::random_token(kCookieSize / 2);
}

bool looks_like_cookie(std::string_view text) noexcept {
  return text.size() == kCookieSize && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

CookieHash hash_cookie(std::string_view text) noexcept {
  CookieHash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  return hash;
}

bool same_cookie(const CookieHash& a, const CookieHash& b) noexcept {
  return crypto::constant_time_equal(a, b);
}

}  // namespace culvert::control
