// Rows: IPv6 on interfaces, routes and address pools.
#include <algorithm>
#include <array>

#include "control/config/command.hpp"
#include "control/config/match.hpp"

namespace culvert::control {
namespace {

// As dataplane/port/interface.hpp has room for.
constexpr unsigned kMaxAddresses6 = 4;

// Addresses that an interface, a client or a gateway beyond the link may have.
bool is_global(const IpAddress& a) {
  return !a.is_unspecified() && !dp::is_multicast6(a) && !dp::is_loopback6(a) &&
         !dp::is_link_local6(a);
}

void set_address6(Draft& d, const Arguments& a) {
  const Ipv6Prefix own = *read_ipv6_prefix(a.text("address"));
  if (!is_global(own.address)) {
    throw ArgumentError("address",
                        "This address cannot be given to an interface; its link-local "
                        "address is made of its MAC address");
  }
  if (own.length == 0)
    throw ArgumentError("address", "An interface needs a prefix from /1 to /128");
  auto& all = d.interface().ipv6_addresses;
  std::erase_if(all, [&](const Ipv6Prefix& p) { return p.address == own.address; });
  all.push_back(own);
  if (all.size() > kMaxAddresses6) {
    throw ArgumentError("address", "An interface has at most " + std::to_string(kMaxAddresses6) +
                                       " IPv6 addresses");
  }
  d.note("ipv6/" + d.object, a, "address");
}

void unset_address6(Draft& d, const Arguments& a) {
  auto& all = d.interface().ipv6_addresses;
  if (!a.has("address")) {
    all.clear();
    return;
  }
  const Ipv6Prefix own = *read_ipv6_prefix(a.text("address"));
  std::erase_if(all, [&](const Ipv6Prefix& p) { return p.address == own.address; });
}

const std::array kInterface6 = {
    Command{.mode = Mode::interface,
            .syntax = "ipv6 address <address:ipv6-prefix>",
            .help = "An IPv6 address of the interface and its network; repeat it for more, at most "
                    "4. A link-local address comes with it",
            .set = set_address6,
            .no_syntax = "ipv6 address [<address:ipv6-prefix>]",
            .unset = unset_address6,
            .show =
                [](const Config& c, const std::string& object, Lines& out) {
                  for (const auto& i : c.interfaces) {
                    if (i.device != object) continue;
                    for (const Ipv6Prefix& own : i.ipv6_addresses)
                      out.add("ipv6 address " + ipv6_text(own));
                  }
                }},
    Command{.mode = Mode::interface,
            .syntax = "ipv6 enable",
            .help = "A link-local address alone",
            .set = [](Draft& d, const Arguments&) { d.interface().ipv6_enable = true; },
            .no_syntax = "ipv6 enable",
            .unset = [](Draft& d, const Arguments&) { d.interface().ipv6_enable = false; },
            .show =
                [](const Config& c, const std::string& object, Lines& out) {
                  for (const auto& i : c.interfaces) {
                    if (i.device == object && i.ipv6_enable) out.add("ipv6 enable");
                  }
                }},
};

void set_pool6(Draft& d, const Arguments& a) {
  const Ipv6Prefix first = *read_ipv6_prefix(a.text("first"));
  const Pool6Config pool{a.text("name"), first.address, first.length, a.number("count")};
  if (!is_global(pool.first) || !is_global(pool.last())) {
    throw ArgumentError("first", "Addresses of this range cannot be given to clients");
  }
  if (!Ipv6Prefix{pool.first, pool.prefix}.contains(pool.last())) {
    throw ArgumentError("count", "The prefix has not so many addresses from this one on");
  }
  d.config.pools6[pool.name] = pool;
  d.note("pool6/" + pool.name, a, "first");
}

Route6Config read_route6(const Arguments& a) {
  Route6Config r{a.text("nameif"), *read_ipv6_prefix(a.text("network")),
                 *read_ipv6(a.text("gateway"))};
  if (r.network.network() != r.network.address) {
    throw ArgumentError("network", "The network has bits outside its prefix");
  }
  if (!is_global(r.gateway) && !dp::is_link_local6(r.gateway)) {
    throw ArgumentError("gateway", "This address cannot be a gateway");
  }
  if (a.has("metric")) r.metric = a.number("metric");
  return r;
}

bool same_way(const Route6Config& a, const Route6Config& b) {
  return a.nameif == b.nameif && a.network == b.network && a.gateway == b.gateway;
}

void set_route6(Draft& d, const Arguments& a) {
  const Route6Config r = read_route6(a);
  std::erase_if(d.config.routes6, [&](const auto& old) { return same_way(old, r); });
  d.config.routes6.push_back(r);
  d.note("route6-nameif/" + r.key(), a, "nameif");
  d.note("route6-gateway/" + r.key(), a, "gateway");
}

constexpr std::string_view kRouteSyntax =
    "ipv6 route <nameif:word> <network:ipv6-prefix> <gateway:ipv6> [<metric:1-255>]";

const std::array kNetwork6 = {
    Command{.syntax = "ipv6 local pool <name:word> <first:ipv6-prefix> <count:1-16384>",
            .help = "IPv6 addresses for clients: the first one with its prefix, and how many",
            .set = set_pool6,
            .no_syntax = "ipv6 local pool <name:word> [<first:ipv6-prefix> <count:1-16384>]",
            .unset = [](Draft& d, const Arguments& a) { d.config.pools6.erase(a.text("name")); },
            .show =
                [](const Config& c, const std::string&, Lines& out) {
                  for (const auto& [name, p] : c.pools6) {
                    out.add("ipv6 local pool " + quote(name) + " " +
                            ipv6_text({p.first, p.prefix}) + " " + std::to_string(p.count));
                  }
                }},
    Command{.syntax = kRouteSyntax,
            .help = "A static IPv6 route",
            .set = set_route6,
            .no_syntax = kRouteSyntax,
            .unset =
                [](Draft& d, const Arguments& a) {
                  const Route6Config r = read_route6(a);
                  std::erase_if(d.config.routes6,
                                [&](const auto& old) { return same_way(old, r); });
                },
            .show =
                [](const Config& c, const std::string&, Lines& out) {
                  for (const auto& r : c.routes6) {
                    out.add("ipv6 route " + quote(r.nameif) + " " + ipv6_text(r.network) + " " +
                            r.gateway.to_string() +
                            (r.metric == 1 ? "" : " " + std::to_string(r.metric)));
                  }
                }},
};

}  // namespace

std::span<const Command> interface_ipv6_commands() {
  return kInterface6;
}
std::span<const Command> ipv6_commands() {
  return kNetwork6;
}

}  // namespace culvert::control
