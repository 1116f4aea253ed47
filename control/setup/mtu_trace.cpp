#include "control/setup/mtu_trace.hpp"

#include <optional>

#include <fmt/format.h>

namespace culvert::control {
namespace {

constexpr unsigned kDefaultMtu = 1500;

std::string or_none(const std::optional<unsigned>& value) {
  return value ? std::to_string(*value) : "none";
}

const char* version_text(TlsVersion version) noexcept {
  switch (version) {
    case TlsVersion::tls10: return "TLSv1";
    case TlsVersion::tls11: return "TLSv1.1";
    case TlsVersion::tls12: return "TLSv1.2";
    case TlsVersion::tls13: break;
  }
  return "TLSv1.3";
}

}  // namespace

// The first and the last line are made like an ASA's, those between are the sums that it prints in four lines
// each.
std::vector<std::string> mtu_trace(const ConnectRequest& request, const MtuInputs& in,
                                   const Mtus& mtus, const crypto::Suite* dtls) {
  const std::string conf = or_none(in.configured_mtu);
  std::vector<std::string> out;
  out.push_back(fmt::format("Iphdr={} base-mtu={} def-mtu={} conf-mtu={}", in.outer_v6 ? 40 : 20,
                            in.base_mtu.value_or(in.interface_mtu), kDefaultMtu, conf));
  out.push_back(fmt::format(
      "X-CSTP-Base-MTU = {}, X-CSTP-MTU = {}, tcp-mss = {} (client), {} (sysopt), interface mtu = "
      "{}",
      or_none(request.base_mtu), or_none(request.mtu), or_none(in.client_mss),
      in.tcpmss == 0 ? "no limit" : std::to_string(in.tcpmss), in.interface_mtu));
  out.push_back(fmt::format("mtu-accounting {}: {} {}{}", to_string(in.accounting),
                            version_text(in.version), in.tls_suite.name,
                            in.tls_suite.encrypt_then_mac ? ", encrypt-then-MAC" : ""));
  out.push_back("tls-mtu: " + mtus.tls_derivation.text());
  if (dtls != nullptr) {
    out.push_back(fmt::format("mtu-accounting {}: {} {}", to_string(in.accounting),
                              to_string(dtls->version), in.dtls_suite.name));
    out.push_back("dtls-mtu: " + mtus.dtls_derivation.text());
  } else {
    out.emplace_back("DTLS is not offered");
  }
  out.push_back(dtls != nullptr ? fmt::format("computed tls-mtu={} dtls-mtu={} conf-mtu={}",
                                              mtus.tls, mtus.dtls, conf)
                                : fmt::format("computed tls-mtu={} conf-mtu={}", mtus.tls, conf));
  return out;
}

}  // namespace culvert::control
