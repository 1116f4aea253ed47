// Writes the headers of the tunnel in the order of a real ASA's reply.
#include "control/anyconnect/connect_reply.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "control/http/message.hpp"

namespace culvert::control {
namespace {

// The ASA's constant; the lease of the address ends with the session anyway.
constexpr unsigned kLeaseSeconds = 1209600;

std::string seconds_or_none(unsigned seconds) {
  return seconds == 0 ? "none" : std::to_string(seconds);
}

// "10.0.0.0/255.0.0.0"
std::string network_text(const Network& network) {
  const uint32_t mask = network.prefix == 0 ? 0 : ~uint32_t{0} << (32 - network.prefix);
  return IpAddress::v4(network.address).to_string() + "/" + IpAddress::v4(mask).to_string();
}

// One header line: what an administrator wrote over several lines, or with odd bytes, must not
// become another header.
std::string one_line(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return out;
}

}  // namespace

std::string connect_reply(const TunnelGrant& grant) {
  std::string out = "HTTP/1.1 200 CONNECTED\r\n";
  const auto header = [&out](std::string_view name, const auto& value) {
    fmt::format_to(std::back_inserter(out), "{}: {}\r\n", name, value);
  };
  header("X-CSTP-Version", 1);
  header("X-CSTP-Protocol", "Copyright (c) 2004 Cisco Systems, Inc.");
  const bool four = !grant.address.is_unspecified();
  const bool six = !grant.address6.address.is_unspecified();
  if (four) {
    header("X-CSTP-Address", grant.address.to_string());
    header("X-CSTP-Netmask", IpAddress::v4(grant.netmask).to_string());
  }
  if (six) {
    header("X-CSTP-Address-IP6",
           fmt::format("{}/{}", grant.address6.address.to_string(), grant.address6.length));
  }
  if (!grant.hostname.empty()) header("X-CSTP-Hostname", one_line(grant.hostname));
  // A server of a family that the client has no address of is out of its reach.
  for (const IpAddress& server : grant.dns) {
    if (server.is_v4() ? four : six) {
      header(server.is_v4() ? "X-CSTP-DNS" : "X-CSTP-DNS-IP6", server.to_string());
    }
  }
  for (const IpAddress& server : grant.wins)
    header("X-CSTP-NBNS", server.to_string());
  header("X-CSTP-Lease-Duration", kLeaseSeconds);
  header("X-CSTP-Session-Timeout", seconds_or_none(grant.session_timeout_s));
  header("X-CSTP-Session-Timeout-Alert-Interval", 60);
  header("X-CSTP-Session-Timeout-Remaining", seconds_or_none(grant.session_remaining_s));
  header("X-CSTP-Idle-Timeout", seconds_or_none(grant.idle_timeout_s));
  header("X-CSTP-Disconnected-Timeout", seconds_or_none(grant.disconnected_timeout_s));
  if (!grant.default_domain.empty()) {
    header("X-CSTP-Default-Domain", one_line(grant.default_domain));
  }
  header("X-CSTP-Keep", "true");
  for (const std::string& domain : grant.split_dns)
    header("X-CSTP-Split-DNS", one_line(domain));
  // No network at all makes clients send everything this way.
  for (const Network& network : grant.split_networks) {
    header(grant.split_tunnel == SplitTunnelPolicy::excludespecified ? "X-CSTP-Split-Exclude"
                                                                     : "X-CSTP-Split-Include",
           network_text(network));
  }
  header("X-CSTP-Tunnel-All-DNS", grant.tunnel_all_dns ? "true" : "false");
  header("X-CSTP-DPD", grant.dpd_s);
  header("X-CSTP-Keepalive", grant.keepalive_s);
  if (grant.rekey_s == 0 || grant.rekey_method == RekeyMethod::none) {
    header("X-CSTP-Rekey-Method", "none");
  } else {
    header("X-CSTP-Rekey-Time", grant.rekey_s);
    header("X-CSTP-Rekey-Method", grant.rekey_method == RekeyMethod::ssl ? "ssl" : "new-tunnel");
  }
  header("X-CSTP-MSIE-Proxy-Lockdown", "true");
  header("X-CSTP-Smartcard-Removal-Disconnect", "true");
  if (grant.dtls) {
    const DtlsGrant& dtls = *grant.dtls;
    header(dtls.form == DtlsForm::psk ? "X-DTLS-App-ID" : "X-DTLS-Session-ID", dtls.id);
    header("X-DTLS-Port", dtls.port);
    header("X-DTLS-Keepalive", dtls.keepalive_s);
    header("X-DTLS-DPD", dtls.dpd_s);
  }
  header("X-CSTP-MTU", grant.tls_mtu);
  if (grant.dtls) {
    const DtlsGrant& dtls = *grant.dtls;
    if (dtls.form == DtlsForm::psk) header("X-CSTP-Base-MTU", dtls.base_mtu);
    header("X-DTLS-MTU", dtls.mtu);
    header(dtls.suite_header, dtls.suite);
  }
  header("X-CSTP-Routing-Filtering-Ignore", "false");
  header("X-CSTP-Quarantine", "false");
  header("X-CSTP-Disable-Always-On-VPN", "false");
  header("X-CSTP-Client-Bypass-Protocol", "false");
  header("X-CSTP-TCP-Keepalive", "true");
  header("X-CSTP-License", "accept");
  if (!grant.banner.empty()) {
    std::string banner;
    for (const std::string& line : grant.banner)
      banner += (banner.empty() ? "" : " ") + line;
    header("X-CSTP-Banner", one_line(banner));
  }
  out += "\r\n";
  return out;
}

std::string connect_refusal(unsigned status, std::string_view reason) {
  http::Reply reply = http::refusal(status);
  if (!reason.empty()) reply.headers.emplace_back("X-Reason", one_line(reason));
  return http::to_text(reply);
}

}  // namespace culvert::control
