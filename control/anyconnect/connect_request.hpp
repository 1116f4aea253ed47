// What a client asks for in CONNECT /CSCOSSLC/tunnel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/config.hpp"
#include "control/dtls/form.hpp"
#include "control/http/message.hpp"
#include "crypto/secret.hpp"

namespace culvert::control {

inline constexpr size_t kMaxUserAgent = 256;  // bytes that are kept

struct ConnectRequest {
  std::string_view cookie;           // `webvpn`; "" = none. Points into the request.
  std::optional<unsigned> base_mtu;  // X-CSTP-Base-MTU: MTU of the path, 576..65535
  std::optional<unsigned> mtu;       // X-CSTP-MTU: largest inner packet, 256..65535
  std::string hostname;              // X-CSTP-Hostname, "" if it is not one
  std::vector<IpAddress> addresses;  // X-CSTP-Address: the ones it had before
  bool wants_ipv4 = true;            // X-CSTP-Address-Type; absent: IPv4
  bool wants_ipv6 = false;           // the same, and it reads the -IP6 headers
  std::string user_agent;            // client_text()
  DtlsWishes dtls;                   // points into the request
  crypto::Secret<48> dtls_master;    // X-DTLS-Master-Secret, empty if it is not one
};

// "CONNECT /CSCOSSLC/tunnel"; some clients leave the first slash out.
[[nodiscard]] bool is_tunnel_path(std::string_view path) noexcept;

// Values that are out of range or no numbers count as absent; they are hints.
[[nodiscard]] ConnectRequest parse_connect(const http::Request& request);

}  // namespace culvert::control
