// The two headers of messages to log hosts, and what is left out of them.
#include "control/log/line.hpp"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

namespace culvert::control {
namespace {

LogMessage message(unsigned severity = 6) {
  setenv("TZ", "UTC", 1);
  tzset();
  return {.severity = severity,
          .number = 113039,
          .text = "%ASA-6-113039: started",
          .at = std::chrono::system_clock::from_time_t(1655904551) +
                std::chrono::microseconds(1234)};  // 13:29:11 UTC Jun 22 2022
}

// As real boxes send them.
TEST(LogLine, AsaHeaders) {
  LoggingConfig c;
  EXPECT_EQ(asa_line(c, {}, message()), "<166>%ASA-6-113039: started");
  EXPECT_EQ(asa_line(c, {.device_id = "fw1"}, message()), "<166>fw1 : %ASA-6-113039: started");
  c.timestamp = true;
  EXPECT_EQ(asa_line(c, {}, message()), "<166>Jun 22 2022 13:29:11: %ASA-6-113039: started");
  EXPECT_EQ(asa_line(c, {.device_id = "single"}, message()),
            "<166>Jun 22 2022 13:29:11 single : %ASA-6-113039: started");
  c.timestamp_rfc5424 = true;
  EXPECT_EQ(asa_line(c, {.hostname = "not said"}, message()),
            "<166>2022-06-22T13:29:11Z: %ASA-6-113039: started");
  c.facility = 16;
  EXPECT_EQ(asa_line(c, {.device_id = "fw1"}, message(4)),
            "<132>2022-06-22T13:29:11Z fw1 : %ASA-6-113039: started");
}

TEST(LogLine, Rfc5424Header) {
  const LoggingConfig c;
  EXPECT_EQ(rfc5424_line(c, {.hostname = "lab", .device_id = "fw1"}, message()),
            "<166>1 2022-06-22T13:29:11.001234Z fw1 culvertd - 113039 - %ASA-6-113039: started");
  LogMessage own = message();
  own.number = 0;
  EXPECT_EQ(rfc5424_line(c, {.hostname = "lab"}, own),
            "<166>1 2022-06-22T13:29:11.001234Z lab culvertd - - - %ASA-6-113039: started");
  EXPECT_EQ(rfc5424_line(c, {}, own).find("Z - culvertd"), 33U);
}

TEST(LogLine, LocalLines) {
  LoggingConfig c;
  EXPECT_EQ(local_line(c, message(), false), "%ASA-6-113039: started");
  EXPECT_EQ(local_line(c, message(), true), "Jun 22 2022 13:29:11: %ASA-6-113039: started");
  c.timestamp_rfc5424 = true;
  EXPECT_EQ(local_line(c, message(), true), "2022-06-22T13:29:11Z: %ASA-6-113039: started");
}

TEST(LogIdentity, IsWhatDeviceIdSays) {
  using Kind = DeviceIdConfig::Kind;
  Config c;
  c.hostname = "lab";
  c.interfaces.push_back({.nameif = "inside", .address = dp::IpAddress::v4(0x0a304201)});
  EXPECT_EQ(log_identity(c), (LogIdentity{"lab", ""}));
  c.logging.device_id = {Kind::hostname, ""};
  EXPECT_EQ(log_identity(c).device_id, "lab");
  c.logging.device_id = {Kind::text, "x1"};
  EXPECT_EQ(log_identity(c).device_id, "x1");
  c.logging.device_id = {Kind::ipaddress, "inside"};
  EXPECT_EQ(log_identity(c).device_id, "10.48.66.1");
}

}  // namespace
}  // namespace culvert::control
