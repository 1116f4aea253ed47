// The management socket: its file, its limits, and clients that do not behave.
#include "control/cli/server.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/control/cli/socket_server.hpp"

namespace culvert::control {
namespace {

const std::string kQuestion = "{\"command\":\"show arp\"}\n";

bool is_ok(const std::string& line) {
  const auto answer = nlohmann::json::parse(line, nullptr, false);
  return answer.is_object() && answer["ok"] == true;
}

std::string start_error(const std::string& path) {
  event_base* base = event_base_new();
  std::string error;
  try {
    const Server server(base, path,
                        [](std::string_view, const std::string&) { return std::string(); });
  } catch (const std::runtime_error& e) {
    error = e.what();
  }
  event_base_free(base);
  return error;
}

TEST(Server, AnswersAndIsItsOwnersOnly) {
  const TemporaryFolder folder;
  const std::string path = folder.file("new/s");
  {
    RunningServer server(path);
    struct stat info {};
    ASSERT_EQ(lstat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    RawClient client(path);
    client.say(kQuestion + "\r\n" + kQuestion);
    EXPECT_TRUE(is_ok(client.hear()));
    EXPECT_TRUE(is_ok(client.hear()));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Server, AnswersHalvesAndLastWords) {
  const TemporaryFolder folder;
  RunningServer server(folder.file("s"));
  RawClient client(folder.file("s"));
  for (const char c : kQuestion)
    client.say(std::string_view(&c, 1));
  EXPECT_TRUE(is_ok(client.hear()));
  client.say(kQuestion + kQuestion + "{\"command\":\"show ver");
  client.say_no_more();
  EXPECT_TRUE(is_ok(client.hear()));
  EXPECT_TRUE(is_ok(client.hear()));
  EXPECT_EQ(client.hear(), "");
}

TEST(Server, SurvivesGarbage) {
  const TemporaryFolder folder;
  RunningServer server(folder.file("s"));
  RawClient bystander(folder.file("s"));
  for (const std::string& garbage :
       {std::string(10'000, '\0'), std::string("\x16\x03\x01\n\n\n"), std::string(1'000'000, 'a'),
        std::string(100'000, '['), std::string("{\"command\":5}\n[1]\nnull\n"), std::string()}) {
    RawClient client(folder.file("s"));
    client.say(garbage);
    client.say_no_more();
    while (!client.hear().empty()) {
    }
    ASSERT_TRUE(bystander.say(kQuestion));
    EXPECT_TRUE(is_ok(bystander.hear()));
  }
}

TEST(Server, LimitsLines) {
  const TemporaryFolder folder;
  ServerLimits limits;
  limits.line = 100;
  RunningServer server(folder.file("s"), limits);
  const std::string fits = "{\"command\":\"show arp\",\"x\":\"" + std::string(71, 'x') + "\"}";
  ASSERT_EQ(fits.size(), 100U);
  RawClient client(folder.file("s"));
  client.say(fits + "\n");
  EXPECT_TRUE(is_ok(client.hear()));
  client.say(std::string(101, 'x'));
  EXPECT_NE(client.hear().find("at most"), std::string::npos);
  EXPECT_EQ(client.hear(), "");
}

TEST(Server, LimitsClients) {
  const TemporaryFolder folder;
  ServerLimits limits;
  limits.clients = 2;
  RunningServer server(folder.file("s"), limits);
  RawClient first(folder.file("s"));
  first.say(kQuestion);
  first.hear();
  {
    RawClient second(folder.file("s"));
    second.say(kQuestion);
    EXPECT_TRUE(is_ok(second.hear()));
    RawClient third(folder.file("s"));
    EXPECT_NE(third.hear().find("too many clients"), std::string::npos);
  }
  // Their places come free when the server has seen them go.
  for (;;) {
    RawClient fourth(folder.file("s"));
    fourth.say(kQuestion);
    if (is_ok(fourth.hear())) break;
    std::this_thread::yield();
  }
}

// Who asks without reading is not read any more, and goes in the end; others are answered all the
// while.
TEST(Server, DropsWhoReadsNothing) {
  const TemporaryFolder folder;
  ServerLimits limits;
  limits.output = 64 * 1024;
  limits.write_timeout_ms = 200;
  RunningServer server(folder.file("s"), limits, 100'000);
  RawClient bystander(folder.file("s"));
  auto slow = std::make_unique<RawClient>(folder.file("s"));
  std::string many;
  for (int i = 0; i < 2000; ++i)
    many += kQuestion;
  slow->say(many);
  bystander.say(kQuestion);
  EXPECT_TRUE(is_ok(bystander.hear()));
  while (server.clients() > 1)
    std::this_thread::yield();
}

TEST(Server, ServesAllQuestionsOfWhoReadsLate) {
  const TemporaryFolder folder;
  ServerLimits limits;
  limits.output = 1000;
  RunningServer server(folder.file("s"), limits, 10'000);
  RawClient client(folder.file("s"));
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += kQuestion;
  client.say(many);
  client.say_no_more();
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(is_ok(client.hear())) << i;
  EXPECT_EQ(client.hear(), "");
}

TEST(Server, TakesTheSocketOfADeadDaemonOnly) {
  const TemporaryFolder folder;
  const std::string path = folder.file("s");
  {
    RunningServer server(path);
    EXPECT_NE(start_error(path).find("Another culvertd listens on " + path), std::string::npos);
    RawClient client(path);
    client.say(kQuestion);
    EXPECT_TRUE(is_ok(client.hear()));
  }
  const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(dead);
  EXPECT_EQ(start_error(path), "");
  std::ofstream(path) << "a file";
  EXPECT_NE(start_error(path).find("is not a socket"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_NE(start_error("/proc/none/s").find("Cannot listen on /proc/none/s"), std::string::npos);
  EXPECT_NE(start_error(std::string(200, 'x')).find("107 bytes"), std::string::npos);
}

}  // namespace
}  // namespace culvert::control
