// `show vpn-sessiondb` and `show vpn-sessiondb anyconnect`.
#include <ctime>

#include <fmt/format.h>

#include "control/show/output.hpp"

namespace culvert::control {
namespace {

constexpr size_t kLeftValue = 23;  // width of the left column's value, with the space after it
const std::string kRule(75, '-');

// Two pairs on a line; a left value that fills its column puts the right pair on a line of its own.
std::string pair_line(std::string_view left, std::string_view value, std::string_view right,
                      std::string_view other) {
  if (value.size() >= kLeftValue)
    return fmt::format("{:<13}: {}\n{:<13}: {}\n", left, value, right, other);
  return fmt::format("{:<13}: {:<23}{:<13}: {}\n", left, value, right, other);
}

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

std::string session_text(const SessionView& s, Time now) {
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
  out += pair_line("Bytes Tx", std::to_string(s.bytes_tx), "Bytes Rx", std::to_string(s.bytes_rx));
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
          {"bytes_tx", s.bytes_tx},
          {"bytes_rx", s.bytes_rx},
          {"packets_tx", s.packets_tx},
          {"packets_rx", s.packets_rx},
          {"group_policy", s.group_policy},
          {"tunnel_group", s.tunnel_group},
          {"login_time", std::chrono::system_clock::to_time_t(s.login)},
          {"duration_s", between(s.login, now).count()},
          {"inactive", s.inactive_since.has_value()},
          {"inactivity_s", s.inactive_since ? between(*s.inactive_since, now).count() : 0},
          {"audit_session_id", audit_id(s)},
          {"home_worker", s.home}};
}

nlohmann::json counts_json(const std::vector<SessionCount>& counts) {
  nlohmann::json out = nlohmann::json::array();
  for (const auto& c : counts) {
    nlohmann::json row = {
        {"name", c.name.substr(std::min(c.name.find_first_not_of(' '), c.name.size()))},
        {"active", c.active},
        {"cumulative", c.cumulative},
        {"peak", c.peak}};
    if (c.inactive) row["inactive"] = *c.inactive;
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace

std::string login_time_text(Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%H:%M:%S %Z %a %b %d %Y", &parts)};
}

std::string duration_text(std::chrono::seconds duration) {
  const auto s = std::max<int64_t>(duration.count(), 0);
  const std::string days = s >= 86400 ? fmt::format("{}d ", s / 86400) : "";
  return fmt::format("{}{}h:{:02}m:{:02}s", days, s / 3600 % 24, s / 60 % 60, s % 60);
}

Output show_sessions(const StateSource& state) {
  const auto sessions = state.sessions();
  const Time now = state.now();
  Output out;
  out.json = {{"sessions", nlohmann::json::array()}};
  if (sessions.empty()) {
    out.text = "INFO: There are presently no active sessions of the type specified\n";
    return out;
  }
  out.text = "Session Type: AnyConnect\n";
  for (const auto& s : sessions) {
    out.text += "\n" + session_text(s, now);
    out.json["sessions"].push_back(session_json(s, now));
  }
  return out;
}

Output show_session_summary(const StateSource& state) {
  const SessionSummary s = state.session_summary();
  Output out;
  std::string& t = out.text;
  t = kRule + "\nVPN Session Summary\n" + kRule + "\n";
  t += "                               Active : Cumulative : Peak Concur : Inactive\n";
  t += "                             ----------------------------------------------\n";
  for (const auto& c : s.clients) {
    t += fmt::format("{:<29}: {:>6} : {:>10} : {:>11}", c.name, c.active, c.cumulative, c.peak);
    t += c.inactive ? fmt::format(" : {:>8}\n", *c.inactive) : "\n";
  }
  const uint64_t load = s.capacity == 0 ? 0 : (s.total_active * 100 + s.capacity / 2) / s.capacity;
  t += kRule + "\n";
  t += fmt::format("{:<29}: {:>6}             Total Cumulative : {:>6}\n",
                   "Total Active and Inactive", s.total_active, s.total_cumulative);
  t += fmt::format("{:<29}: {:>6}\n", "Device Total VPN Capacity", s.capacity);
  t += fmt::format("{:<29}: {:>5}%\n", "Device Load", load);
  t += kRule + "\n" + kRule + "\nTunnels Summary\n" + kRule + "\n";
  t += "                               Active : Cumulative : Peak Concurrent\n";
  t += "                             ----------------------------------------------\n";
  uint64_t active = 0;
  uint64_t cumulative = 0;
  for (const auto& c : s.tunnels) {
    t += fmt::format("{:<29}: {:>6} : {:>10} : {:>15}\n", c.name, c.active, c.cumulative, c.peak);
    active += c.active;
    cumulative += c.cumulative;
  }
  t += kRule + "\n" + fmt::format("{:<29}: {:>6} : {:>10}\n", "Totals", active, cumulative) +
       kRule + "\n";
  out.json = {{"clients", counts_json(s.clients)},
              {"tunnels", counts_json(s.tunnels)},
              {"total_active_and_inactive", s.total_active},
              {"total_cumulative", s.total_cumulative},
              {"capacity", s.capacity},
              {"load_percent", load}};
  return out;
}

}  // namespace culvert::control
