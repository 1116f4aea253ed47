// `show vpn-sessiondb detail anyconnect`: each session, and each of its tunnels by itself.
#include <algorithm>

#include <fmt/format.h>

#include "control/show/output.hpp"
#include "control/show/session_block.hpp"

namespace culvert::control {
namespace {

constexpr std::string_view kIndent = "  ";
constexpr std::string_view kParent = "AnyConnect-Parent";

std::string single(std::string_view label, std::string_view value) {
  return fmt::format("{}{:<13}: {}\n", kIndent, label, value);
}

std::string pair(std::string_view left, std::string_view value, std::string_view right,
                 std::string_view other) {
  return pair_line(left, value, right, other, kIndent);
}

// A parent is what is left when the tunnels go, and carries nothing itself: here it has what tunnels
// carried that there are no more, so that the parts add up to the session.
dp::Totals parent_totals(const SessionView& s) {
  dp::Totals t = s.totals;
  for (const TunnelView& tunnel : s.tunnels) {
    const auto take = [&](uint64_t dp::Totals::*field) {
      t.*field -= std::min(t.*field, tunnel.totals.*field);
    };
    for (const auto field :
         {&dp::Totals::tx_bytes, &dp::Totals::rx_bytes, &dp::Totals::tx_packets,
          &dp::Totals::rx_packets, &dp::Totals::tx_dropped, &dp::Totals::rx_dropped}) {
      take(field);
    }
  }
  return t;
}

// An ASA counts time limits in minutes, and leaves out what there is none of.
std::string time_lines(const SessionView& s, Time now) {
  std::string out;
  if (s.idle_timeout_s != 0) {
    out += pair("Idle Time Out", fmt::format("{} Minutes", s.idle_timeout_s / 60), "Idle TO Left",
                fmt::format("{} Minutes", s.idle_left_s / 60));
  }
  if (s.session_timeout_s != 0) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - s.login).count();
    const auto left = std::max<int64_t>(int64_t{s.session_timeout_s} - age, 0);
    out += pair("Conn Time Out", fmt::format("{} Minutes", s.session_timeout_s / 60),
                "Conn TO Left", fmt::format("{} Minutes", left / 60));
  }
  return out;
}

std::string client_lines(const SessionView& s, std::string_view type) {
  std::string out;
  if (!s.client_os.empty()) out += single("Client OS", s.client_os);
  out += single("Client Type", type);
  if (!s.user_agent.empty()) out += single("Client Ver", s.user_agent);
  return out;
}

std::string count_lines(const dp::Totals& t) {
  const auto line = [](std::string_view left, uint64_t tx, std::string_view right, uint64_t rx) {
    return pair(left, std::to_string(tx), right, std::to_string(rx));
  };
  return line("Bytes Tx", t.tx_bytes, "Bytes Rx", t.rx_bytes) +
         line("Pkts Tx", t.tx_packets, "Pkts Rx", t.rx_packets) +
         line("Pkts Tx Drop", t.tx_dropped, "Pkts Rx Drop", t.rx_dropped);
}

std::string parent_text(const SessionView& s, Time now) {
  std::string out = fmt::format("{}:\n", kParent);
  out += single("Tunnel ID", fmt::format("{}.1", s.index));
  out += single("Public IP", s.public_address.to_string());
  out += pair("Encryption", "none", "Hashing", "none");
  if (!s.tunnels.empty()) {
    out += pair("TCP Src Port", std::to_string(s.public_port), "TCP Dst Port",
                std::to_string(s.tunnels.front().headend_port));
  }
  out += single("Auth Mode", s.auth_mode);
  return out + time_lines(s, now) + client_lines(s, "AnyConnect") + count_lines(parent_totals(s));
}

std::string tunnel_text(const SessionView& s, const TunnelView& t, unsigned number, Time now) {
  const std::string transport = t.datagrams ? "UDP" : "TCP";
  std::string out = t.name + ":\n";
  out += single("Tunnel ID", fmt::format("{}.{}", s.index, number));
  out += pair("Assigned IP", s.assigned.is_unspecified() ? "0.0.0.0" : s.assigned.to_string(),
              "Public IP", t.client.to_string());
  if (!s.assigned6.is_unspecified()) out += single("Assigned IPv6", s.assigned6.to_string());
  out += pair("Encryption", t.encryption, "Hashing", t.hashing);
  out += single("Ciphersuite", t.suite);
  out += pair("Encapsulation", t.version, transport + " Src Port", std::to_string(t.client_port));
  out += pair(transport + " Dst Port", std::to_string(t.headend_port), "Auth Mode", s.auth_mode);
  return out + time_lines(s, now) +
         client_lines(s, t.datagrams ? "DTLS VPN Client" : "SSL VPN Client") +
         count_lines(t.totals);
}

std::string details_text(const SessionView& s, Time now) {
  std::string out = session_block(s, now, true) + "\n";
  out += fmt::format("{} Tunnels: 1\n", kParent);
  for (const TunnelView& t : s.tunnels)
    out += t.name + " Tunnels: 1\n";
  out += "\n" + parent_text(s, now);
  unsigned number = 1;
  for (const TunnelView& t : s.tunnels)
    out += "\n" + tunnel_text(s, t, ++number, now);
  return out;
}

nlohmann::json counts_json(const dp::Totals& t) {
  return {{"bytes_tx", t.tx_bytes},     {"bytes_rx", t.rx_bytes},     {"packets_tx", t.tx_packets},
          {"packets_rx", t.rx_packets}, {"dropped_tx", t.tx_dropped}, {"dropped_rx", t.rx_dropped},
          {"records_tx", t.tx_records}, {"records_rx", t.rx_records}};
}

nlohmann::json details_json(const SessionView& s, Time now) {
  nlohmann::json out = session_json(s, now);
  out["auth_mode"] = s.auth_mode;
  out["client_os"] = s.client_os;
  out["client_version"] = s.user_agent;
  out["idle_timeout_s"] = s.idle_timeout_s;
  out["idle_left_s"] = s.idle_left_s;
  out["session_timeout_s"] = s.session_timeout_s;
  for (size_t i = 0; i < s.tunnels.size(); ++i) {
    const TunnelView& t = s.tunnels[i];
    nlohmann::json& tunnel = out["tunnels"][i];
    tunnel["tunnel_id"] = fmt::format("{}.{}", s.index, i + 2);
    tunnel["public_ip"] = t.client.to_string();
    tunnel["transport"] = t.datagrams ? "UDP" : "TCP";
    tunnel["source_port"] = t.client_port;
    tunnel["destination_port"] = t.headend_port;
    tunnel.update(counts_json(t.totals));
  }
  return out;
}

}  // namespace

Output show_session_details(const StateSource& state) {
  return session_list(state, "AnyConnect Detailed", details_text, details_json);
}

}  // namespace culvert::control
