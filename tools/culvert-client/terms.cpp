#include "tools/culvert-client/terms.hpp"

#include "tools/culvert-client/header_value.hpp"

namespace culvert::client {
namespace {

constexpr unsigned kMostMtu = 16384, kMostSeconds = 86400;

}  // namespace

TunnelTerms tunnel_terms(const Reply& reply) noexcept {
  return {.tls_mtu = header_number(reply.header("X-CSTP-MTU"), kMostMtu),
          .dtls_mtu = header_number(reply.header("X-DTLS-MTU"), kMostMtu),
          .dpd_s = header_number(reply.header("X-CSTP-DPD"), kMostSeconds),
          .keepalive_s = header_number(reply.header("X-CSTP-Keepalive"), kMostSeconds)};
}

std::optional<DtlsTerms> dtls_terms(const Reply& reply) {
  DtlsTerms out;
  const auto psk_id = reply.header("X-DTLS-App-ID");
  out.pre_shared = !psk_id.empty();
  out.id = header_id(out.pre_shared ? psk_id : reply.header("X-DTLS-Session-ID"));
  if (!out.pre_shared) out.suite = reply.header("X-DTLS12-CipherSuite");
  out.port = static_cast<uint16_t>(header_number(reply.header("X-DTLS-Port"), 65535));
  out.dpd_s = header_number(reply.header("X-DTLS-DPD"), kMostSeconds);
  if (out.id.empty() || out.port == 0 || (!out.pre_shared && out.suite.empty()))
    return std::nullopt;
  return out;
}

}  // namespace culvert::client
