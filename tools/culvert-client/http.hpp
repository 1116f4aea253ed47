// Requests and replies of HTTP/1.1 on a TLS connection.
#pragma once

#include <string_view>

#include "control/http/wiping_allocator.hpp"
#include "tools/culvert-client/reply.hpp"
#include "tools/culvert-client/tls.hpp"

namespace culvert::client {

// Sends `request`, which may hold secrets, and reads the reply. `tunnel`: it is a CONNECT, whose
// reply ends with its header where it is 200. Throws Failure.
[[nodiscard]] Reply exchange(TlsStream& tls, const control::http::WipingString& request,
                             bool tunnel, Signals& signals, Clock::time_point deadline);

// RFC 3986 §2.1, with all that is not unreserved.
void append_urlencoded(control::http::WipingString& out, std::string_view text);

}  // namespace culvert::client
