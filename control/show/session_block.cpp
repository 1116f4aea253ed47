#include "control/show/session_block.hpp"

#include <ctime>

#include <fmt/format.h>

#include "control/log/duration_text.hpp"

namespace culvert::control {
namespace {

constexpr size_t kLeftValue = 23;  // width of the left column's value, with the space after it

// "AnyConnect-Parent: (1)none  SSL-Tunnel: (1)AES-GCM-256".
std::string per_tunnel(const SessionView& s, std::string TunnelView::*field) {
  std::string out = "AnyConnect-Parent: (1)none";
  for (const auto& t : s.tunnels)
    out += "  " + t.name + ": (1)" + t.*field;
  return out;
}

// 8 hex digits each: the headend's address, the index in the upper 20 bits, the time of the login.
std::string audit_id(const SessionView& s) {
  const uint32_t headend = s.headend.is_v4() ? s.headend.v4_value() : 0;
  return fmt::format("{:08x}{:08x}{:08x}", headend, s.index << 12,
                     static_cast<uint32_t>(std::chrono::system_clock::to_time_t(s.login)));
}

std::chrono::seconds between(Time from, Time to) {
  return std::chrono::duration_cast<std::chrono::seconds>(to - from);
}

}  // namespace

std::string pair_line(std::string_view left, std::string_view value, std::string_view right,
                      std::string_view other, std::string_view indent) {
  if (value.size() >= kLeftValue) {
    return fmt::format("{0}{1:<13}: {2}\n{0}{3:<13}: {4}\n", indent, left, value, right, other);
  }
  return fmt::format("{}{:<13}: {:<23}{:<13}: {}\n", indent, left, value, right, other);
}

std::string session_block(const SessionView& s, Time now, bool packets) {
  std::string protocol = "AnyConnect-Parent";
  for (const auto& t : s.tunnels)
    protocol += " " + t.name;
  const auto idle = s.inactive_since ? between(*s.inactive_since, now) : std::chrono::seconds(0);
  std::string out = pair_line("Username", s.username, "Index", std::to_string(s.index));
  out += pair_line("Assigned IP", s.assigned.is_unspecified() ? "0.0.0.0" : s.assigned.to_string(),
                   "Public IP", s.public_address.to_string());
  if (!s.assigned6.is_unspecified()) out += "Assigned IPv6: " + s.assigned6.to_string() + "\n";
  out += "Protocol     : " + protocol + "\n";
  out += "License      : AnyConnect Premium\n";
  out += "Encryption   : " + per_tunnel(s, &TunnelView::encryption) + "\n";
  out += "Hashing      : " + per_tunnel(s, &TunnelView::hashing) + "\n";
  out += pair_line("Bytes Tx", std::to_string(s.totals.tx_bytes), "Bytes Rx",
                   std::to_string(s.totals.rx_bytes));
  if (packets) {
    out += pair_line("Pkts Tx", std::to_string(s.totals.tx_packets), "Pkts Rx",
                     std::to_string(s.totals.rx_packets));
    out += pair_line("Pkts Tx Drop", std::to_string(s.totals.tx_dropped), "Pkts Rx Drop",
                     std::to_string(s.totals.rx_dropped));
  }
  out += pair_line("Group Policy", s.group_policy, "Tunnel Group", s.tunnel_group);
  out += "Login Time   : " + login_time_text(s.login) + "\n";
  out += "Duration     : " + duration_text(between(s.login, now)) + "\n";
  out += "Inactivity   : " + duration_text(idle) + "\n";
  out += pair_line("VLAN Mapping", "N/A", "VLAN", "none");
  out += "Audt Sess ID : " + audit_id(s) + "\n";
  out += "Security Grp : none\n";
  return out;
}

nlohmann::json session_json(const SessionView& s, Time now) {
  nlohmann::json tunnels = nlohmann::json::array();
  for (const auto& t : s.tunnels) {
    tunnels.push_back({{"name", t.name},
                       {"version", t.version},
                       {"ciphersuite", t.suite},
                       {"encryption", t.encryption},
                       {"hashing", t.hashing},
                       {"mtu", t.mtu},
                       {"path_mtu", t.path_mtu},
                       {"worker", t.worker}});
  }
  return {{"username", s.username},
          {"index", s.index},
          {"assigned_ip", s.assigned.to_string()},
          {"assigned_ipv6", s.assigned6.is_unspecified() ? "" : s.assigned6.to_string()},
          {"public_ip", s.public_address.to_string()},
          {"public_port", s.public_port},
          {"encryption", per_tunnel(s, &TunnelView::encryption)},
          {"hashing", per_tunnel(s, &TunnelView::hashing)},
          {"tunnels", tunnels},
          {"bytes_tx", s.totals.tx_bytes},
          {"bytes_rx", s.totals.rx_bytes},
          {"packets_tx", s.totals.tx_packets},
          {"packets_rx", s.totals.rx_packets},
          {"dropped_tx", s.totals.tx_dropped},
          {"dropped_rx", s.totals.rx_dropped},
          {"group_policy", s.group_policy},
          {"tunnel_group", s.tunnel_group},
          {"login_time", std::chrono::system_clock::to_time_t(s.login)},
          {"duration_s", between(s.login, now).count()},
          {"inactive", s.inactive_since.has_value()},
          {"inactivity_s", s.inactive_since ? between(*s.inactive_since, now).count() : 0},
          {"audit_session_id", audit_id(s)},
          {"home_worker", s.home}};
}

Output session_list(const StateSource& state, std::string_view type,
                    const std::function<std::string(const SessionView&, Time)>& text_of,
                    const std::function<nlohmann::json(const SessionView&, Time)>& json_of) {
  const auto sessions = state.sessions();
  const Time now = state.now();
  Output out;
  out.json = {{"sessions", nlohmann::json::array()}};
  if (sessions.empty()) {
    out.text = "INFO: There are presently no active sessions of the type specified\n";
    return out;
  }
  out.text = fmt::format("Session Type: {}\n", type);
  for (const SessionView& s : sessions) {
    out.text += "\n" + text_of(s, now);
    out.json["sessions"].push_back(json_of(s, now));
  }
  return out;
}

}  // namespace culvert::control
