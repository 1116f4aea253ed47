// Requests and replies of HTTP/1.1 on a TLS connection: Boost.Beast's grammar for what comes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/http/wiping_allocator.hpp"
#include "tools/culvert-client/tls.hpp"

namespace culvert::client {

struct Reply {
  unsigned status = 0;
  std::string reason{};
  // They may hold a cookie.
  std::vector<std::pair<std::string, control::http::WipingString>> headers{};
  control::http::WipingString body{};
  bool keep_alive = false;

  // The first of that name, whatever its case; "" if there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
  // A cookie that the reply sets; "" if it does not, or takes it away.
  [[nodiscard]] std::string_view cookie(std::string_view name) const noexcept;
};

// Sends `request`, which may hold secrets, and reads the reply. `tunnel`: it is a CONNECT, whose
// reply ends with its header where it is 200. Throws Failure.
[[nodiscard]] Reply exchange(TlsStream& tls, const control::http::WipingString& request,
                             bool tunnel, Signals& signals, Clock::time_point deadline);

// RFC 3986 §2.1, with all that is not unreserved.
void append_urlencoded(control::http::WipingString& out, std::string_view text);

}  // namespace culvert::client
