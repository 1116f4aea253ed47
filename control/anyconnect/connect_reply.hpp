// The answer to CONNECT. Header names are written as the ASA writes them: openconnect compares them
// with regard to case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/config.hpp"
#include "control/dtls/form.hpp"

namespace culvert::control {

// How the client gets its DTLS tunnel.
struct DtlsGrant {
  DtlsForm form = DtlsForm::psk;
  std::string id;  // hex; X-DTLS-App-ID or X-DTLS-Session-ID
  uint16_t port = 443;
  unsigned dpd_s = 0;        // the client's interval; 0 = it sends none
  unsigned keepalive_s = 0;  // 0 = none
  unsigned mtu = 0;
  unsigned base_mtu = 0;  // of the path; with PSK a client reckons with it
  std::string_view suite_header;
  std::string suite;
};

struct TunnelGrant {
  IpAddress address;              // unspecified: no IPv4 inside
  uint32_t netmask = 0xffffffff;  // host order
  Ipv6Prefix address6;            // unspecified: no IPv6 inside
  std::string hostname;           // the client's own, echoed; "" = not
  std::vector<IpAddress> dns;     // the client takes three
  std::string default_domain;
  std::vector<IpAddress> wins;
  SplitTunnelPolicy split_tunnel = SplitTunnelPolicy::tunnelall;
  std::vector<Network> split_networks;
  std::vector<std::string> split_dns;
  bool tunnel_all_dns = false;
  std::vector<std::string> banner;
  unsigned idle_timeout_s = 0;          // 0 = none
  unsigned disconnected_timeout_s = 0;  // how long the cookie lives without a tunnel; 0 = none
  unsigned session_timeout_s = 0;       // 0 = none
  unsigned session_remaining_s = 0;
  unsigned dpd_s = 0;        // the client's interval; 0 = it sends none
  unsigned keepalive_s = 0;  // 0 = none
  unsigned rekey_s = 0;      // 0 = none
  RekeyMethod rekey_method = RekeyMethod::none;
  unsigned tls_mtu = 0;
  std::optional<DtlsGrant> dtls;
};

// "HTTP/1.1 200 CONNECTED" with the headers. Without a DTLS grant no X-DTLS- header at all, so that
// the client does not try. With one both MTUs are announced; openconnect puts the larger on its
// interface.
[[nodiscard]] std::string connect_reply(const TunnelGrant& grant);

// A refusal. 401: the cookie is not (or no longer) good, which ends openconnect's attempts. 503:
// `reason` goes into X-Reason, which openconnect shows.
[[nodiscard]] std::string connect_refusal(unsigned status, std::string_view reason);

}  // namespace culvert::control
