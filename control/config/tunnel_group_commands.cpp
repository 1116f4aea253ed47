// Rows: connection profiles (tunnel groups).
#include <algorithm>
#include <array>

#include "control/config/command.hpp"
#include "control/config/match.hpp"

namespace culvert::control {
namespace {

constexpr std::string_view kDefaultGroup = "DefaultWEBVPNGroup";
constexpr size_t kMaxGroupPools = 6;
constexpr std::array<std::string_view, 17> kCertificateFields = {
    "C", "CN", "DNQ", "EA", "GENQ", "GN", "I",   "L",  "N",
    "O", "OU", "SER", "SN", "SP",   "T",  "UID", "UPN"};

void enter_tunnel_group(Draft& d, const Arguments& a) {
  d.object = a.text("name");
  if (!d.config.tunnel_groups.contains(d.object)) {
    throw ArgumentError("name", "This tunnel group does not exist: enter \"tunnel-group " +
                                    quote(d.object) + " type remote-access\" first");
  }
}

void remove_group(Draft& d, const Arguments& a) {
  if (a.text("name") == kDefaultGroup)
    throw ArgumentError("name", "DefaultWEBVPNGroup cannot be removed");
  d.config.tunnel_groups.erase(a.text("name"));
}

void add_pool(Draft& d, const Arguments& a) {
  auto& pools = d.tunnel_group().address_pools;
  const std::string name = a.text("pool");
  if (std::find(pools.begin(), pools.end(), name) == pools.end()) pools.push_back(name);
  if (pools.size() > kMaxGroupPools)
    throw ArgumentError("pool", "A tunnel group has at most 6 address pools");
  d.note("group-pool/" + d.object + "/" + name, a, "pool");
}

void add_ipv6_pool(Draft& d, const Arguments& a) {
  auto& pools = d.tunnel_group().ipv6_address_pools;
  const std::string name = a.text("pool");
  if (std::find(pools.begin(), pools.end(), name) == pools.end()) pools.push_back(name);
  if (pools.size() > kMaxGroupPools)
    throw ArgumentError("pool", "A tunnel group has at most 6 IPv6 address pools");
  d.note("group-pool6/" + d.object + "/" + name, a, "pool");
}

void show_tunnel_groups(const Config& c, const std::string&, Lines& out) {
  for (const auto& [name, group] : c.tunnel_groups) {
    if (name != kDefaultGroup) out.add("tunnel-group " + quote(name) + " type remote-access");
    out.open("tunnel-group " + quote(name) + " general-attributes", name, true);
  }
}

void show_group_general(const Config& c, const std::string& object, Lines& out) {
  const TunnelGroupConfig& group = c.tunnel_groups.at(object);
  for (const auto& pool : group.address_pools)
    out.add("address-pool " + quote(pool));
  for (const auto& pool : group.ipv6_address_pools)
    out.add("ipv6-address-pool " + quote(pool));
  if (group.default_group_policy != TunnelGroupConfig{}.default_group_policy) {
    out.add("default-group-policy " + quote(group.default_group_policy));
  }
  if (group.authentication_server_group != TunnelGroupConfig{}.authentication_server_group) {
    out.add("authentication-server-group " + quote(group.authentication_server_group) +
            (group.authentication_local_fallback ? " LOCAL" : ""));
  }
  if (!group.accounting_server_group.empty())
    out.add("accounting-server-group " + quote(group.accounting_server_group));
  if (group.certificate_user != TunnelGroupConfig{}.certificate_user) {
    const CertificateUserConfig& from = group.certificate_user;
    out.add("username-from-certificate " + from.primary +
            (from.secondary.empty() ? "" : " " + from.secondary));
  }
}

std::string certificate_field(const Arguments& a, const char* name) {
  std::string text = a.text(name);
  if (text.empty()) return text;
  if (std::find(kCertificateFields.begin(), kCertificateFields.end(), text) ==
      kCertificateFields.end()) {
    throw ArgumentError(name, "Not an attribute of a certificate's subject");
  }
  return text;
}

// "https://host[:port][/path]", in the one form by which it is looked up: no slash at the end.
std::string read_url(const Arguments& a) {
  std::string url = a.text("url");
  constexpr std::string_view kScheme = "https://";
  while (url.size() > kScheme.size() && url.ends_with('/'))
    url.pop_back();
  const bool good = url.starts_with(kScheme) && url.size() > kScheme.size() &&
                    url[kScheme.size()] != '/' && std::all_of(url.begin(), url.end(), [](char c) {
                      return c > 0x20 && c < 0x7f &&
                             std::string_view("\"<>\\^`{|}?#").find(c) == std::string_view::npos;
                    });
  if (!good) throw ArgumentError("url", "A group's URL is https://HOST or https://HOST/PATH");
  return url;
}

void show_webvpn_groups(const Config& c, const std::string&, Lines& out) {
  for (const auto& [name, group] : c.tunnel_groups) {
    out.open("tunnel-group " + quote(name) + " webvpn-attributes", name, true);
  }
}

void show_group_webvpn(const Config& c, const std::string& object, Lines& out) {
  const TunnelGroupConfig& group = c.tunnel_groups.at(object);
  for (const auto& alias : group.aliases)
    out.add("group-alias " + quote(alias) + " enable");
  for (const auto& url : group.urls)
    out.add("group-url " + quote(url) + " enable");
  if (group.authenticate_certificate)
    out.add(group.authenticate_aaa ? "authentication aaa certificate"
                                   : "authentication certificate");
  if (group.prefill_username) out.add("pre-fill-username client");
}

const std::array kTunnelGroup = {
    Command{.syntax = "tunnel-group <name:word> type remote-access",
            .help = "Make a connection profile",
            .set =
                [](Draft& d, const Arguments& a) {
                  const std::string name = a.text("name");
                  d.config.tunnel_groups.try_emplace(name, TunnelGroupConfig{.name = name});
                },
            .no_syntax = "tunnel-group <name:word> [type remote-access]",
            .unset = remove_group},
    Command{.syntax = "tunnel-group <name:word> general-attributes",
            .help = "Address pools and group policy of a connection profile",
            .set = enter_tunnel_group,
            .no_syntax = "tunnel-group <name:word> general-attributes",
            .unset =
                [](Draft& d, const Arguments& a) {
                  enter_tunnel_group(d, a);
                  const TunnelGroupConfig plain;
                  TunnelGroupConfig& group = d.tunnel_group();
                  group.address_pools.clear();
                  group.ipv6_address_pools.clear();
                  group.default_group_policy = plain.default_group_policy;
                  group.authentication_server_group = plain.authentication_server_group;
                  group.authentication_local_fallback = plain.authentication_local_fallback;
                  group.accounting_server_group.clear();
                  group.certificate_user = plain.certificate_user;
                },
            .show = show_tunnel_groups,
            .enters = Mode::tunnel_group_general},
    Command{.mode = Mode::tunnel_group_general,
            .syntax = "address-pool <pool:word>",
            .help = "A pool that clients get an address from; repeat it for more, at most 6",
            .set = add_pool,
            .no_syntax = "address-pool <pool:word>",
            .unset =
                [](Draft& d, const Arguments& a) {
                  std::erase(d.tunnel_group().address_pools, a.text("pool"));
                },
            .show = show_group_general},
    Command{.mode = Mode::tunnel_group_general,
            .syntax = "ipv6-address-pool <pool:word>",
            .help = "A pool that clients get an IPv6 address from; repeat it for more, at most 6",
            .set = add_ipv6_pool,
            .no_syntax = "ipv6-address-pool <pool:word>",
            .unset =
                [](Draft& d, const Arguments& a) {
                  std::erase(d.tunnel_group().ipv6_address_pools, a.text("pool"));
                }},
    Command{.mode = Mode::tunnel_group_general,
            .syntax = "default-group-policy <policy:word>",
            .help = "Group policy of users who have none of their own (default DfltGrpPolicy)",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.tunnel_group().default_group_policy = a.text("policy");
                  d.note("group-default-policy/" + d.object, a, "policy");
                },
            .no_syntax = "default-group-policy [<policy:word>]",
            .unset =
                [](Draft& d, const Arguments&) {
                  d.tunnel_group().default_group_policy = TunnelGroupConfig{}.default_group_policy;
                }},
    Command{.mode = Mode::tunnel_group_general,
            .syntax = "authentication-server-group <server-group:word> [local]",
            .help =
                "Who verifies passwords (default LOCAL: the users of this configuration); LOCAL "
                "after a group: they answer when no server of the group does",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.tunnel_group().authentication_server_group = a.text("server-group");
                  d.tunnel_group().authentication_local_fallback =
                      a.has("local") && a.text("server-group") != "LOCAL";
                  d.note("group-server/" + d.object, a, "server-group");
                },
            .no_syntax = "authentication-server-group [<server-group:word> [local]]",
            .unset =
                [](Draft& d, const Arguments&) {
                  d.tunnel_group().authentication_server_group =
                      TunnelGroupConfig{}.authentication_server_group;
                  d.tunnel_group().authentication_local_fallback = false;
                }},
    Command{.mode = Mode::tunnel_group_general,
            .syntax = "accounting-server-group <server-group:word>",
            .help = "Who hears of sessions' starts and ends (default nobody)",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.tunnel_group().accounting_server_group = a.text("server-group");
                  d.note("group-accounting/" + d.object, a, "server-group");
                },
            .no_syntax = "accounting-server-group [<server-group:word>]",
            .unset = [](Draft& d,
                        const Arguments&) { d.tunnel_group().accounting_server_group.clear(); }},
    Command{.mode = Mode::tunnel_group_general,
            .syntax = "username-from-certificate <primary:word> [<secondary:word>]",
            .help = "Attribute of the certificate's subject that names the user, and another where "
                    "there is none (default CN OU): C, CN, DNQ, EA, GENQ, GN, I, L, N, O, OU, SER, "
                    "SN, SP, T, UID, UPN",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.tunnel_group().certificate_user = {certificate_field(a, "primary"),
                                                       certificate_field(a, "secondary")};
                },
            .no_syntax = "username-from-certificate [<primary:word> [<secondary:word>]]",
            .unset = [](Draft& d, const Arguments&) { d.tunnel_group().certificate_user = {}; }},
    Command{.syntax = "tunnel-group <name:word> webvpn-attributes",
            .help = "How users see a connection profile",
            .set = enter_tunnel_group,
            .no_syntax = "tunnel-group <name:word> webvpn-attributes",
            .unset =
                [](Draft& d, const Arguments& a) {
                  enter_tunnel_group(d, a);
                  TunnelGroupConfig& group = d.tunnel_group();
                  group.aliases.clear();
                  group.urls.clear();
                  group.authenticate_aaa = true;
                  group.authenticate_certificate = group.prefill_username = false;
                },
            .show = show_webvpn_groups,
            .enters = Mode::tunnel_group_webvpn},
    Command{
        .mode = Mode::tunnel_group_webvpn,
        .syntax = "group-alias <alias:word> enable",
        .help = "Name under which users choose the profile",
        .set =
            [](Draft& d, const Arguments& a) {
              auto& aliases = d.tunnel_group().aliases;
              const std::string alias = a.text("alias");
              if (std::find(aliases.begin(), aliases.end(), alias) == aliases.end())
                aliases.push_back(alias);
              d.note("alias/" + d.object + "/" + alias, a, "alias");
            },
        .no_syntax = "group-alias <alias:word> [enable]",
        .unset = [](Draft& d,
                    const Arguments& a) { std::erase(d.tunnel_group().aliases, a.text("alias")); },
        .show = show_group_webvpn},
    Command{.mode = Mode::tunnel_group_webvpn,
            .syntax = "group-url <url:word> enable",
            .help = "Address that chooses the profile, https://HOST/PATH, where HOST is as clients "
                    "write it; the list of profiles is not shown there",
            .set =
                [](Draft& d, const Arguments& a) {
                  auto& urls = d.tunnel_group().urls;
                  const std::string url = read_url(a);
                  if (std::find(urls.begin(), urls.end(), url) == urls.end()) urls.push_back(url);
                  d.note("group-url/" + d.object + "/" + url, a, "url");
                },
            .no_syntax = "group-url <url:word> [enable]",
            .unset = [](Draft& d,
                        const Arguments& a) { std::erase(d.tunnel_group().urls, read_url(a)); }},
    Command{.mode = Mode::tunnel_group_webvpn,
            .syntax = "authentication {aaa [certificate] | certificate}",
            .help = "How users of the profile prove who they are: by user name and password (aaa, "
                    "the default), by a client certificate, or by both",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.tunnel_group().authenticate_aaa = a.has("aaa");
                  d.tunnel_group().authenticate_certificate = a.has("certificate");
                  d.note("group-certificate/" + d.object, a, "certificate");
                },
            .no_syntax = "authentication [aaa [certificate] | certificate]",
            .unset =
                [](Draft& d, const Arguments&) {
                  d.tunnel_group().authenticate_aaa = true;
                  d.tunnel_group().authenticate_certificate = false;
                }},
    Command{.mode = Mode::tunnel_group_webvpn,
            .syntax = "pre-fill-username client",
            .help = "With `authentication aaa certificate`: the user is the one that the "
                    "certificate names (default: any user may come with any certificate)",
            .set = [](Draft& d, const Arguments&) { d.tunnel_group().prefill_username = true; },
            .no_syntax = "pre-fill-username [client]",
            .unset = [](Draft& d, const Arguments&) { d.tunnel_group().prefill_username = false; }},
};

}  // namespace

std::span<const Command> tunnel_group_commands() {
  return kTunnelGroup;
}

}  // namespace culvert::control
