// culvert-client as a process: what it says of a wrong command line, and where nobody answers.
#include <string>

#include <gtest/gtest.h>

#include "tests/control/cli/shell.hpp"

namespace culvert::client {
namespace {

control::Done run(const std::string& arguments, const std::string& password = "secret") {
  return control::shell("echo " + password + " | timeout 30 " CULVERT_CLIENT " " + arguments +
                        " 2>&1");
}

TEST(ClientCommandLine, DescribesItself) {
  EXPECT_EQ(run("--version").said, "culvert-client 0.1.0\n");
  const control::Done help = run("--help");
  EXPECT_EQ(help.status, 0);
  for (const char* word : {"--servercert PIN", "--minute SECONDS", "--behave", "Exit status"}) {
    EXPECT_NE(help.said.find(word), std::string::npos) << word;
  }
}

TEST(ClientCommandLine, RefusesWithStatusTwo) {
  for (const char* arguments :
       {"", "https://a", "--user u", "-u u https://a --minute 0", "-u u https://a --behave windows",
        "-u u https://a --tls 1.1", "-u u --passwd-on-stdin https://a:b",
        "-u u --passwd-on-stdin https://a --route 10.0.0.0",
        "-u u https://a --password-file /nonexistent",
        "-u u --passwd-on-stdin --ciphers NONSENSE https://127.0.0.1:1"}) {
    const control::Done done = run(arguments);
    EXPECT_EQ(done.status, 2) << arguments << ": " << done.said;
  }
}

TEST(ClientCommandLine, SaysThatNobodyAnswers) {
  const control::Done done = run("-u u --passwd-on-stdin https://127.0.0.1:1");
  EXPECT_EQ(done.status, 1);
  EXPECT_NE(done.said.find("no TCP connection to 127.0.0.1 port 1"), std::string::npos)
      << done.said;
}

}  // namespace
}  // namespace culvert::client
