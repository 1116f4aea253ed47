// Why OpenSSL gave up.
#pragma once

#include <stdexcept>
#include <string>

#include <openssl/err.h>

namespace culvert::control {

// The reason of this thread's last error, in OpenSSL's words, or `otherwise`; empties the thread's error queue.
[[nodiscard]] inline std::string openssl_reason(const char* otherwise = "unexpected end") {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string text = reason == nullptr ? otherwise : reason;
  ERR_clear_error();
  return text;
}

// Throws std::runtime_error; empties this thread's error queue, so that nobody takes it for his own.
[[noreturn]] inline void refuse(const std::string& what) {
  ERR_clear_error();
  throw std::runtime_error(what);
}

}  // namespace culvert::control
