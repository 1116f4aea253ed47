// `show vpn-sessiondb` and `show vpn-sessiondb anyconnect`.
#include <ctime>

#include <fmt/format.h>

#include "control/show/output.hpp"
#include "control/show/session_block.hpp"

namespace culvert::control {
namespace {

const std::string kRule(75, '-');

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

Output show_sessions(const StateSource& state) {
  return session_list(
      state, "AnyConnect",
      [](const SessionView& s, Time now) { return session_block(s, now, false); }, session_json);
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
