// What the log keeps, how it words it, and what it lets go.
#include "control/log/log.hpp"

#include <cstdlib>
#include <ctime>
#include <thread>

#include <gtest/gtest.h>

namespace culvert::control {
namespace {

LoggingConfig quiet() {
  LoggingConfig c;
  c.stderr_level = 0;
  return c;
}

TEST(Log, WordsMessagesAsTheAsa) {
  LoggingConfig c = quiet();
  c.timestamp = true;
  setenv("TZ", "UTC", 1);
  tzset();
  Log log(c, [] { return std::chrono::system_clock::from_time_t(1565876678); });
  log.log(Severity::informational, 725001, "Starting SSL handshake");
  log.log(Severity::warning, "No huge pages");
  EXPECT_EQ(log.view().lines,
            (std::vector<std::string>{"Aug 15 2019 13:44:38: %ASA-6-725001: Starting SSL handshake",
                                      "Aug 15 2019 13:44:38: %CULVERT-4: No huge pages"}));
}

TEST(Log, KeepsLevelsApart) {
  LoggingConfig c = quiet();
  c.buffered_level = 5;
  c.stderr_level = 3;
  Log log(c);
  log.log(Severity::informational, 1, "too chatty");
  log.log(Severity::notification, 2, "kept");
  testing::internal::CaptureStderr();
  log.log(Severity::error, 722035, "shown");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "%ASA-3-722035: shown\n");
  EXPECT_EQ(log.view().lines,
            (std::vector<std::string>{"%ASA-5-000002: kept", "%ASA-3-722035: shown"}));
  EXPECT_EQ(log.view().buffer_messages, 2U);
  EXPECT_EQ(log.view().console_messages, 1U);
  c.enabled = false;
  log.configure(c, {});
  log.log(Severity::error, 3, "off");
  EXPECT_EQ(log.view().buffer_messages, 2U);
}

TEST(Log, ForgetsTheOldestByBytes) {
  LoggingConfig c = quiet();
  c.buffer_size = 4096;
  Log log(c);
  for (int i = 0; i < 10'000; ++i)
    log.log(Severity::error, 1, std::to_string(i));
  size_t bytes = 0;
  for (const auto& line : log.view().lines)
    bytes += line.size() + 1;
  EXPECT_LE(bytes, 4096U);
  EXPECT_GT(bytes, 4000U);
  EXPECT_EQ(log.view().lines.back(), "%ASA-3-000001: 9999");
  log.clear_buffer();
  EXPECT_TRUE(log.view().lines.empty());
  log.log(Severity::error, 1, "after");
  EXPECT_EQ(log.view().lines.size(), 1U);
}

TEST(Log, DefusesWhatClientsSay) {
  Log log(quiet());
  log.log(Severity::error, 1, std::string("a\n%ASA-0-1: forged\x1b[2J") + std::string(5000, 'x'));
  ASSERT_EQ(log.view().lines.size(), 1U);
  EXPECT_EQ(log.view().lines[0].find_first_of("\n\x1b"), std::string::npos);
  EXPECT_LT(log.view().lines[0].size(), 1100U);
}

TEST(Log, StrangersCannotFillIt) {
  LoggingConfig c = quiet();
  c.buffer_size = 1 << 20;
  auto now = std::chrono::system_clock::from_time_t(1565876678);
  Log log(c, [&] { return now; });
  for (int i = 0; i < 5000; ++i)
    log.log(Severity::error, 717027, "Certificate chain failed validation.");
  EXPECT_EQ(log.view().lines.size(), 400U);
  log.log(Severity::error, 725006, "of another number");
  log.log(Severity::error, 722033, "of a user");
  EXPECT_EQ(log.view().lines.size(), 402U);
  now += std::chrono::seconds(1);
  log.log(Severity::error, 717027, "again");
  const auto lines = log.view().lines;
  ASSERT_EQ(lines.size(), 404U);
  EXPECT_EQ(lines[402], "%CULVERT-3: 4600 messages 717027 were left out: too many at once");
  EXPECT_EQ(lines[403], "%ASA-3-717027: again");
  // What no level shows is not limited, so that nothing is said of it.
  for (int i = 0; i < 5000; ++i)
    log.log(Severity::debugging, 725012, "for nobody");
  now += std::chrono::seconds(1);
  log.log(Severity::debugging, 725012, "for nobody");
  EXPECT_EQ(log.view().lines.size(), 404U);
  // A clock that goes back.
  now -= std::chrono::hours(1);
  for (int i = 0; i < 100; ++i)
    log.log(Severity::error, 717027, "x");
  now += std::chrono::seconds(10);
  log.log(Severity::error, 717027, "x");
  EXPECT_EQ(log.view().lines.back(), "%ASA-3-717027: x");
}

TEST(Log, TakesManyThreads) {
  Log log(quiet());
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i)
        log.log(Severity::error, 1, "x");
    });
  }
  for (auto& t : threads)
    t.join();
  EXPECT_EQ(log.view().buffer_messages, 2000U);
}

}  // namespace
}  // namespace culvert::control
