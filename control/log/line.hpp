// What a message looks like where it goes: with an ASA's header, or with RFC 5424's. Pure functions.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "control/config/config.hpp"

namespace culvert::control {

// What the box is called in messages.
struct LogIdentity {
  std::string hostname{};
  std::string device_id{};  // "" = none

  friend bool operator==(const LogIdentity&, const LogIdentity&) = default;
};
[[nodiscard]] LogIdentity log_identity(const Config& config);

struct LogMessage {
  unsigned severity = 6;  // 0..7
  unsigned number = 0;    // the ASA's; 0 = a message of our own
  std::string_view text;  // "%ASA-6-725001: Starting SSL handshake ..."
  std::chrono::system_clock::time_point at;
};

// "Aug 15 2019 13:44:38", local time; "2019-08-15T13:44:38Z".
[[nodiscard]] std::string asa_stamp(std::chrono::system_clock::time_point at);
[[nodiscard]] std::string utc_stamp(std::chrono::system_clock::time_point at);

// For the buffer, standard error and the file: the text, after a stamp if there is to be one.
[[nodiscard]] std::string local_line(const LoggingConfig& config, const LogMessage& message,
                                     bool stamp);

// For a log host: "<166>Jun 22 2022 13:29:11 fw1 : %ASA-6-113039: ...", without what is not configured.
[[nodiscard]] std::string asa_line(const LoggingConfig& config, const LogIdentity& identity,
                                   const LogMessage& message);
// "<166>1 2022-06-22T11:29:11.123456Z fw1 culvertd - 113039 - %ASA-6-113039: ..." (RFC 5424 §6.1): the host is the
// device ID, or else the hostname; the message's ID is its number.
[[nodiscard]] std::string rfc5424_line(const LoggingConfig& config, const LogIdentity& identity,
                                       const LogMessage& message);

}  // namespace culvert::control
