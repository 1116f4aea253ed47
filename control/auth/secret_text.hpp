// A password on its way from a form to its verification: bounded, never reallocated, wiped.
#pragma once

#include <string>
#include <string_view>

#include "crypto/secret.hpp"

namespace culvert::control {

class SecretText {
 public:
  static constexpr size_t kMaxSize = 512;  // bytes

  SecretText() { text_.reserve(kMaxSize); }
  explicit SecretText(std::string_view text) : SecretText() { (void)append(text); }
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  SecretText(SecretText&& other) noexcept : text_(std::move(other.text_)) {}
  SecretText& operator=(SecretText&& other) noexcept {
    wipe();
    text_ = std::move(other.text_);
    return *this;
  }
  ~SecretText() { wipe(); }

  // False, and nothing appended, if it would be longer than kMaxSize.
  [[nodiscard]] bool append(std::string_view more) {
    if (text_.size() + more.size() > kMaxSize) return false;
    if (text_.capacity() < kMaxSize) text_.reserve(kMaxSize);  // after having been moved from
    text_ += more;
    return true;
  }
  void clear() noexcept {
    wipe();
    text_.clear();
  }
  [[nodiscard]] std::string_view view() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

 private:
  void wipe() noexcept { crypto::wipe({reinterpret_cast<uint8_t*>(text_.data()), text_.size()}); }
  std::string text_;
};

}  // namespace culvert::control
