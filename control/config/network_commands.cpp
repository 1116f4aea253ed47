// Rows: interfaces, MTUs, routes, address pools and the TCP segment size.
#include <algorithm>
#include <array>

#include "control/config/command.hpp"
#include "control/config/match.hpp"

namespace culvert::control {
namespace {

// Addresses that no interface, route or client can have: this network, loopback, multicast and
// above.
bool is_host_address(uint32_t a) {
  return (a >> 24) != 0 && (a >> 24) != 127 && (a >> 24) < 224;
}

void enter_interface(Draft& d, const Arguments& a) {
  d.object = a.text("device");
  auto& all = d.config.interfaces;
  const bool known =
      std::any_of(all.begin(), all.end(), [&](const auto& i) { return i.device == d.object; });
  if (!known) all.push_back({.device = d.object});
}

void set_nameif(Draft& d, const Arguments& a) {
  auto& i = d.interface();
  // As on the ASA: what is called "inside" is trusted unless said otherwise.
  if (i.nameif.empty() && i.security_level == 0 && a.text("nameif") == "inside")
    i.security_level = 100;
  i.nameif = a.text("nameif");
  d.note("nameif/" + i.device, a, "nameif");
}

void set_address(Draft& d, const Arguments& a) {
  const auto address = static_cast<uint32_t>(a.find("address")->number);
  const auto mask = static_cast<uint32_t>(a.find("mask")->number);
  const unsigned prefix = *prefix_of_mask(mask);
  if (prefix == 0 || prefix == 32) {
    throw ArgumentError("mask", "An interface needs a mask from 128.0.0.0 to 255.255.255.254");
  }
  if (!is_host_address(address))
    throw ArgumentError("address", "This address cannot be given to an interface");
  if (prefix < 31 && (address & ~mask) == 0)
    throw ArgumentError("address", "This is the address of the network itself");
  if (prefix < 31 && (address & ~mask) == ~mask) {
    throw ArgumentError("address", "This is the broadcast address of the network");
  }
  auto& i = d.interface();
  i.address = IpAddress::v4(address);
  i.prefix = prefix;
  d.note("address/" + i.device, a, "address");
}

void show_interface(const Config& c, const std::string& object, Lines& out) {
  for (const auto& i : c.interfaces) {
    if (i.device != object) continue;
    if (i.shutdown) out.add("shutdown");
    if (i.nameif.empty()) {
      out.add("no nameif");
    } else {
      out.add("nameif " + quote(i.nameif));
    }
    if (!i.nameif.empty() || i.security_level != 0)
      out.add("security-level " + std::to_string(i.security_level));
    if (i.address.is_unspecified()) {
      out.add("no ip address");
    } else {
      out.add("ip address " + ipv4_text(i.address.v4_value()) + " " +
              ipv4_text(mask_of_prefix(i.prefix)));
    }
  }
}

const std::array kInterface = {
    Command{.syntax = "interface <device:word>",
            .help = "A DPDK device: a PCI address, or a virtual device with its arguments",
            .set = enter_interface,
            .no_syntax = "interface <device:word>",
            .unset =
                [](Draft& d, const Arguments& a) {
                  std::erase_if(d.config.interfaces,
                                [&](const auto& i) { return i.device == a.text("device"); });
                },
            .show =
                [](const Config& c, const std::string&, Lines& out) {
                  for (const auto& i : c.interfaces)
                    out.open("interface " + quote(i.device), i.device, false);
                },
            .enters = Mode::interface},
    Command{.mode = Mode::interface,
            .syntax = "shutdown",
            .help = "Do not use the interface",
            .set = [](Draft& d, const Arguments&) { d.interface().shutdown = true; },
            .no_syntax = "shutdown",
            .unset = [](Draft& d, const Arguments&) { d.interface().shutdown = false; },
            .show = show_interface},
    Command{.mode = Mode::interface,
            .syntax = "nameif <nameif:word>",
            .help = "The name that other commands call the interface by",
            .set = set_nameif,
            .no_syntax = "nameif [<nameif:word>]",
            .unset = [](Draft& d, const Arguments&) { d.interface().nameif.clear(); }},
    Command{.mode = Mode::interface,
            .syntax = "security-level <level:0-100>",
            .help = "Trust: 0 outside, 100 inside",
            .set = [](Draft& d,
                      const Arguments& a) { d.interface().security_level = a.number("level"); },
            .no_syntax = "security-level [<level:0-100>]",
            .unset = [](Draft& d, const Arguments&) { d.interface().security_level = 0; }},
    Command{.mode = Mode::interface,
            .syntax = "ip address <address:ipv4> <mask:mask>",
            .help = "The interface's own address",
            .set = set_address,
            .no_syntax = "ip address [<address:ipv4> [<mask:mask>]]",
            .unset =
                [](Draft& d, const Arguments&) {
                  d.interface().address = {};
                  d.interface().prefix = 0;
                }},
};

void set_pool(Draft& d, const Arguments& a) {
  PoolConfig pool;
  pool.name = a.text("name");
  const Argument& range = *a.find("range");
  pool.first = static_cast<uint32_t>(range.number);
  pool.last = static_cast<uint32_t>(range.last);
  // Without a mask the ASA takes that of the address's class.
  const uint32_t top = pool.first >> 24;
  pool.mask = a.has("mask-bits") ? a.number("mask-bits")
                                 : mask_of_prefix(top < 128   ? 8
                                                  : top < 192 ? 16
                                                              : 24);
  if (!is_host_address(pool.first) || !is_host_address(pool.last)) {
    throw ArgumentError("range", "Addresses of this range cannot be given to clients");
  }
  if ((pool.first & pool.mask) != (pool.last & pool.mask)) {
    throw ArgumentError("range", "The range crosses the boundary that its mask sets");
  }
  if (pool.last - pool.first >= (1U << 20)) {
    throw ArgumentError("range", "A pool holds at most 1048576 addresses");
  }
  d.config.pools[pool.name] = pool;
  d.note("pool/" + pool.name, a, "range");
}

RouteConfig read_route(const Arguments& a) {
  RouteConfig r;
  r.nameif = a.text("nameif");
  r.network = a.number("network");
  r.prefix = *prefix_of_mask(a.number("mask"));
  if ((r.network & ~mask_of_prefix(r.prefix)) != 0) {
    throw ArgumentError("network", "The network has bits outside its mask");
  }
  if (!is_host_address(a.number("gateway")))
    throw ArgumentError("gateway", "This address cannot be a gateway");
  r.gateway = IpAddress::v4(a.number("gateway"));
  if (a.has("metric")) r.metric = a.number("metric");
  return r;
}

bool same_way(const RouteConfig& a, const RouteConfig& b) {
  return a.nameif == b.nameif && a.network == b.network && a.prefix == b.prefix &&
         a.gateway == b.gateway;
}

void set_route(Draft& d, const Arguments& a) {
  const RouteConfig r = read_route(a);
  std::erase_if(d.config.routes, [&](const auto& old) { return same_way(old, r); });
  d.config.routes.push_back(r);
  const std::string key = r.nameif + "/" + ipv4_text(r.network) + "/" + std::to_string(r.prefix) +
                          "/" + ipv4_text(r.gateway.v4_value());
  d.note("route-nameif/" + key, a, "nameif");
  d.note("route-gateway/" + key, a, "gateway");
}

const std::array kNetwork = {
    Command{.syntax = "mtu <nameif:word> <bytes:64-9198>",
            .help = "Largest IP packet on an interface (default 1500)",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.mtus[a.text("nameif")] = a.number("bytes");
                  d.note("mtu/" + a.text("nameif"), a, "nameif");
                },
            .no_syntax = "mtu <nameif:word> [<bytes:64-9198>]",
            .unset =
                [](Draft& d, const Arguments& a) {
                  d.mtus.erase(a.text("nameif"));
                  for (InterfaceConfig& i : d.config.interfaces) {
                    if (i.nameif == a.text("nameif")) i.mtu = InterfaceConfig{}.mtu;
                  }
                },
            .show =
                [](const Config& c, const std::string&, Lines& out) {
                  for (const auto& i : c.interfaces) {
                    if (!i.nameif.empty())
                      out.add("mtu " + quote(i.nameif) + " " + std::to_string(i.mtu));
                  }
                }},
    Command{.syntax = "ip local pool <name:word> <range:range> [mask <mask-bits:mask>]",
            .help = "Addresses for clients",
            .set = set_pool,
            .no_syntax = "ip local pool <name:word> [<range:range> [mask <mask-bits:mask>]]",
            .unset = [](Draft& d, const Arguments& a) { d.config.pools.erase(a.text("name")); },
            .show =
                [](const Config& c, const std::string&, Lines& out) {
                  for (const auto& [name, p] : c.pools) {
                    out.add("ip local pool " + quote(name) + " " + ipv4_text(p.first) + "-" +
                            ipv4_text(p.last) + " mask " + ipv4_text(p.mask));
                  }
                }},
    Command{
        .syntax = "route <nameif:word> <network:ipv4> <mask:mask> <gateway:ipv4> [<metric:1-255>]",
        .help = "A static route",
        .set = set_route,
        .no_syntax =
            "route <nameif:word> <network:ipv4> <mask:mask> <gateway:ipv4> [<metric:1-255>]",
        .unset =
            [](Draft& d, const Arguments& a) {
              const RouteConfig r = read_route(a);
              std::erase_if(d.config.routes, [&](const auto& old) { return same_way(old, r); });
            },
        .show =
            [](const Config& c, const std::string&, Lines& out) {
              for (const auto& r : c.routes) {
                out.add("route " + quote(r.nameif) + " " + ipv4_text(r.network) + " " +
                        ipv4_text(mask_of_prefix(r.prefix)) + " " +
                        ipv4_text(r.gateway.v4_value()) + " " + std::to_string(r.metric));
              }
            }},
    Command{.syntax = "sysopt connection tcpmss <bytes:0,48-65535>",
            .help =
                "Largest TCP segment size that the box announces to clients, and that hosts may "
                "announce to each other through it; larger ones are lowered in passing "
                "(default 1380; 0: no limit)",
            .set = [](Draft& d, const Arguments& a) { d.config.tcpmss = a.number("bytes"); },
            .no_syntax = "sysopt connection tcpmss [<bytes:0,48-65535>]",
            .unset = [](Draft& d, const Arguments&) { d.config.tcpmss = config_defaults().tcpmss; },
            .show =
                [](const Config& c, const std::string&, Lines& out) {
                  if (c.tcpmss != config_defaults().tcpmss)
                    out.add("sysopt connection tcpmss " + std::to_string(c.tcpmss));
                }},
    Command{
        .syntax = "sysopt connection tcpmss minimum <bytes:0,48-65535>",
        .help =
            "Smallest TCP segment size: a smaller one that a client announces to the box counts "
            "as this, and one that hosts announce to each other is raised in passing (default "
            "0: no limit)",
        .set =
            [](Draft& d, const Arguments& a) {
              d.config.tcpmss_minimum = a.number("bytes");
              d.note("tcpmss-minimum", a, "bytes");
            },
        .no_syntax = "sysopt connection tcpmss minimum [<bytes:0,48-65535>]",
        .unset = [](Draft& d, const Arguments&) { d.config.tcpmss_minimum = 0; },
        .show =
            [](const Config& c, const std::string&, Lines& out) {
              if (c.tcpmss_minimum != 0) {
                out.add("sysopt connection tcpmss minimum " + std::to_string(c.tcpmss_minimum));
              }
            }},
};

}  // namespace

std::span<const Command> interface_commands() {
  return kInterface;
}
std::span<const Command> network_commands() {
  return kNetwork;
}

}  // namespace culvert::control
