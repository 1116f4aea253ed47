// Rows: TLS settings of the box, and the webvpn mode.
#include <algorithm>
#include <array>

#include "control/config/command.hpp"
#include "control/config/match.hpp"

namespace culvert::control {
namespace {

// OpenSSL's names, one colon-separated string or several words: the field uses both.
std::string read_ciphers(const Arguments& a) {
  std::string out;
  for (const Argument& word : a) {
    if (word.name != "ciphers") continue;
    const bool good = std::all_of(word.text.begin(), word.text.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("-_+!@=:").find(c) != std::string_view::npos;
    });
    if (!good || word.text.front() == ':' || word.text.back() == ':') {
      throw ArgumentError("ciphers",
                          "Ciphers are OpenSSL's names with colons or spaces between them");
    }
    out += (out.empty() ? "" : ":") + word.text;
  }
  return out;
}

void show_ssl(const Config& c, Lines& out) {
  const SslConfig& s = c.ssl;
  if (!s.allow_tls12) out.add("ssl server-version tlsv1.3");
  if (!s.tls12_ciphers.empty()) out.add("ssl cipher tlsv1.2 custom \"" + s.tls12_ciphers + "\"");
  if (!s.tls13_ciphers.empty()) out.add("ssl cipher tlsv1.3 custom \"" + s.tls13_ciphers + "\"");
  if (!s.trust_point.empty()) {
    out.add("ssl trust-point " + quote(s.trust_point) +
            (s.trust_point_key.empty() ? "" : " " + quote(s.trust_point_key)));
  }
  if (!s.client_ca.empty()) out.add("ssl client-ca " + quote(s.client_ca));
  if (!s.client_crl.empty()) out.add("ssl client-crl " + quote(s.client_crl));
}

const std::array kSsl = {
    Command{
        .syntax = "ssl server-version {tlsv1.2 | tlsv1.3}",
        .help = "Oldest TLS version that clients may use (default tlsv1.2)",
        .set = [](Draft& d, const Arguments& a) { d.config.ssl.allow_tls12 = a.has("tlsv1.2"); },
        .no_syntax = "ssl server-version [tlsv1.2 | tlsv1.3]",
        .unset = [](Draft& d, const Arguments&) { d.config.ssl.allow_tls12 = true; },
        .show = [](const Config& c, const std::string&, Lines& out) { show_ssl(c, out); }},
    Command{
        .syntax = "ssl cipher {tlsv1.2 | tlsv1.3} {medium | custom <ciphers:word>...}",
        .help = "Cipher suites in OpenSSL's names, \"A:B\" or A B (medium: the default)",
        .set =
            [](Draft& d, const Arguments& a) {
              (a.has("tlsv1.3") ? d.config.ssl.tls13_ciphers : d.config.ssl.tls12_ciphers) =
                  read_ciphers(a);
            },
        .no_syntax = "ssl cipher {tlsv1.2 | tlsv1.3} [medium | custom <ciphers:word>...]",
        .unset =
            [](Draft& d, const Arguments& a) {
              (a.has("tlsv1.3") ? d.config.ssl.tls13_ciphers : d.config.ssl.tls12_ciphers).clear();
            }},
    Command{.syntax = "ssl trust-point <file:word> [<key-file:word>]",
            .help = "PEM file with certificate chain and key (default: self-signed, made at the "
                    "first start)",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.config.ssl.trust_point = a.text("file");
                  d.config.ssl.trust_point_key = a.text("key-file");
                },
            .no_syntax = "ssl trust-point [<file:word> [<key-file:word>]]",
            .unset =
                [](Draft& d, const Arguments&) {
                  d.config.ssl.trust_point.clear();
                  d.config.ssl.trust_point_key.clear();
                }},
    Command{.syntax = "ssl client-ca <file:word>",
            .help = "PEM file with the authorities whose client certificates are accepted; once it "
                    "is there, every client is asked for one, and need not have any",
            .set = [](Draft& d, const Arguments& a) { d.config.ssl.client_ca = a.text("file"); },
            .no_syntax = "ssl client-ca [<file:word>]",
            .unset = [](Draft& d, const Arguments&) { d.config.ssl.client_ca.clear(); }},
    Command{.syntax = "ssl client-crl <file:word>",
            .help = "PEM file with a current revocation list of each of these authorities; read "
                    "again when it changes (default: no check)",
            .set = [](Draft& d, const Arguments& a) { d.config.ssl.client_crl = a.text("file"); },
            .no_syntax = "ssl client-crl [<file:word>]",
            .unset = [](Draft& d, const Arguments&) { d.config.ssl.client_crl.clear(); }},
};

