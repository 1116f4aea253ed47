// Rows: connection profiles (tunnel groups).
#include <algorithm>
#include <array>

#include "control/config/command.hpp"
#include "control/config/match.hpp"

namespace culvert::control {
namespace {

constexpr std::string_view kDefaultGroup = "DefaultWEBVPNGroup";
constexpr size_t kMaxPools = 6;

void enter_group(Draft& d, const Arguments& a) {
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
  if (pools.size() > kMaxPools)
    throw ArgumentError("pool", "A tunnel group has at most 6 address pools");
  d.note("group-pool/" + d.object + "/" + name, a, "pool");
}

void show_groups(const Config& c, const std::string&, Lines& out) {
  for (const auto& [name, group] : c.tunnel_groups) {
    if (name != kDefaultGroup) out.add("tunnel-group " + quote(name) + " type remote-access");
    out.open("tunnel-group " + quote(name) + " general-attributes", name, true);
  }
}

void show_group_general(const Config& c, const std::string& object, Lines& out) {
  const TunnelGroupConfig& group = c.tunnel_groups.at(object);
  for (const auto& pool : group.address_pools)
    out.add("address-pool " + quote(pool));
  if (group.default_group_policy != TunnelGroupConfig{}.default_group_policy) {
    out.add("default-group-policy " + quote(group.default_group_policy));
  }
  if (group.authentication_server_group != TunnelGroupConfig{}.authentication_server_group) {
    out.add("authentication-server-group " + quote(group.authentication_server_group) +
            (group.authentication_local_fallback ? " LOCAL" : ""));
  }
  if (!group.accounting_server_group.empty())
    out.add("accounting-server-group " + quote(group.accounting_server_group));
}

void show_webvpn_groups(const Config& c, const std::string&, Lines& out) {
  for (const auto& [name, group] : c.tunnel_groups) {
    out.open("tunnel-group " + quote(name) + " webvpn-attributes", name, true);
  }
}

void show_aliases(const Config& c, const std::string& object, Lines& out) {
  for (const auto& alias : c.tunnel_groups.at(object).aliases)
    out.add("group-alias " + quote(alias) + " enable");
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
            .set = enter_group,
            .no_syntax = "tunnel-group <name:word> general-attributes",
            .unset =
                [](Draft& d, const Arguments& a) {
                  enter_group(d, a);
                  d.tunnel_group() = {.name = d.object, .aliases = d.tunnel_group().aliases};
                },
            .show = show_groups,
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
    Command{.syntax = "tunnel-group <name:word> webvpn-attributes",
            .help = "How users see a connection profile",
            .set = enter_group,
            .no_syntax = "tunnel-group <name:word> webvpn-attributes",
            .unset =
                [](Draft& d, const Arguments& a) {
                  enter_group(d, a);
                  d.tunnel_group().aliases.clear();
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
        .show = show_aliases},
};

}  // namespace

std::span<const Command> tunnel_group_commands() {
  return kTunnelGroup;
}

}  // namespace culvert::control
