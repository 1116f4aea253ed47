// What the reply to CONNECT grants, but for addresses and routes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/culvert-client/reply.hpp"

namespace culvert::client {

struct TunnelTerms {
  unsigned tls_mtu = 0;   // bytes of an inner packet, 16384 at most
  unsigned dtls_mtu = 0;  // 0: none was announced
  unsigned dpd_s = 0;     // 0: none, as below
  unsigned keepalive_s = 0;
};

struct DtlsTerms {
  bool pre_shared = false;    // else a resumption
  std::vector<uint8_t> id{};  // session id of the ClientHello
  std::string suite{};        // of a resumption: OpenSSL's name
  uint16_t port = 0;
  unsigned dpd_s = 0;
};

// A number that is none, or too large, counts as 0.
[[nodiscard]] TunnelTerms tunnel_terms(const Reply& reply) noexcept;
// Nothing where the headend offers no DTLS, or not all that belongs to it.
[[nodiscard]] std::optional<DtlsTerms> dtls_terms(const Reply& reply);

}  // namespace culvert::client
