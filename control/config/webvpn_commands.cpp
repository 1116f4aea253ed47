// Rows: the webvpn mode.
#include <algorithm>
#include <array>

#include "control/config/command.hpp"
#include "control/config/match.hpp"

namespace culvert::control {
namespace {

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

std::span<const Command> webvpn_commands() {
  return kWebvpn;
}

}  // namespace culvert::control
