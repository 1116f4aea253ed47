// Rows: groups of AAA servers and their hosts.
#include <algorithm>
#include <array>

#include "control/config/command.hpp"
#include "control/config/match.hpp"

namespace culvert::control {
namespace {

constexpr size_t kMaxHosts = 16;
constexpr size_t kMaxKey = 128;  // bytes
constexpr std::string_view kMask = "*****";

// "GROUP ADDRESS": the address holds no space, so that the last one divides.
std::string host_object(const std::string& group, const dp::IpAddress& address) {
  return group + " " + address.to_string();
}

const AaaHostConfig& host_of(const Config& c, const std::string& object) {
  const size_t space = object.rfind(' ');
  for (const AaaHostConfig& host : c.aaa_servers.at(object.substr(0, space)).hosts) {
    if (host.address.to_string() == object.substr(space + 1)) return host;
  }
  throw std::logic_error("host mode without a host");
}
AaaHostConfig& host_of(Draft& d) {
  return const_cast<AaaHostConfig&>(host_of(std::as_const(d.config), d.object));
}
AaaServerConfig& group_of(Draft& d) {
  return d.config.aaa_servers.at(d.object);
}

void enter_server_group(Draft& d, const Arguments& a) {
  d.object = a.text("name");
  if (d.object == "LOCAL") {
    throw ArgumentError("name", "LOCAL is the name of this configuration's own users");
  }
  d.config.aaa_servers.try_emplace(d.object, AaaServerConfig{.name = d.object});
}

AaaServerConfig& existing_group(Draft& d, const Arguments& a) {
  const auto found = d.config.aaa_servers.find(a.text("name"));
  if (found == d.config.aaa_servers.end()) {
    throw ArgumentError("name", "This server group does not exist: enter \"aaa-server " +
                                    quote(a.text("name")) + " protocol radius\" first");
  }
  return found->second;
}

void enter_host(Draft& d, const Arguments& a) {
  AaaServerConfig& group = existing_group(d, a);
  const std::string interface = a.text("interface");
  if (!interface.empty() &&
      (interface.size() < 3 || interface.front() != '(' || interface.back() != ')')) {
    throw ArgumentError("interface", "The interface stands in parentheses, such as (inside)");
  }
  const auto address = IpAddress::v4(a.number("address"));
  d.object = host_object(group.name, address);
  const auto same = std::find_if(group.hosts.begin(), group.hosts.end(),
                                 [&](const AaaHostConfig& h) { return h.address == address; });
  if (same != group.hosts.end()) {
    same->interface = interface;
    return;
  }
  if (group.hosts.size() == kMaxHosts)
    throw ArgumentError("address", "A server group has at most 16 hosts");
  group.hosts.push_back({.interface = interface, .address = address});
  d.note("aaa-host/" + d.object, a, "address");
}

void remove_server(Draft& d, const Arguments& a) {
  const auto address = IpAddress::v4(a.number("address"));
  std::erase_if(existing_group(d, a).hosts,
                [&](const AaaHostConfig& h) { return h.address == address; });
}

void set_key(Draft& d, const Arguments& a) {
  const std::string key = a.text("secret-text");
  if (key == kMask) {
    throw ArgumentError("secret-text",
                        "This is what the running configuration shows in place of a key: enter "
                        "the key itself");
  }
  if (key.size() > kMaxKey) throw ArgumentError("secret-text", "A key has at most 128 bytes");
  host_of(d).key = key;
}

void show_server_groups(const Config& c, const std::string&, Lines& out) {
  for (const auto& [name, group] : c.aaa_servers)
    out.open("aaa-server " + quote(name) + " protocol radius", name, false);
}

void show_hosts(const Config& c, const std::string&, Lines& out) {
  for (const auto& [name, group] : c.aaa_servers) {
    for (const AaaHostConfig& host : group.hosts) {
      const std::string interface = host.interface.empty() ? "" : quote(host.interface) + " ";
      out.open("aaa-server " + quote(name) + " " + interface + "host " + host.address.to_string(),
               host_object(name, host.address), false);
    }
  }
}

void show_group(const Config& c, const std::string& object, Lines& out) {
  const AaaServerConfig& group = c.aaa_servers.at(object);
  const AaaServerConfig standard;
  if (group.max_failed_attempts != standard.max_failed_attempts)
    out.add("max-failed-attempts " + std::to_string(group.max_failed_attempts));
  if (group.dead_time_min != standard.dead_time_min)
    out.add("reactivation-mode depletion deadtime " + std::to_string(group.dead_time_min));
  if (group.interim_hours != 0) {
    out.add("interim-accounting-update periodic " + std::to_string(group.interim_hours));
  } else if (group.interim_update) {
    out.add("interim-accounting-update");
  }
}

void show_host(const Config& c, const std::string& object, Lines& out) {
  const AaaHostConfig& host = host_of(c, object);
  const AaaHostConfig standard;
  if (!host.key.empty()) out.add_secret("key ", quote(host.key));
  if (host.authentication_port != standard.authentication_port)
    out.add("authentication-port " + std::to_string(host.authentication_port));
  if (host.accounting_port != standard.accounting_port)
    out.add("accounting-port " + std::to_string(host.accounting_port));
  if (host.timeout_s != standard.timeout_s) out.add("timeout " + std::to_string(host.timeout_s));
  if (host.retry_interval_s != standard.retry_interval_s)
    out.add("retry-interval " + std::to_string(host.retry_interval_s));
  if (host.message_authenticator_required) out.add("message-authenticator-required");
}

const std::array kAaa = {
    Command{
        .syntax = "aaa-server <name:word> protocol radius",
        .help = "A group of RADIUS servers, asked in the order of their hosts",
        .set = enter_server_group,
        .no_syntax = "aaa-server <name:word> protocol radius",
        .unset = [](Draft& d, const Arguments& a) { d.config.aaa_servers.erase(a.text("name")); },
        .show = show_server_groups,
        .enters = Mode::aaa_group},
    Command{.syntax = "aaa-server <name:word> [<interface:word>] host <address:ipv4>",
            .help =
                "A server of the group. RADIUS goes by the network of the machine's kernel (the "
                "management network), not by the headend's own ports: the interface, such as "
                "(inside), is kept and shown, and decides nothing",
            .set = enter_host,
            .no_syntax = "aaa-server <name:word> [<interface:word>] host <address:ipv4>",
            .unset = remove_server,
            .show = show_hosts,
            .enters = Mode::aaa_host},
    Command{.mode = Mode::aaa_group,
            .syntax = "max-failed-attempts <times:1-5>",
            .help = "Unanswered requests in a row after which a server counts as dead (default 3)",
            .set = [](Draft& d,
                      const Arguments& a) { group_of(d).max_failed_attempts = a.number("times"); },
            .no_syntax = "max-failed-attempts [<times:1-5>]",
            .unset =
                [](Draft& d, const Arguments&) {
                  group_of(d).max_failed_attempts = AaaServerConfig{}.max_failed_attempts;
                },
            .show = show_group},
    Command{.mode = Mode::aaa_group,
            .syntax = "reactivation-mode depletion [deadtime <minutes:0-1440>]",
            .help =
                "When all servers are dead, LOCAL answers at once for so long (default 10), and "
                "then they are tried again; without LOCAL they are tried again at once",
            .set =
                [](Draft& d, const Arguments& a) {
                  group_of(d).dead_time_min =
                      a.has("deadtime") ? a.number("minutes") : AaaServerConfig{}.dead_time_min;
                },
            .no_syntax = "reactivation-mode [depletion [deadtime [<minutes:0-1440>]]]",
            .unset =
                [](Draft& d, const Arguments&) {
                  group_of(d).dead_time_min = AaaServerConfig{}.dead_time_min;
                }},
    Command{.mode = Mode::aaa_group,
            .syntax = "interim-accounting-update [periodic [<hours:1-120>]]",
            .help =
                "Accounting also when a session gets another tunnel; periodic: and every so many "
                "hours (24). Acct-Interim-Interval of the server goes before",
            .set =
                [](Draft& d, const Arguments& a) {
                  group_of(d).interim_update = true;
                  group_of(d).interim_hours = !a.has("periodic") ? 0
                                              : a.has("hours")   ? a.number("hours")
                                                                 : 24;
                },
            .no_syntax = "interim-accounting-update [periodic [<hours:1-120>]]",
            .unset =
                [](Draft& d, const Arguments&) {
                  group_of(d).interim_update = false;
                  group_of(d).interim_hours = 0;
                }},
    Command{.mode = Mode::aaa_host,
            .syntax = "key <secret-text:secret>",
            .help = "The secret shared with the server; shown as *****",
            .set = set_key,
            .no_syntax = "key [<secret-text:secret>]",
            .unset = [](Draft& d, const Arguments&) { host_of(d).key.clear(); },
            .show = show_host},
    Command{.mode = Mode::aaa_host,
            .syntax = "authentication-port <port:1-65535>",
            .help = "UDP port for questions about users (default 1812; an ASA's default is 1645)",
            .set =
                [](Draft& d, const Arguments& a) {
                  host_of(d).authentication_port = static_cast<uint16_t>(a.number("port"));
                },
            .no_syntax = "authentication-port [<port:1-65535>]",
            .unset =
                [](Draft& d, const Arguments&) {
                  host_of(d).authentication_port = AaaHostConfig{}.authentication_port;
                }},
    Command{.mode = Mode::aaa_host,
            .syntax = "accounting-port <port:1-65535>",
            .help = "UDP port for accounting (default 1813; an ASA's default is 1646)",
            .set =
                [](Draft& d, const Arguments& a) {
                  host_of(d).accounting_port = static_cast<uint16_t>(a.number("port"));
                },
            .no_syntax = "accounting-port [<port:1-65535>]",
            .unset =
                [](Draft& d, const Arguments&) {
                  host_of(d).accounting_port = AaaHostConfig{}.accounting_port;
                }},
    Command{.mode = Mode::aaa_host,
            .syntax = "timeout <seconds:1-300>",
            .help = "How long this server may take, all tries together, before the next is asked "
                    "(default 10)",
            .set = [](Draft& d, const Arguments& a) { host_of(d).timeout_s = a.number("seconds"); },
            .no_syntax = "timeout [<seconds:1-300>]",
            .unset = [](Draft& d,
                        const Arguments&) { host_of(d).timeout_s = AaaHostConfig{}.timeout_s; }},
    Command{.mode = Mode::aaa_host,
            .syntax = "retry-interval <seconds:1-10>",
            .help = "How long to wait for an answer before the request is sent again (default 10)",
            .set = [](Draft& d,
                      const Arguments& a) { host_of(d).retry_interval_s = a.number("seconds"); },
            .no_syntax = "retry-interval [<seconds:1-10>]",
            .unset =
                [](Draft& d, const Arguments&) {
                  host_of(d).retry_interval_s = AaaHostConfig{}.retry_interval_s;
                }},
    Command{
        .mode = Mode::aaa_host,
        .syntax = "message-authenticator-required",
        .help = "Answers without a Message-Authenticator are ignored, since somebody on the way "
                "could forge them (CVE-2024-3596). Without this line that holds from a server's "
                "first answer that has one",
        .set = [](Draft& d, const Arguments&) { host_of(d).message_authenticator_required = true; },
        .no_syntax = "message-authenticator-required",
        .unset = [](Draft& d,
                    const Arguments&) { host_of(d).message_authenticator_required = false; }},
};

}  // namespace

std::span<const Command> aaa_commands() {
  return kAaa;
}

}  // namespace culvert::control
