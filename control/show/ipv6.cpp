// `show ipv6 neighbor` and `show ipv6 route`.
#include <algorithm>

#include <fmt/format.h>

#include "control/config/syntax.hpp"
#include "control/show/output.hpp"

namespace culvert::control {

Output show_ipv6_neighbours(const StateSource& state) {
  Output out;
  nlohmann::json rows = nlohmann::json::array();
  out.text = fmt::format("{:<40}{:>3} {:<14} {:<5} {}\n", "IPv6 Address", "Age", "Link-layer Addr",
                         "State", "Interface");
  for (const NeighbourView& n : state.neighbours6()) {
    const bool known = std::any_of(n.mac.begin(), n.mac.end(), [](uint8_t b) { return b != 0; });
    const std::string mac = known ? mac_text(n.mac) : "-";
    // The age is in minutes, as on the ASA.
    out.text += fmt::format("{:<40}{:>3} {:<14} {:<5} {}\n", n.address.to_string(), n.age_s / 60,
                            mac, n.state, n.nameif);
    rows.push_back({{"nameif", n.nameif},
                    {"address", n.address.to_string()},
                    {"mac", known ? nlohmann::json(mac) : nlohmann::json()},
                    {"age_s", n.age_s},
                    {"state", n.state}});
  }
  out.json = {{"neighbours", std::move(rows)}};
  return out;
}

Output show_ipv6_routes(const StateSource& state) {
  Output out;
  nlohmann::json rows = nlohmann::json::array();
  const auto add = [&](const char* code, const char* kind, const Ipv6Prefix& network,
                       unsigned metric, const IpAddress& gateway, const std::string& nameif) {
    const std::string via =
        gateway.is_unspecified() ? "::, " + nameif : gateway.to_string() + ", " + nameif;
    out.text += fmt::format("{:<4}{} [{}/0]\n     via {}\n", code, ipv6_text(network), metric, via);
    nlohmann::json row = {{"kind", kind},
                          {"network", network.address.to_string()},
                          {"prefix", network.length},
                          {"nameif", nameif}};
    if (!gateway.is_unspecified()) {
      row["gateway"] = gateway.to_string();
      row["metric"] = metric;
    }
    rows.push_back(std::move(row));
  };
  out.text = "Codes: C - Connected, L - Local, S - Static\n";
  for (const InterfaceConfig& i : state.config().interfaces) {
    if (i.nameif.empty()) continue;
    for (const Ipv6Prefix& own : i.ipv6_addresses) {
      add("L", "local", {own.address, 128}, 0, {}, i.nameif);
      add("C", "connected", {own.network(), own.length}, 0, {}, i.nameif);
    }
  }
  for (const Route6Config& r : state.config().routes6)
    add("S", "static", r.network, r.metric, r.gateway, r.nameif);
  out.json = {{"routes", std::move(rows)}};
  return out;
}

}  // namespace culvert::control
