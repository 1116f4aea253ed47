// Rows: the log, and where its messages go.
#include <algorithm>
#include <array>
#include <charconv>

#include "control/config/command.hpp"
#include "control/config/match.hpp"

namespace culvert::control {
namespace {

constexpr uint16_t kUdpPort = 514, kTcpPort = 1470;  // the ASA's defaults
constexpr size_t kMostHosts = 16;
constexpr size_t kMostDeviceId = 16;  // bytes of `string`, as on the ASA

// "udp", "tcp/1470"; running configurations of an ASA have "17/514" and "6/1470".
bool read_transport(std::string_view text, LogHostConfig& host) {
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string_view name = text.substr(0, slash);
  if (name == "udp" || name == "17") {
    host.transport = LogTransport::udp;
    host.port = kUdpPort;
  } else if (name == "tcp" || name == "6") {
    host.transport = LogTransport::tcp;
    host.port = kTcpPort;
  } else {
    return false;
  }
  if (slash == text.size()) return true;
  const std::string_view port = text.substr(slash + 1);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (error != std::errc{} || end != port.data() + port.size() || value < 1 || value > 65535) {
    return false;
  }
  host.port = static_cast<uint16_t>(value);
  return true;
}

std::string host_text(const LogHostConfig& host) {
  std::string out = quote(host.interface) + " " + host.address.to_string();
  if (host.transport == LogTransport::tcp) out += " 6/" + std::to_string(host.port);
  if (host.transport == LogTransport::udp && host.port != kUdpPort)
    out += " 17/" + std::to_string(host.port);
  return out + (host.rfc5424 ? " format rfc5424" : "");
}

LogHostConfig read_host(const Arguments& a) {
  LogHostConfig host;
  host.interface = a.text("nameif");
  host.address = *dp::IpAddress::parse(a.text("address"));
  host.rfc5424 = a.has("format");
  if (a.has("transport") && !read_transport(a.text("transport"), host)) {
    throw ArgumentError("transport",
                        "The transport is udp or tcp, with a port from 1 to 65535: udp/514");
  }
  return host;
}

// One host has one line, as on the ASA.
void add_host(Draft& d, const Arguments& a) {
  const LogHostConfig host = read_host(a);
  auto& hosts = d.config.logging.hosts;
  d.note("logging-host/" + host.interface, a, "nameif");
  const auto same = std::find_if(hosts.begin(), hosts.end(), [&](const LogHostConfig& h) {
    return h.address == host.address && h.interface == host.interface;
  });
  if (same != hosts.end()) {
    *same = host;
    return;
  }
  if (hosts.size() == kMostHosts)
    throw ArgumentError("address", "There can be at most 16 log hosts");
  hosts.push_back(host);
}

void remove_log_host(Draft& d, const Arguments& a) {
  const auto address = *dp::IpAddress::parse(a.text("address"));
  std::erase_if(d.config.logging.hosts, [&](const LogHostConfig& h) {
    return h.address == address && h.interface == a.text("nameif");
  });
}

void set_device_id(Draft& d, const Arguments& a) {
  using Kind = DeviceIdConfig::Kind;
  DeviceIdConfig id;
  if (a.has("hostname")) id.kind = Kind::hostname;
  if (a.has("ipaddress")) {
    id = {Kind::ipaddress, a.text("nameif")};
    d.note("logging-device-id", a, "nameif");
  }
  if (a.has("string")) {
    id = {Kind::text, a.text("text")};
    // It stands before the message, where readers look for its end.
    if (id.value.size() > kMostDeviceId ||
        id.value.find_first_of(" &'\"<>?") != std::string::npos) {
      throw ArgumentError("text",
                          "A device ID has at most 16 characters, and none of blank & ' \" < > ?");
    }
  }
  d.config.logging.device_id = id;
}

std::string device_id_text(const DeviceIdConfig& id) {
  switch (id.kind) {
    case DeviceIdConfig::Kind::hostname: return "hostname";
    case DeviceIdConfig::Kind::ipaddress: return "ipaddress " + quote(id.value);
    case DeviceIdConfig::Kind::text: return "string " + quote(id.value);
    case DeviceIdConfig::Kind::none: break;
  }
  return {};
}

void show_logging(const Config& c, const std::string&, Lines& out) {
  const LoggingConfig plain;
  const LoggingConfig& l = c.logging;
  const auto level = [](unsigned n) { return " " + std::string(severity_name(n)); };
  out.add(l.enabled ? "logging enable" : "no logging enable");
  if (l.timestamp) out.add(l.timestamp_rfc5424 ? "logging timestamp rfc5424" : "logging timestamp");
  if (l.buffer_size != plain.buffer_size)
    out.add("logging buffer-size " + std::to_string(l.buffer_size));
  if (l.stderr_level != plain.stderr_level) out.add("logging console" + level(l.stderr_level));
  if (l.buffered_level != plain.buffered_level)
    out.add("logging buffered" + level(l.buffered_level));
  if (l.trap_level) out.add("logging trap" + level(*l.trap_level));
  if (l.facility != plain.facility) out.add("logging facility " + std::to_string(l.facility));
  if (l.device_id.kind != DeviceIdConfig::Kind::none)
    out.add("logging device-id " + device_id_text(l.device_id));
  for (const LogHostConfig& host : l.hosts)
    out.add("logging host " + host_text(host));
  if (!l.file.empty()) out.add("logging file " + quote(l.file) + level(l.file_level));
}

const std::array kLogging = {
    Command{.syntax = "logging enable",
            .help = "Write messages, to wherever they are to go",
            .set = [](Draft& d, const Arguments&) { d.config.logging.enabled = true; },
            .no_syntax = "logging enable",
            .unset = [](Draft& d, const Arguments&) { d.config.logging.enabled = false; },
            .show = show_logging},
    Command{.syntax = "logging timestamp [rfc5424]",
            .help = "Start messages with date and time; rfc5424: as 2024-06-26T01:35:50Z",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.config.logging.timestamp = true;
                  d.config.logging.timestamp_rfc5424 = a.has("rfc5424");
                },
            .no_syntax = "logging timestamp [rfc5424]",
            .unset =
                [](Draft& d, const Arguments&) {
                  d.config.logging.timestamp = d.config.logging.timestamp_rfc5424 = false;
                }},
    Command{.syntax = "logging buffer-size <bytes:4096-1048576>",
            .help = "How much of the log `show logging` keeps",
            .set = [](Draft& d,
                      const Arguments& a) { d.config.logging.buffer_size = a.number("bytes"); },
            .no_syntax = "logging buffer-size [<bytes:4096-1048576>]",
            .unset =
                [](Draft& d, const Arguments&) {
                  d.config.logging.buffer_size = LoggingConfig{}.buffer_size;
                }},
    Command{.syntax = "logging console <level:level>",
            .help = "Least severe messages that go to standard error",
            .set = [](Draft& d,
                      const Arguments& a) { d.config.logging.stderr_level = a.number("level"); },
            .no_syntax = "logging console [<level:level>]",
            .unset =
                [](Draft& d, const Arguments&) {
                  d.config.logging.stderr_level = LoggingConfig{}.stderr_level;
                }},
    Command{.syntax = "logging buffered <level:level>",
            .help = "Least severe messages that `show logging` keeps",
            .set = [](Draft& d,
                      const Arguments& a) { d.config.logging.buffered_level = a.number("level"); },
            .no_syntax = "logging buffered [<level:level>]",
            .unset =
                [](Draft& d, const Arguments&) {
                  d.config.logging.buffered_level = LoggingConfig{}.buffered_level;
                }},
    Command{.syntax = "logging trap <level:level>",
            .help = "Least severe messages that go to log hosts (default: none go)",
            .set = [](Draft& d,
                      const Arguments& a) { d.config.logging.trap_level = a.number("level"); },
            .no_syntax = "logging trap [<level:level>]",
            .unset = [](Draft& d, const Arguments&) { d.config.logging.trap_level.reset(); }},
    Command{
        .syntax = "logging facility <facility:16-23>",
        .help = "Facility of messages to log hosts: local0 (16) to local7 (23) (default 20)",
        .set = [](Draft& d,
                  const Arguments& a) { d.config.logging.facility = a.number("facility"); },
        .no_syntax = "logging facility [<facility:16-23>]",
        .unset = [](Draft& d,
                    const Arguments&) { d.config.logging.facility = LoggingConfig{}.facility; }},
    Command{
        .syntax = "logging device-id {hostname | ipaddress <nameif:word> | string <text:word>}",
        .help = "What messages to log hosts call this box (default: nothing)",
        .set = set_device_id,
        .no_syntax = "logging device-id [hostname | ipaddress <nameif:word> | string <text:word>]",
        .unset = [](Draft& d, const Arguments&) { d.config.logging.device_id = {}; }},
    Command{
        .syntax = "logging host <nameif:word> <address:ip> [<transport:word>] [format rfc5424]",
        .help = "A syslog server: udp/PORT (default, 514) or tcp/PORT (1470, one message a "
                "line). Messages go by the network of the process (the kernel's: the "
                "management network), not by the headend's own ports. With format rfc5424 they "
                "have the header of that RFC, else the ASA's",
        .set = add_host,
        .no_syntax = "logging host <nameif:word> <address:ip> [<transport:word>] [format rfc5424]",
        .unset = remove_log_host},
    Command{.syntax = "logging file <path:word> [<level:level>]",
            .help = "A file that messages are appended to, always with date and time; one that was "
                    "moved away is begun anew within a second (default level informational)",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.config.logging.file = a.text("path");
                  d.config.logging.file_level =
                      a.has("level") ? a.number("level") : LoggingConfig{}.file_level;
                },
            .no_syntax = "logging file [<path:word> [<level:level>]]",
            .unset =
                [](Draft& d, const Arguments&) {
                  d.config.logging.file.clear();
                  d.config.logging.file_level = LoggingConfig{}.file_level;
                }},
};

}  // namespace

std::span<const Command> logging_commands() {
  return kLogging;
}

}  // namespace culvert::control
