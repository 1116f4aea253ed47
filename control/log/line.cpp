#include "control/log/line.hpp"

#include <ctime>

#include <fmt/format.h>

namespace culvert::control {
namespace {

using Time = std::chrono::system_clock::time_point;

unsigned priority(const LoggingConfig& config, const LogMessage& message) noexcept {
  return config.facility * 8 + message.severity;  // RFC 5424 §6.2.1
}

std::string stamp_of(const LoggingConfig& config, const LogMessage& message) {
  return config.timestamp_rfc5424 ? utc_stamp(message.at) : asa_stamp(message.at);
}

std::string formatted(const std::tm& parts, const char* format) {
  char text[32];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

std::tm utc(Time at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

LogIdentity log_identity(const Config& config) {
  LogIdentity out{.hostname = config.hostname};
  const DeviceIdConfig& id = config.logging.device_id;
  switch (id.kind) {
    case DeviceIdConfig::Kind::none: break;
    case DeviceIdConfig::Kind::hostname: out.device_id = config.hostname; break;
    case DeviceIdConfig::Kind::text: out.device_id = id.value; break;
    case DeviceIdConfig::Kind::ipaddress:
      for (const InterfaceConfig& i : config.interfaces) {
        if (i.nameif == id.value && !i.address.is_unspecified())
          out.device_id = i.address.to_string();
      }
      break;
  }
  return out;
}

std::string asa_stamp(Time at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return formatted(parts, "%b %d %Y %H:%M:%S");
}

std::string utc_stamp(Time at) {
  return formatted(utc(at), "%Y-%m-%dT%H:%M:%SZ");
}

std::string local_line(const LoggingConfig& config, const LogMessage& message, bool stamp) {
  return stamp ? fmt::format("{}: {}", stamp_of(config, message), message.text)
               : std::string(message.text);
}

std::string asa_line(const LoggingConfig& config, const LogIdentity& identity,
                     const LogMessage& message) {
  std::string head = config.timestamp ? stamp_of(config, message) : std::string();
  if (!identity.device_id.empty()) {
    head += fmt::format("{}{} ", head.empty() ? "" : " ", identity.device_id);
  }
  return fmt::format("<{}>{}{}{}", priority(config, message), head, head.empty() ? "" : ": ",
                     message.text);
}

std::string rfc5424_line(const LoggingConfig& config, const LogIdentity& identity,
                         const LogMessage& message) {
  const auto since =
      std::chrono::duration_cast<std::chrono::microseconds>(message.at.time_since_epoch());
  const std::string& host = identity.device_id.empty() ? identity.hostname : identity.device_id;
  return fmt::format("<{}>1 {}.{:06}Z {} culvertd - {} - {}", priority(config, message),
                     formatted(utc(message.at), "%Y-%m-%dT%H:%M:%S"), since.count() % 1'000'000,
                     host.empty() ? "-" : host,
                     message.number == 0 ? "-" : fmt::format("{:06}", message.number),
                     message.text);
}

}  // namespace culvert::control
