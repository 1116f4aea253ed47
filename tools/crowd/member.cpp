#include "tools/crowd/member.hpp"

namespace culvert::crowd {

std::string_view to_string(Why why) noexcept {
  switch (why) {
    case Why::none: return "none";
    case Why::no_flow: return "no free port";
    case Why::refused_by_tcp: return "connection refused";
    case Why::timed_out: return "timed out";
    case Why::tls_failed: return "TLS handshake failed";
    case Why::http_failed: return "unexpected answer";
    case Why::not_let_in: return "log-in refused";
    case Why::cookie_refused: return "cookie refused";
    case Why::connect_refused: return "CONNECT refused";
    case Why::no_common_suite: return "no common suite";
    case Why::dtls_failed: return "DTLS handshake failed";
    case Why::closed_by_peer: return "closed by the headend";
    case Why::reset_by_peer: return "reset by the headend";
    case Why::bad_record: return "bad record";
    case Why::dead_peer: return "headend silent";
    case Why::key_worn_out: return "key worn out";
    case Why::by_request: return "by request";
  }
  return "unknown";
}

}  // namespace culvert::crowd
