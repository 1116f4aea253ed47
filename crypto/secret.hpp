// Memory that holds keys, passwords and cookies: wiped when it dies, compared in constant time,
// never printed.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include <openssl/crypto.h>

namespace culvert::crypto {

// Compares without leaking through timing where the first difference is. Lengths are not secret.
[[nodiscard]] inline bool constant_time_equal(std::span<const uint8_t> a,
                                              std::span<const uint8_t> b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

inline void wipe(std::span<uint8_t> bytes) noexcept {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

// Up to N secret bytes, stored inline. There is no operator<< on purpose.
template <size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::span<const uint8_t> bytes) noexcept { assign(bytes); }
  Secret(const Secret& other) noexcept { assign(other.view()); }
  Secret& operator=(const Secret& other) noexcept {
    if (this != &other) assign(other.view());
    return *this;
  }
  ~Secret() { wipe(bytes_); }

  // Takes at most N bytes; what is longer is a programming error and is cut.
  void assign(std::span<const uint8_t> bytes) noexcept {
    wipe(bytes_);
    size_ = bytes.size() < N ? bytes.size() : N;
    if (size_ != 0) std::memcpy(bytes_.data(), bytes.data(), size_);
  }
  // Room for `size` bytes to be filled in by a key derivation.
  [[nodiscard]] std::span<uint8_t> reserve(size_t size) noexcept {
    size_ = size < N ? size : N;
    return {bytes_.data(), size_};
  }
  [[nodiscard]] std::span<const uint8_t> view() const noexcept { return {bytes_.data(), size_}; }
  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  std::array<uint8_t, N> bytes_{};
  size_t size_ = 0;
};

}  // namespace culvert::crypto
