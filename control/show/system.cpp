// `show interface`, `show version`, `show arp`, `show route`, `show
// running-config`.
#include <fmt/format.h>

#include "control/config/parse.hpp"
#include "control/config/syntax.hpp"
#include "control/show/output.hpp"

namespace culvert::control {
namespace {

std::string interface_text(const InterfaceView& i) {
  const char* status = i.admin_up ? (i.link_up ? "up" : "down") : "administratively down";
  const std::string duplex = i.full_duplex ? "Full" : "Half";
  const std::string speed = i.speed_mbps == 0 ? "unknown" : fmt::format("{} Mbps", i.speed_mbps);
  std::string out = fmt::format("Interface {} \"{}\", is {}, line protocol is {}\n", i.device,
                                i.nameif, status, i.admin_up && i.link_up ? "up" : "down");
  out += fmt::format("  Hardware is {}, BW {} Mbps, DLY 10 usec\n", i.hardware, i.speed_mbps);
  out += fmt::format("\t{}-Duplex({}-duplex), Auto-Speed({})\n", duplex, duplex, speed);
  out += "\tInput flow control is unsupported, output flow control is off\n";
  out += fmt::format("\tMAC address {}, MTU {}\n", mac_text(i.mac),
                     i.nameif.empty() ? "not set" : std::to_string(i.mtu));
  if (i.address.is_unspecified()) {
    out += "\tIP address unassigned\n";
  } else {
    out += fmt::format("\tIP address {}, subnet mask {}\n", i.address.to_string(),
                       ipv4_text(mask_of_prefix(i.prefix)));
  }
  if (!i.link_local.is_unspecified()) {
    out += fmt::format("\tIPv6 link-local address {}\n", i.link_local.to_string());
  }
  for (const Ipv6Prefix& own : i.ipv6)
    out += fmt::format("\tIPv6 address {}\n", ipv6_text(own));
  out += fmt::format("\t{} packets input, {} bytes, {} no buffer\n", i.packets_in, i.bytes_in,
                     i.no_buffer);
  out += "\tReceived 0 broadcasts, 0 runts, 0 giants\n";
  out += fmt::format("\t{} input errors, 0 CRC, 0 frame, {} overrun, 0 ignored, 0 abort\n",
                     i.errors_in, i.missed_in);
  out += "\t0 pause input, 0 resume input\n\t0 L2 decode drops\n";
  out += fmt::format("\t{} packets output, {} bytes, 0 underruns\n", i.packets_out, i.bytes_out);
  out += "\t0 pause output, 0 resume output\n";
  out += fmt::format("\t{} output errors, 0 collisions, 0 interface resets\n", i.errors_out);
  out += "\t0 late collisions, 0 deferred\n\t0 input reset drops, 0 output reset drops\n";
  if (i.nameif.empty()) return out;
  out += fmt::format("  Traffic Statistics for \"{}\":\n", i.nameif);
  out += fmt::format("\t{} packets input, {} bytes\n", i.packets_in, i.bytes_in);
  out += fmt::format("\t{} packets output, {} bytes\n", i.packets_out, i.bytes_out);
  out += fmt::format("\t{} packets dropped\n", i.dropped);
  out += fmt::format("\t{} packets refused by the driver\n", i.refused_out);
  return out;
}

nlohmann::json interface_json(const InterfaceView& i) {
  nlohmann::json six = nlohmann::json::array();
  if (!i.link_local.is_unspecified()) six.push_back(i.link_local.to_string() + "/64");
  for (const Ipv6Prefix& own : i.ipv6)
    six.push_back(ipv6_text(own));
  return {{"device", i.device},
          {"nameif", i.nameif},
          {"hardware", i.hardware},
          {"admin_up", i.admin_up},
          {"link_up", i.link_up},
          {"speed_mbps", i.speed_mbps},
          {"mac", mac_text(i.mac)},
          {"mtu", i.mtu},
          {"address",
           i.address.is_unspecified() ? nlohmann::json() : nlohmann::json(i.address.to_string())},
          {"prefix", i.prefix},
          {"ipv6", std::move(six)},
          {"packets_in", i.packets_in},
          {"bytes_in", i.bytes_in},
          {"packets_out", i.packets_out},
          {"bytes_out", i.bytes_out},
          {"no_buffer", i.no_buffer},
          {"errors_in", i.errors_in},
          {"missed_in", i.missed_in},
          {"errors_out", i.errors_out},
          {"dropped", i.dropped},
          {"refused_out", i.refused_out}};
}

// "3 days 4 hours", "4 hours 5 mins", "5 mins 6 secs": the two largest units, as on the ASA.
std::string uptime_text(std::chrono::seconds uptime) {
  const auto s = std::max<int64_t>(uptime.count(), 0);
  const auto unit = [](int64_t n, const char* name) {
    return fmt::format("{} {}{}", n, name, n == 1 ? "" : "s");
  };
  if (s >= 86400) return unit(s / 86400, "day") + " " + unit(s / 3600 % 24, "hour");
  if (s >= 3600) return unit(s / 3600, "hour") + " " + unit(s / 60 % 60, "min");
  return unit(s / 60, "min") + " " + unit(s % 60, "sec");
}

}  // namespace

std::string mac_text(const std::array<uint8_t, 6>& m) {
  return fmt::format("{:02x}{:02x}.{:02x}{:02x}.{:02x}{:02x}", m[0], m[1], m[2], m[3], m[4], m[5]);
}

Output show_interfaces(const StateSource& state, std::string_view nameif) {
  Output out;
  nlohmann::json rows = nlohmann::json::array();
  for (const InterfaceView& i : state.interfaces()) {
    if (!nameif.empty() && i.nameif != nameif && i.device != nameif) continue;
    out.text += interface_text(i);
    rows.push_back(interface_json(i));
  }
  out.json = {{"interfaces", std::move(rows)}};
  return out;
}

Output show_running_config(const StateSource& state) {
  Output out;
  const std::string config = running_config(state.config(), Secrets::masked);
  out.text = ": Saved\n:\n" + config + ": end\n";
  out.json = {{"running_config", config}};
  return out;
}

Output show_version(const StateSource& state) {
  const VersionView v = state.version();
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(state.now() - v.started);
  Output out;
  out.text = fmt::format("Culvert VPN Headend Software Version {}\n\n", v.version);
  out.text += fmt::format("Config file at boot was \"{}\"\n\n", v.config_file);
  out.text += fmt::format("{} up {}\n\n", state.config().hostname, uptime_text(uptime));
  out.text += fmt::format("Hardware:   {}, {}; built for {}\n", v.cpu, v.isa, v.built_for);
  out.text += fmt::format("Libraries:  {}, Intel IPsec-MB {}, {}\n", v.dpdk, v.ipsec_mb, v.openssl);
  out.json = {{"version", v.version},
              {"hostname", state.config().hostname},
              {"uptime_s", uptime.count()},
              {"config_file", v.config_file},
              {"cpu", v.cpu},
              {"isa", v.isa},
              {"built_for", v.built_for},
              {"dpdk", v.dpdk},
              {"ipsec_mb", v.ipsec_mb},
              {"openssl", v.openssl}};
  return out;
}

Output show_arp(const StateSource& state) {
  Output out;
  nlohmann::json rows = nlohmann::json::array();
  for (const ArpView& a : state.arp()) {
    out.text +=
        fmt::format("\t{} {} {} {}\n", a.nameif, a.address.to_string(), mac_text(a.mac), a.age_s);
    rows.push_back({{"nameif", a.nameif},
                    {"address", a.address.to_string()},
                    {"mac", mac_text(a.mac)},
                    {"age_s", a.age_s}});
  }
  out.json = {{"arp", std::move(rows)}};
  return out;
}

Output show_routes(const StateSource& state) {
  const auto routes = state.routes();
  std::string last_resort = "Gateway of last resort is not set\n";
  std::string lines;
  nlohmann::json rows = nlohmann::json::array();
  for (const RouteView& r : routes) {
    const std::string network =
        fmt::format("{} {}", ipv4_text(r.network), ipv4_text(mask_of_prefix(r.prefix)));
    if (r.kind == RouteView::Kind::fixed) {
      const bool is_default = r.prefix == 0;
      lines += fmt::format("{:<9}{} [{}/0] via {}, {}\n", is_default ? "S*" : "S", network,
                           r.metric, r.gateway.to_string(), r.nameif);
      if (is_default) {
        last_resort =
            fmt::format("Gateway of last resort is {} to network 0.0.0.0\n", r.gateway.to_string());
      }
    } else {
      const bool connected = r.kind == RouteView::Kind::connected;
      lines += fmt::format("{:<9}{} is directly connected, {}\n", connected ? "C" : "L", network,
                           r.nameif);
    }
    static constexpr const char* kKinds[] = {"local", "connected", "static"};
    nlohmann::json row = {{"kind", kKinds[static_cast<size_t>(r.kind)]},
                          {"network", ipv4_text(r.network)},
                          {"prefix", r.prefix},
                          {"nameif", r.nameif}};
    if (r.kind == RouteView::Kind::fixed) {
      row["gateway"] = r.gateway.to_string();
      row["metric"] = r.metric;
    }
    rows.push_back(std::move(row));
  }
  Output out;
  out.text =
      "Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP\n"
      "       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area \n"
      "       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2\n"
      "       E1 - OSPF external type 1, E2 - OSPF external type 2\n"
      "       i - IS-IS, su - IS-IS summary, L1 - IS-IS level-1, L2 - IS-IS level-2\n"
      "       ia - IS-IS inter area, * - candidate default, U - per-user static route\n"
      "       o - ODR, P - periodic downloaded static route, + - replicated route\n";
  out.text += last_resort + "\n" + lines;
  out.json = {{"routes", std::move(rows)}};
  return out;
}

}  // namespace culvert::control
