// Rows: standard access lists, and what of a group policy goes through the tunnel by them.
#include <algorithm>
#include <array>

#include "control/config/command.hpp"
#include "control/config/match.hpp"

namespace culvert::control {
namespace {

constexpr size_t kMaxDomains = 32;

// {any4 | host A | NET MASK}
Network read_network(const Arguments& a) {
  if (a.has("any4")) return {};
  if (const Argument* host = a.find("host-address"))
    return {static_cast<uint32_t>(host->number), 32};
  const auto network = static_cast<uint32_t>(a.find("network")->number);
  const auto mask = static_cast<uint32_t>(a.find("mask")->number);
  if ((network & ~mask) != 0)
    throw ArgumentError("network", "This address has bits that are not in the mask");
  return {network, *prefix_of_mask(mask)};
}

void add_entry(Draft& d, const Arguments& a) {
  const Network network = read_network(a);
  auto& list = d.config.access_lists[a.text("name")];
  if (std::find(list.begin(), list.end(), network) == list.end()) list.push_back(network);
}

void remove_entry(Draft& d, const Arguments& a) {
  const std::string name = a.text("name");
  const auto found = d.config.access_lists.find(name);
  if (found == d.config.access_lists.end())
    throw ArgumentError("name", "There is no such access list");
  std::erase(found->second, read_network(a));
  if (found->second.empty()) d.config.access_lists.erase(found);
}

void show_lists(const Config& c, const std::string&, Lines& out) {
  for (const auto& [name, list] : c.access_lists) {
    for (const Network& n : list) {
      out.add("access-list " + quote(name) + " standard permit " +
              (n.prefix == 0 ? "any4"
               : n.prefix == 32
                   ? "host " + ipv4_text(n.address)
                   : ipv4_text(n.address) + " " + ipv4_text(mask_of_prefix(n.prefix))));
    }
  }
}

const std::array kAccessList = {
    Command{.syntax = "access-list <name:word> standard permit {any4 | host <host-address:ipv4> | "
                      "<network:ipv4> <mask:mask>}",
            .help = "Networks that split tunnelling is about; repeat it for more",
            .set = add_entry,
            .no_syntax = "access-list <name:word> standard permit {any4 | host "
                         "<host-address:ipv4> | <network:ipv4> <mask:mask>}",
            .unset = remove_entry,
            .show = show_lists},
};

std::string_view policy_name(SplitTunnelPolicy policy) {
  switch (policy) {
    case SplitTunnelPolicy::tunnelall: return "tunnelall";
    case SplitTunnelPolicy::tunnelspecified: return "tunnelspecified";
    case SplitTunnelPolicy::excludespecified: return "excludespecified";
  }
  return {};
}

void set_policy(Draft& d, const Arguments& a) {
  for (const auto policy : {SplitTunnelPolicy::tunnelall, SplitTunnelPolicy::tunnelspecified,
                            SplitTunnelPolicy::excludespecified}) {
    if (a.has(policy_name(policy))) d.group_policy().split_tunnel_policy = policy;
  }
}

void set_domains(Draft& d, const Arguments& a) {
  const auto domains = a.texts("domain");
  if (domains.size() > kMaxDomains)
    throw ArgumentError("domain", "A group policy has at most 32 domains for split DNS");
  d.group_policy().split_dns = domains;
}

void set_wins(Draft& d, const Arguments& a) {
  std::vector<IpAddress> servers;
  for (const Argument& word : a) {
    if (word.name == "server") servers.push_back(IpAddress::v4(static_cast<uint32_t>(word.number)));
  }
  d.group_policy().wins_servers = std::move(servers);
}

void show_split_policy(const Config& c, const std::string& object, Lines& out) {
  const GroupPolicyConfig& p = c.group_policies.at(object);
  if (p.wins_servers) {
    std::string line = p.wins_servers->empty() ? "wins-server none" : "wins-server value";
    for (const IpAddress& server : *p.wins_servers)
      line += " " + server.to_string();
    out.add(line);
  }
  if (p.split_tunnel_policy)
    out.add("split-tunnel-policy " + std::string(policy_name(*p.split_tunnel_policy)));
  if (p.split_tunnel_list) {
    out.add("split-tunnel-network-list " +
            (p.split_tunnel_list->empty() ? "none" : "value " + quote(*p.split_tunnel_list)));
  }
  if (p.split_dns) {
    std::string line = p.split_dns->empty() ? "split-dns none" : "split-dns value";
    for (const std::string& domain : *p.split_dns)
      line += " " + quote(domain);
    out.add(line);
  }
  if (p.tunnel_all_dns)
    out.add(std::string("split-tunnel-all-dns ") + (*p.tunnel_all_dns ? "enable" : "disable"));
}

const std::array kSplitTunnel = {
    Command{.mode = Mode::group_policy,
            .syntax = "wins-server {value <server:ipv4> [<server:ipv4>] | none}",
            .help = "WINS servers of clients",
            .set = set_wins,
            .no_syntax = "wins-server [none | value <server:ipv4> [<server:ipv4>]]",
            .unset = [](Draft& d, const Arguments&) { d.group_policy().wins_servers.reset(); },
            .show = show_split_policy},
    Command{
        .mode = Mode::group_policy,
        .syntax = "split-tunnel-policy {tunnelall | tunnelspecified | excludespecified}",
        .help = "What clients send through the tunnel: all (the default), only what "
                "split-tunnel-network-list permits, or all but that",
        .set = set_policy,
        .no_syntax = "split-tunnel-policy [tunnelall | tunnelspecified | excludespecified]",
        .unset = [](Draft& d, const Arguments&) { d.group_policy().split_tunnel_policy.reset(); }},
    Command{
        .mode = Mode::group_policy,
        .syntax = "split-tunnel-network-list {value <access-list:word> | none}",
        .help = "Access list with the networks of split-tunnel-policy",
        .set =
            [](Draft& d, const Arguments& a) {
              d.group_policy().split_tunnel_list = a.text("access-list");
              d.note("policy-split/" + d.object, a, "access-list");
            },
        .no_syntax = "split-tunnel-network-list [none | value <access-list:word>]",
        .unset = [](Draft& d, const Arguments&) { d.group_policy().split_tunnel_list.reset(); }},
    Command{.mode = Mode::group_policy,
            .syntax = "split-dns {value <domain:word>... | none}",
            .help = "Domains whose names clients ask through the tunnel; at most 32",
            .set = set_domains,
            .no_syntax = "split-dns [none | value <domain:word>...]",
            .unset = [](Draft& d, const Arguments&) { d.group_policy().split_dns.reset(); }},
    Command{.mode = Mode::group_policy,
            .syntax = "split-tunnel-all-dns {enable | disable}",
            .help = "Whether clients ask for all names through the tunnel only (default disable)",
            .set = [](Draft& d,
                      const Arguments& a) { d.group_policy().tunnel_all_dns = a.has("enable"); },
            .no_syntax = "split-tunnel-all-dns [enable | disable]",
            .unset = [](Draft& d, const Arguments&) { d.group_policy().tunnel_all_dns.reset(); }},
};

}  // namespace

std::span<const Command> access_list_commands() {
  return kAccessList;
}
std::span<const Command> split_tunnel_commands() {
  return kSplitTunnel;
}

}  // namespace culvert::control
