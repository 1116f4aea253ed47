// `show asp drop`, `show asp table socket`, and the workers' own tables.
#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "control/show/output.hpp"

namespace culvert::control {
namespace {

// The ASA cuts a reason at 100 characters, and shifts the count of one that is longer than 67.
std::string drop_line(const DropView& d) {
  const std::string text = fmt::format("{} ({})", d.label, d.keyword).substr(0, 100);
  return text.size() <= 67 ? fmt::format("  {:<67} {:>10}\n", text, d.count)
                           : fmt::format("  {:<100} {:>10}\n", text, d.count);
}

// "10:43:33 EDT Mar 27 2019 by genie".
std::string clearing_text(const DropState& drops) {
  if (!drops.last_clearing) return "Never";
  const std::time_t seconds = std::chrono::system_clock::to_time_t(*drops.last_clearing);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[64];
  return std::string(text, std::strftime(text, sizeof text, "%H:%M:%S %Z %b %d %Y", &parts)) +
         " by " + drops.cleared_by;
}

Output counters(const std::vector<CounterView>& views) {
  Output out;
  out.json = nlohmann::json::object();
  for (const CounterView& c : views) {
    out.text += fmt::format("{:<48} {:>16}\n", c.meaning, c.count);
    out.json[c.name] = c.count;
  }
  return out;
}

}  // namespace

bool is_flow_reason(std::string_view keyword) noexcept {
  static constexpr std::string_view kFlow[] = {"svc-selector-failure",  "ssl-record-decrypt-error",
                                               "ssl-bad-record-detect", "svc-spoof-detect",
                                               "svc-replacement-conn",  "dtls-hello-close",
                                               "ssl-handshake-failed",  "ssl-received-close-alert",
                                               "cv-setup-full",         "cv-setup-wait"};
  return std::find(std::begin(kFlow), std::end(kFlow), keyword) != std::end(kFlow);
}

Output show_drops(const StateSource& state, std::string_view section, std::string_view keyword) {
  const DropState drops = state.drops();
  Output out;
  nlohmann::json rows = nlohmann::json::array();
  for (const bool flow : {false, true}) {
    const char* name = flow ? "flow" : "frame";
    if (!section.empty() && section != name) continue;
    std::string lines;
    for (const DropView& d : drops.reasons) {
      if (is_flow_reason(d.keyword) != flow || (!keyword.empty() && d.keyword != keyword)) continue;
      // Text leaves zeros out, unless a reason is asked for by name; JSON has them all.
      if (d.count != 0 || !keyword.empty()) lines += drop_line(d);
      rows.push_back({{"keyword", d.keyword},
                      {"type", name},
                      {"label", d.label},
                      {"meaning", d.sentence},
                      {"count", d.count}});
    }
    out.text += keyword.empty() ? fmt::format("\n{} drop:\n{}\nLast clearing: {}\n",
                                              flow ? "Flow" : "Frame", lines, clearing_text(drops))
                                : lines;
  }
  out.json = {{"drops", std::move(rows)}};
  out.json["last_clearing"] =
      drops.last_clearing
          ? nlohmann::json(std::chrono::system_clock::to_time_t(*drops.last_clearing))
          : nlohmann::json();
  return out;
}

Output show_sockets(const StateSource& state) {
  // ASA 8.4 shows the state last.
  const bool state_last = state.config().compatibility.asa84;
  const auto line = [state_last](std::string_view protocol, std::string_view socket,
                                 std::string_view condition, std::string_view local,
                                 std::string_view foreign) {
    return state_last ? fmt::format("{:<10}{:<10}{:<45}{:<24}{}\n", protocol, socket, local,
                                    foreign, condition)
                      : fmt::format("{:<10}{:<10}{:<11}{:<45}{}\n", protocol, socket, condition,
                                    local, foreign);
  };
  Output out;
  out.text = line("Protocol", "Socket", "State", "Local Address", "Foreign Address");
  nlohmann::json rows = nlohmann::json::array();
  for (const SocketView& s : state.sockets()) {
    const std::string local = fmt::format("{}:{}", s.local.to_string(), s.local_port);
    out.text += line(s.protocol, fmt::format("{:08x}", s.handle), s.state, local, "0.0.0.0:*");
    rows.push_back({{"protocol", s.protocol},
                    {"socket", fmt::format("{:08x}", s.handle)},
                    {"state", s.state},
                    {"local_address", s.local.to_string()},
                    {"local_port", s.local_port}});
  }
  out.json = {{"sockets", std::move(rows)}};
  return out;
}

Output show_workers(const StateSource& state) {
  Output out;
  out.text =
      fmt::format("{:>6} {:>5} {:>5} {:>14} {:>14} {:>12} {:>12} {:>14} {:>14} {:>8} {:>8} {:>8}\n",
                  "Worker", "Lcore", "Busy", "Packets in", "Packets out", "Handed over",
                  "Taken over", "Opened", "Sealed", "Clamped", "Tunnels", "Sessions");
  nlohmann::json rows = nlohmann::json::array();
  for (const WorkerView& w : state.workers()) {
    out.text += fmt::format(
        "{:>6} {:>5} {:>4}% {:>14} {:>14} {:>12} {:>12} {:>14} {:>14} {:>8} {:>8} {:>8}\n", w.index,
        w.lcore, w.busy_percent, w.rx_packets, w.tx_packets, w.handed_over, w.taken_over,
        w.records_opened, w.records_sealed, w.mss_clamped, w.tunnels, w.sessions);
    rows.push_back({{"worker", w.index},
                    {"lcore", w.lcore},
                    {"busy_percent", w.busy_percent},
                    {"busy_seconds", w.busy_seconds},
                    {"rx_packets", w.rx_packets},
                    {"tx_packets", w.tx_packets},
                    {"handed_over", w.handed_over},
                    {"taken_over", w.taken_over},
                    {"records_opened", w.records_opened},
                    {"records_sealed", w.records_sealed},
                    {"mss_clamped", w.mss_clamped},
                    {"tunnels", w.tunnels},
                    {"sessions", w.sessions}});
  }
  out.json = {{"workers", std::move(rows)}};
  return out;
}

Output show_tunnels(const StateSource& state) {
  Output out;
  out.text = fmt::format(
      "{:<16} {:<8} {:<7} {:>6} {:>5} {:>5} {:>5} {:>14} {:>14} {:>14} {:>14} {:>11} "
      "{:>10} {:>8}\n",
      "Assigned IP", "Protocol", "Carries", "Worker", "Home", "MTU", "Path", "Records in",
      "Records out", "Packets in", "Packets out", "Dropped out", "Marked out", "OpenSSL");
  nlohmann::json rows = nlohmann::json::array();
  for (const CarriedTunnelView& t : state.carried_tunnels()) {
    out.text += fmt::format(
        "{:<16} {:<8} {:<7} {:>6} {:>5} {:>5} {:>5} {:>14} {:>14} {:>14} {:>14} {:>11} {:>10} "
        "{:>8}\n",
        t.assigned.to_string(), t.protocol, t.carries ? "yes" : "no", t.worker, t.home, t.mtu,
        t.path_mtu, t.rx_records, t.tx_records, t.rx_packets, t.tx_packets, t.tx_dropped,
        t.tx_marked, t.openssl_bytes_after_connect);
    rows.push_back({{"assigned_ip", t.assigned.to_string()},
                    {"protocol", t.protocol},
                    {"carries", t.carries},
                    {"worker", t.worker},
                    {"home", t.home},
                    {"mtu", t.mtu},
                    {"path_mtu", t.path_mtu},
                    {"rx_records", t.rx_records},
                    {"tx_records", t.tx_records},
                    {"rx_packets", t.rx_packets},
                    {"tx_packets", t.tx_packets},
                    {"tx_dropped", t.tx_dropped},
                    {"tx_marked", t.tx_marked},
                    {"key_updates", t.key_updates},
                    {"openssl_bytes_after_connect", t.openssl_bytes_after_connect}});
  }
  out.json = {{"tunnels", std::move(rows)}};
  return out;
}

Output show_buffers(const StateSource& state) {
  const ResourceView r = state.resources();
  Output out;
  out.text = fmt::format("{:<24} {:>10} {:>10} {:>10} {:>10}\n", "Pool", "Size", "Available",
                         "In use", "Bytes each");
  nlohmann::json pools = nlohmann::json::array();
  for (const PoolView& p : r.pools) {
    out.text += fmt::format("{:<24} {:>10} {:>10} {:>10} {:>10}\n", p.name, p.size, p.available,
                            p.size - std::min(p.available, p.size), p.buffer_bytes);
    pools.push_back({{"name", p.name},
                     {"size", p.size},
                     {"available", p.available},
                     {"buffer_bytes", p.buffer_bytes}});
  }
  out.text += fmt::format("\n{:<24} {:>10}\n", "Ring", "Entries");
  nlohmann::json rings = nlohmann::json::array();
  for (const RingView& ring : r.rings) {
    out.text += fmt::format("{:<24} {:>10}\n", ring.name, ring.entries);
    rings.push_back({{"name", ring.name}, {"entries", ring.entries}});
  }
  out.text += fmt::format("\n{:<24} {:>10}\n{:<24} {:>10}\n{:<24} {:>10}\n", "Addresses in use",
                          r.addresses_in_use, "TCP connections", r.tcp_connections,
                          "Buffers held by TCP", r.tcp_buffers);
  out.json = {{"pools", std::move(pools)},
              {"rings", std::move(rings)},
              {"addresses_in_use", r.addresses_in_use},
              {"tcp_connections", r.tcp_connections},
              {"tcp_buffers", r.tcp_buffers}};
  return out;
}

Output show_tcp(const StateSource& state) {
  return counters(state.tcp_counters());
}

Output show_setup(const StateSource& state) {
  return counters(state.setup_counters());
}

Output show_icmp_errors(const StateSource& state) {
  const IcmpErrorsView e = state.icmp_errors();
  Output out;
  out.text = fmt::format("{:<46} {:>10} {:>10}\n{:<46} {:>10} {:>10}\n{:<46} {:>10} {:>10}\n",
                         "Too large for a tunnel", "Sent", "Suppressed",
                         "Destination unreachable, fragmentation needed", e.sent, e.suppressed,
                         "IPv6 Packet Too Big", e.sent6, e.suppressed6);
  out.json = {{"sent", e.sent},
              {"suppressed", e.suppressed},
              {"sent6", e.sent6},
              {"suppressed6", e.suppressed6}};
  return out;
}

}  // namespace culvert::control
