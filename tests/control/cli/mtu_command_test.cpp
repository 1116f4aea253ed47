// `culvertctl mtu`, which needs no server.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/control/cli/shell.hpp"

namespace culvert::control {
namespace {

Done mtu(const std::string& arguments) {
  return shell(std::string(CULVERTCTL) + " mtu " + arguments + " 2>&1");
}

nlohmann::json json(const std::string& arguments) {
  const Done done = mtu(arguments + " --json");
  EXPECT_EQ(done.status, 0) << done.said;
  return nlohmann::json::parse(done.said);
}

TEST(MtuCommand, NumbersOfTheNote) {
  const std::string note =
      "--accounting documented --version tls1.2 --suite AES256-SHA256 --mtu 1500 ";
  const auto first = json(note + "--tcpmss 1380");
  EXPECT_EQ(first["tls_mtu"], 1347);
  EXPECT_EQ(first["dtls_mtu"], 1418);
  EXPECT_EQ(json(note + "--tcpmss 1460")["tls_mtu"], 1427);
  const auto capped = json(note + "--tcpmss 1380 --conf-mtu 1300");
  EXPECT_EQ(capped["tls_mtu"], 1300);
  EXPECT_EQ(capped["dtls_mtu"], 1300);
  const Done text = mtu(note + "--tcpmss 1380");
  EXPECT_NE(text.said.find("1380 - 5 (TLS header) - 8 (CSTP) - 0 (padding) - 20 (hash) = 1347"),
            std::string::npos)
      << text.said;
}

TEST(MtuCommand, TermsAddUp) {
  const auto out =
      json("--accounting exact --suite DHE-RSA-AES256-SHA256 --etm --ipv6 --timestamps");
  for (const char* channel : {"tls", "dtls"}) {
    int value = 0;
    for (const auto& term : out["terms"][channel]) {
      const int bytes = term["bytes"];
      const std::string operation = term["operation"];
      if (operation == "start") value = bytes;
      if (operation == "minus") value -= bytes;
      if (operation == "round-down") value -= value % bytes;
      if (operation == "at-most") value = std::min(value, bytes);
      EXPECT_EQ(term["result"], value) << out.dump();
    }
    EXPECT_EQ(out[std::string(channel) + "_mtu"], value);
  }
}

TEST(MtuCommand, RefusesWithASentence) {
  for (const char* wrong :
       {"--accounting cisco", "--suite FOO", "--version ssl3", "--suite TLS_AES_128_GCM_SHA256",
        "--version tls1.3 --suite AES128-SHA", "--conf-mtu 100", "--mtu x", "--dtls-suite BAR",
        "--etm --suite AES128-GCM-SHA256", "nonsense"}) {
    const Done done = mtu(wrong);
    EXPECT_EQ(done.status, 1) << wrong;
    EXPECT_FALSE(done.said.empty()) << wrong;
  }
  EXPECT_EQ(mtu("--help").status, 0);
}

}  // namespace
}  // namespace culvert::control
