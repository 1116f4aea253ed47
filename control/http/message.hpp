// HTTP/1.1 requests and replies as the headend's dialogue uses them (RFC 9110, RFC 9112).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/secret.hpp"

namespace culvert::control::http {

// Wiped on destruction: it holds cookies and passwords.
struct Request {
  std::string method;  // "GET", "POST", "CONNECT", …
  std::string target;  // as sent
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool keep_alive = true;  // RFC 9112 §9.3: the connection may live on behind the reply

  Request() = default;
  Request(Request&&) = default;
  Request& operator=(Request&&) = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  ~Request() {
    wipe(body);
    for (auto& [name, value] : headers)
      wipe(value);
  }

  // The first header of that name (any case), or "".
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
  // Path of `target` without the query.
  [[nodiscard]] std::string_view path() const noexcept;
  // The value of a cookie, or "".
  [[nodiscard]] std::string_view cookie(std::string_view name) const noexcept;

  template <typename Allocator>
  static void wipe(std::basic_string<char, std::char_traits<char>, Allocator>& text) noexcept {
    crypto::wipe({reinterpret_cast<uint8_t*>(text.data()), text.size()});
  }
};

struct Reply {
  unsigned status = 200;
  std::string reason;  // "" = the usual phrase
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type;  // "" = no body
  std::string body;
  bool close = false;
};

// The whole reply: status line, the headers that every reply has, `reply.headers`, body. It is the only
// copy of what is secret in `reply`; the caller wipes it.
[[nodiscard]] std::string to_text(const Reply& reply);
[[nodiscard]] Reply xml_document(std::string body);
// A reply without a body that ends the connection.
[[nodiscard]] Reply refusal(unsigned status);

}  // namespace culvert::control::http
