// Where messages go, and in which form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/packet/address.hpp"

namespace culvert::control {

enum class LogTransport : uint8_t { udp, tcp };

struct LogHostConfig {       // logging host
  std::string interface {};  // as the ASA wants it; the way there is the kernel's
  dp::IpAddress address{};
  LogTransport transport = LogTransport::udp;
  uint16_t port = 514;
  bool rfc5424 = false;  // a header as in RFC 5424, not the ASA's

  friend bool operator==(const LogHostConfig&, const LogHostConfig&) = default;
};

struct DeviceIdConfig {  // logging device-id
  enum class Kind : uint8_t { none, hostname, ipaddress, text };
  Kind kind = Kind::none;
  std::string value{};  // of ipaddress the interface's name

  friend bool operator==(const DeviceIdConfig&, const DeviceIdConfig&) = default;
};

struct LoggingConfig {
  bool enabled = true;
  bool timestamp = false;
  bool timestamp_rfc5424 = false;  // "2024-06-26T01:35:50Z" rather than "Jun 26 2024 01:35:50"
  unsigned buffered_level = 6;     // 0..7; show logging
  unsigned buffer_size = 4096;     // bytes, as on the ASA (messages are kept by size)
  unsigned stderr_level = 6;       // `logging console`
  std::optional<unsigned> trap_level{};  // of what goes to hosts; none: nothing
  std::vector<LogHostConfig> hosts{};
  unsigned facility = 20;  // 16..23: local0 to local7
  DeviceIdConfig device_id{};
  std::string file{};  // "" = none
  unsigned file_level = 6;

  friend bool operator==(const LoggingConfig&, const LoggingConfig&) = default;
};

}  // namespace culvert::control
