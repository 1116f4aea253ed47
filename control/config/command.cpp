// Puts the rows of all modes together.
#include "control/config/command.hpp"

namespace culvert::control {

Mode parent(Mode mode) noexcept {
  return mode == Mode::group_policy_webvpn ? Mode::group_policy : Mode::global;
}

std::string_view title(Mode mode) noexcept {
  switch (mode) {
    case Mode::global: return "Global";
    case Mode::dataplane: return "dataplane";
    case Mode::interface: return "interface DEVICE";
    case Mode::webvpn: return "webvpn";
    case Mode::group_policy: return "group-policy NAME attributes";
    case Mode::group_policy_webvpn: return "group-policy NAME attributes, webvpn";
    case Mode::tunnel_group_general: return "tunnel-group NAME general-attributes";
    case Mode::tunnel_group_webvpn: return "tunnel-group NAME webvpn-attributes";
    case Mode::username: return "username NAME attributes";
    case Mode::aaa_group: return "aaa-server NAME protocol radius";
    case Mode::aaa_host: return "aaa-server NAME host ADDRESS";
  }
  return {};
}

std::string_view prompt(Mode mode) noexcept {
  switch (mode) {
    case Mode::global: return "config";
    case Mode::dataplane: return "config-dataplane";
    case Mode::interface: return "config-if";
    case Mode::webvpn: return "config-webvpn";
    case Mode::group_policy: return "config-group-policy";
    case Mode::group_policy_webvpn: return "config-group-webvpn";
    case Mode::tunnel_group_general: return "config-tunnel-general";
    case Mode::tunnel_group_webvpn: return "config-tunnel-webvpn";
    case Mode::username: return "config-username";
    case Mode::aaa_group: return "config-aaa-server-group";
    case Mode::aaa_host: return "config-aaa-server-host";
  }
  return {};
}

void Draft::note(std::string subject, const Arguments& arguments, std::string_view name) {
  Origin origin = here;
  if (const Argument* a = arguments.find(name)) {
    origin.column = a->column;
    origin.end = a->end;
  }
  origins[std::move(subject)] = std::move(origin);
}

InterfaceConfig& Draft::interface() {
  for (auto& i : config.interfaces) {
    if (i.device == object) return i;
  }
  throw std::logic_error("interface mode without an interface");
}

std::span<const Command> commands() {
  static const std::vector<Command> table = [] {
    std::vector<Command> all;
    for (const auto part :
         {system_commands(), logging_commands(), compatibility_commands(), dataplane_commands(),
          interface_commands(), interface_ipv6_commands(), network_commands(), ipv6_commands(),
          icmp_commands(), ssl_commands(), webvpn_commands(), aaa_commands(),
          client_profile_commands(), access_list_commands(), split_tunnel_commands(),
          group_policy_commands(), username_commands(), tunnel_group_commands()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return table;
}

}  // namespace culvert::control
