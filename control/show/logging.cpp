// `show logging`.
#include <cstring>

#include <fmt/format.h>

#include "control/config/syntax.hpp"
#include "control/show/output.hpp"

namespace culvert::control {
namespace {

const char* on_off(bool on) {
  return on ? "enabled" : "disabled";
}

std::string destination(bool enabled, unsigned level, uint64_t messages, uint64_t discarded = 0) {
  if (!enabled) return "disabled";
  return fmt::format("level {}, {} messages logged{}", severity_name(level), messages,
                     discarded == 0 ? "" : fmt::format(", {} discarded", discarded));
}

std::string transport(const LogHostConfig& host) {
  return fmt::format("{}/{}", host.transport == LogTransport::udp ? "udp" : "tcp", host.port);
}

// Nothing about a destination that takes everything.
std::string trouble(const LogSender::Counts& c) {
  std::string out;
  if (c.errors != 0 || c.discarded != 0) {
    out = fmt::format(" errors: {}  dropped: {}", c.errors, c.discarded);
  }
  if (c.error != 0) out += fmt::format(" ({})", std::strerror(c.error));
  return out;
}

nlohmann::json counts_json(const LogSender::Counts& c) {
  return {{"sent", c.sent}, {"discarded", c.discarded}, {"errors", c.errors}, {"queued", c.queued}};
}

std::string device_id(const LogView& log) {
  return log.identity.device_id.empty() ? "disabled"
                                        : fmt::format("\"{}\"", log.identity.device_id);
}

std::string trap_text(const LogView& log) {
  const LoggingConfig& c = log.config;
  if (!c.enabled || !c.trap_level) return "    Trap logging: disabled\n";
  std::string out = fmt::format("    Trap logging: level {}, facility {}, {} messages logged\n",
                                severity_name(*c.trap_level), c.facility, log.trap_messages);
  for (size_t i = 0; i < log.hosts.size(); ++i) {
    const LogHostConfig& host = c.hosts[i];
    const bool usual = host.transport == LogTransport::udp && host.port == 514;
    out += fmt::format("        Logging to {} {}{}{}\n", host.interface, host.address.to_string(),
                       usual ? "" : " " + transport(host), trouble(log.hosts[i]));
  }
  return out;
}

nlohmann::json hosts_json(const LogView& log) {
  nlohmann::json out = nlohmann::json::array();
  for (size_t i = 0; i < log.hosts.size(); ++i) {
    const LogHostConfig& host = log.config.hosts[i];
    nlohmann::json row = counts_json(log.hosts[i]);
    row["interface"] = host.interface;
    row["address"] = host.address.to_string();
    row["transport"] = transport(host);
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace

Output show_logging(const StateSource& state) {
  const LogView log = state.log();
  const LoggingConfig& c = log.config;
  Output out;
  out.text = fmt::format("Syslog logging: {}\n", on_off(c.enabled));
  out.text += fmt::format("    Facility: {}\n", c.facility);
  out.text += fmt::format("    Timestamp logging: {}\n", on_off(c.timestamp));
  out.text += "    Hide Username logging: enabled\n";
  out.text += "    Standby logging: disabled\n    Debug-trace logging: disabled\n";
  out.text += fmt::format(
      "    Console logging: {}\n",
      destination(c.enabled, c.stderr_level, log.console_messages, log.console_discarded));
  out.text += "    Monitor logging: disabled\n";
  out.text += fmt::format("    Buffer logging: {}\n",
                          destination(c.enabled, c.buffered_level, log.buffer_messages));
  if (!c.file.empty()) {
    out.text += fmt::format("    File logging: {}\n        Logging to {}{}\n",
                            destination(c.enabled, c.file_level, log.file_messages), c.file,
                            trouble(log.file));
  }
  out.text += trap_text(log);
  // A server that is down never keeps a client out.
  out.text += "    Permit-hostdown logging: enabled\n    History logging: disabled\n";
  out.text += fmt::format("    Device ID: {}\n", device_id(log));
  out.text += "    Mail logging: disabled\n    ASDM logging: disabled\n";
  for (const auto& line : log.lines)
    out.text += line + "\n";
  out.json = {{"enabled", c.enabled},
              {"timestamp", c.timestamp},
              {"facility", c.facility},
              {"console_level", c.stderr_level},
              {"console_messages", log.console_messages},
              {"console_discarded", log.console_discarded},
              {"buffered_level", c.buffered_level},
              {"buffer_messages", log.buffer_messages},
              {"trap_messages", log.trap_messages},
              {"hosts", hosts_json(log)},
              {"file_messages", log.file_messages},
              {"file", counts_json(log.file)},
              {"buffer", log.lines}};
  if (c.trap_level) out.json["trap_level"] = *c.trap_level;
  return out;
}

}  // namespace culvert::control