void show_webvpn(const Config& c, Lines& out) {
  const WebvpnConfig& w = c.webvpn;
  const WebvpnConfig plain;
  if (w.port != plain.port) out.add("port " + std::to_string(w.port));
  if (w.dtls_always_verify) out.add("dtls hello-verify always");
  // In an order that makes it the same again: see EnabledOn::dtls_port.
  uint16_t dtls_port = plain.dtls_port;
  const auto add_dtls_port = [&](uint16_t port) {
    if (port != dtls_port) out.add("dtls port " + std::to_string(port));
    dtls_port = port;
  };
  for (const EnabledOn& on : w.enabled_on) {
    add_dtls_port(on.dtls_port);
    out.add("enable " + quote(on.nameif));
  }
  add_dtls_port(w.dtls_port);
  if (w.anyconnect_enable) out.add("anyconnect enable");
  if (w.tunnel_group_list) out.add("tunnel-group-list enable");
}

const std::array kWebvpn = {
    Command{
        .syntax = "webvpn",
        .help = "The VPN service",
        .set = [](Draft& d, const Arguments&) { d.object.clear(); },
        .no_syntax = "webvpn",
        .unset = [](Draft& d, const Arguments&) { d.config.webvpn = {}; },
        .show = [](const Config&, const std::string&, Lines& out) { out.open("webvpn", "", true); },
        .enters = Mode::webvpn},
    Command{.mode = Mode::webvpn,
            .syntax = "port <port:1-65535>",
            .help = "TCP port (default 443)",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.config.webvpn.port = static_cast<uint16_t>(a.number("port"));
                },
            .no_syntax = "port [<port:1-65535>]",
            .unset = [](Draft& d, const Arguments&) { d.config.webvpn.port = WebvpnConfig{}.port; },
            .show = [](const Config& c, const std::string&, Lines& out) { show_webvpn(c, out); }},
    Command{
        .mode = Mode::webvpn,
        .syntax = "dtls port <udp-port:1-65535>",
        .help = "UDP port of DTLS (default 443)",
        .set =
            [](Draft& d, const Arguments& a) {
              d.config.webvpn.dtls_port = static_cast<uint16_t>(a.number("udp-port"));
            },
        .no_syntax = "dtls port [<udp-port:1-65535>]",
        .unset = [](Draft& d,
                    const Arguments&) { d.config.webvpn.dtls_port = WebvpnConfig{}.dtls_port; }},
    Command{
        .mode = Mode::webvpn,
        .syntax = "dtls hello-verify {automatic | always}",
        .help = "When DTLS clients must show that they receive what is sent to their address "
                "(default automatic: under load)",
        .set = [](Draft& d,
                  const Arguments& a) { d.config.webvpn.dtls_always_verify = a.has("always"); },
        .no_syntax = "dtls hello-verify [automatic | always]",
        .unset = [](Draft& d, const Arguments&) { d.config.webvpn.dtls_always_verify = false; }},
    Command{.mode = Mode::webvpn,
            .syntax = "enable <nameif:word>",
            .help = "Serve clients on an interface",
            .set =
                [](Draft& d, const Arguments& a) {
                  WebvpnConfig& w = d.config.webvpn;
                  if (!w.serves(a.text("nameif")))
                    w.enabled_on.push_back({a.text("nameif"), w.dtls_port});
                  d.note("enable/" + a.text("nameif"), a, "nameif");
                },
            .no_syntax = "enable <nameif:word>",
            .unset =
                [](Draft& d, const Arguments& a) {
                  std::erase_if(d.config.webvpn.enabled_on,
                                [&](const EnabledOn& on) { return on.nameif == a.text("nameif"); });
                }},
    Command{.mode = Mode::webvpn,
            .syntax = "anyconnect enable",
            .help = "Let AnyConnect clients in",
            .set = [](Draft& d, const Arguments&) { d.config.webvpn.anyconnect_enable = true; },
            .no_syntax = "anyconnect enable",
            .unset = [](Draft& d, const Arguments&) { d.config.webvpn.anyconnect_enable = false; }},
    Command{.mode = Mode::webvpn,
            .syntax = "tunnel-group-list enable",
            .help = "Let users choose a connection profile by its alias",
            .set = [](Draft& d, const Arguments&) { d.config.webvpn.tunnel_group_list = true; },
            .no_syntax = "tunnel-group-list enable",
            .unset = [](Draft& d, const Arguments&) { d.config.webvpn.tunnel_group_list = false; }},
};

}  // namespace

std::span<const Command> ssl_commands() {
  return kSsl;
}
std::span<const Command> webvpn_commands() {
  return kWebvpn;
}

}  // namespace culvert::control
