// culvertctl as a process of its own against a server in this one.
#include <gtest/gtest.h>

#include "tests/control/cli/shell.hpp"
#include "tests/control/cli/socket_server.hpp"

namespace culvert::control {
namespace {

class Culvertctl : public testing::Test {
 protected:
  Done ctl(const std::string& arguments) {
    return shell(std::string(CULVERTCTL) + " --socket " + folder_.file("s") + " " + arguments);
  }
  TemporaryFolder folder_;
  RunningServer server_{folder_.file("s")};
};

TEST_F(Culvertctl, RunsOneCommand) {
  server_.state.the_config.hostname = "lab";
  const Done quoted = ctl("'show running-config | include hostname'");
  EXPECT_EQ(quoted.status, 0);
  EXPECT_EQ(quoted.said, "hostname lab\n");
  EXPECT_EQ(ctl("show vpn-sessiondb anyconnect").said,
            "INFO: There are presently no active sessions of the type specified\n");
  EXPECT_EQ(ctl("vpn-sessiondb logoff name 'a b\"c' </dev/null").said,
            "INFO: Number of sessions with name \"a b\"c\" logged off : 2\n");
  EXPECT_EQ(server_.state.called, "logoff name a b\"c");
}

TEST_F(Culvertctl, PrintsJson) {
  const Done done = ctl("--json 'show arp'");
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(nlohmann::json::parse(done.said), (nlohmann::json{{"arp", nlohmann::json::array()}}));
  EXPECT_EQ(ctl("'show arp' --json").said, done.said);
}

TEST_F(Culvertctl, TellsErrorsApart) {
  const Done bad = ctl("show foo 2>&1 >/dev/null");
  EXPECT_EQ(bad.status, 1);
  EXPECT_EQ(bad.said, "show foo\n     ^\nERROR: % Invalid input detected at '^' marker.\n");
  const Done gone = shell(std::string(CULVERTCTL) + " --socket /nonexistent/s show version 2>&1");
  EXPECT_EQ(gone.status, 2);
  EXPECT_EQ(gone.said,
            "culvertctl: cannot reach culvertd at /nonexistent/s (No such file or directory): "
            "start culvertd, or name its "
            "`management socket` with --socket\n");
  EXPECT_EQ(ctl("--nonsense 2>&1").status, 1);
}

TEST_F(Culvertctl, ReadsCommandsFromAScript) {
  const Done done = shell(
      "printf 'show arp\\n\\nshow foo\\nclear logging buffer\\nexit\\nshow foo\\n' | " CULVERTCTL
      " --socket " +
      folder_.file("s") + " 2>/dev/null");
  EXPECT_EQ(done.status, 1);
  EXPECT_EQ(server_.state.called, "clear log");
}

// On a terminal: `?`, completion, history and the question before a logoff. libedit does not free
// the names of the functions that it is given.
TEST_F(Culvertctl, IsAShellOnATerminal) {
  server_.state.the_config.hostname = "lab";
  const Done done = shell(
      "(sleep 1; printf 'show ?'; printf '\\025sho vers\\tclear lo\\025'; printf "
      "'clea\\tlogg\\tbu\\t\\n'; "
      "printf 'vpn-sessiondb logoff all\\n'; sleep 1; printf 'n\\n'; printf 'exit\\n'; sleep 1) | "
      "ASAN_OPTIONS=detect_leaks=0 TERM=dumb script -qec '" CULVERTCTL " --socket " +
      folder_.file("s") + "' /dev/null");
  EXPECT_EQ(done.status, 0);
  EXPECT_NE(done.said.find("lab# "), std::string::npos) << done.said;
  EXPECT_NE(done.said.find("running-config  The configuration in force"), std::string::npos)
      << done.said;
  EXPECT_NE(done.said.find("[confirm]"), std::string::npos) << done.said;
  EXPECT_EQ(server_.state.called, "clear log") << done.said;
}

TEST(CulvertctlAlone, DescribesItself) {
  EXPECT_EQ(shell(CULVERTCTL " --version").said, "culvertctl 0.1.0\n");
  EXPECT_NE(shell(CULVERTCTL " --help").said.find("--socket PATH"), std::string::npos);
}

}  // namespace
}  // namespace culvert::control
