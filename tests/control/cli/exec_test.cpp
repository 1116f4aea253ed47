// The shell's commands, and the requests that carry them.
#include "control/cli/exec.hpp"

#include <gtest/gtest.h>

#include "control/cli/request.hpp"
#include "tests/control/show/fake_state.hpp"

namespace culvert::control {
namespace {

std::string run(FakeState& state, std::string_view line, bool confirmed = false) {
  ExecContext context{state, "admin", confirmed};
  try {
    return execute(line, false, context).text;
  } catch (const std::runtime_error& e) {
    return e.what();
  }
}

TEST(Exec, RunsEveryCommand) {
  FakeState state;
  state.the_drops.reasons = {{"no-route", "No route to host", "", 1}};
  state.the_interfaces = {{}};
  state.the_interfaces[0].nameif = "outside";
  for (const ExecCommand& c : exec_commands()) {
    if (!c.syntax.starts_with("show")) continue;
    std::string line(c.syntax.substr(0, c.syntax.find(" [")));
    ExecContext context{state, "admin", false};
    EXPECT_TRUE(execute(line, true, context).json.is_object()) << line;
  }
  EXPECT_EQ(run(state, "sh int outside").substr(0, 9), "Interface");
  EXPECT_EQ(run(state, "show asp drop frame no-route | count route"), "1\n");
  EXPECT_EQ(run(state, "sh run | i hostname"), "hostname culvert\n");
  EXPECT_EQ(run(state, ""), "");
}

TEST(Exec, ExplainsErrors) {
  FakeState state;
  EXPECT_EQ(run(state, "show foo"),
            "show foo\n     ^\nERROR: % Invalid input detected at '^' marker.");
  EXPECT_EQ(run(state, "show").substr(0, 27), "ERROR: % Incomplete command");
  EXPECT_EQ(run(state, "show ve").find("Culvert VPN"), 0U);
  EXPECT_EQ(run(state, "show v"), "ERROR: % Ambiguous command:  \"show v\"");
  EXPECT_NE(run(state, "show interface nowhere").find("no interface \"nowhere\""),
            std::string::npos);
  EXPECT_NE(run(state, "show asp drop flow no-route").find("no flow drop reason"),
            std::string::npos);
  EXPECT_NE(run(state, "vpn-sessiondb logoff index 4294967296").find("Invalid"), std::string::npos);
  EXPECT_NE(run(state, "\x01").find("ERROR"), std::string::npos);
  EXPECT_NE(run(state, "show version\nshow version").find("ERROR"), std::string::npos);
  EXPECT_NE(run(state, std::string(5000, 'a')).find("ERROR"), std::string::npos);
  ExecContext context{state, "admin", false};
  EXPECT_THROW(static_cast<void>(execute("show arp | include x", true, context)), ExecError);
}

TEST(Exec, LogsOff) {
  FakeState state;
  EXPECT_EQ(run(state, "vpn-sessiondb logoff all"),
            "Do you want to logoff the VPN session(s)? [confirm]");
  EXPECT_EQ(state.called, "");
  EXPECT_EQ(run(state, "vpn-sessiondb logoff name \"a b\" noconfirm"),
            "INFO: Number of sessions with name \"a b\" logged off : 2\n");
  EXPECT_EQ(state.called, "logoff name a b");
  EXPECT_EQ(run(state, "vpn logoff index 7", true),
            "INFO: Number of sessions with index 7 logged off : 1\n");
  EXPECT_EQ(state.called, "logoff index 7");
  run(state, "vpn-sessiondb logoff all noconfirm");
  EXPECT_EQ(state.called, "logoff all");
}

TEST(Exec, ChangesTheConfiguration) {
  FakeState state;
  state.the_change = {"WARNING: x\n", {{"webvpn", "config-webvpn"}}};
  EXPECT_EQ(run(state, "conf sysopt connection tcpmss 1460 ; hostname a"), "WARNING: x\n");
  EXPECT_EQ(state.called, "configure sysopt connection tcpmss 1460\nhostname a by admin");
  // Of a configuration line a bar is a part.
  run(state, "configure banner value now | later");
  EXPECT_EQ(state.called, "configure banner value now | later by admin");
  EXPECT_NE(run(state, "configure").find("Incomplete"), std::string::npos);
  EXPECT_NE(run(state, "conf t").find("give the lines themselves"), std::string::npos);
  ExecContext context{state, "admin", false};
  EXPECT_EQ(execute("configure webvpn", true, context).json["open_modes"][0]["prompt"],
            "config-webvpn");
  // What may come next in the last of its lines.
  EXPECT_EQ(complete("configure webvpn ; dtls po"), std::vector<std::string>{"port"});
  EXPECT_EQ(complete("configure group-policy x attributes ; webvpn ; no anyconnect ssl df"),
            std::vector<std::string>{"df-bit-ignore"});
  EXPECT_NE(help("configure webvpn ; dtls port ").find("<1-65535>"), std::string::npos);
  EXPECT_NE(help("configure ").find("hostname"), std::string::npos);
  EXPECT_EQ(complete("configure webvpn ; exit ; hostn"), std::vector<std::string>{"hostname"});
}

TEST(Exec, ClearsCounters) {
  FakeState state;
  state.the_drops.reasons = {{"no-route", "", "", 1}, {"svc-selector-failure", "", "", 1}};
  run(state, "clear asp drop");
  EXPECT_EQ(state.called, "clear drops by admin");
  run(state, "clear asp drop flow");
  EXPECT_EQ(state.called, "clear drops by admin svc-selector-failure");
  run(state, "clear asp drop frame no-route");
  EXPECT_EQ(state.called, "clear drops by admin no-route");
  run(state, "clear logging buffer");
  EXPECT_EQ(state.called, "clear log");
}

TEST(Exec, CompletesAndHelps) {
  EXPECT_EQ(complete("show vp"), std::vector<std::string>{"vpn-sessiondb"});
  EXPECT_EQ(complete("s"), std::vector<std::string>{"show"});
  EXPECT_EQ(complete("show asp "), (std::vector<std::string>{"drop", "table"}));
  EXPECT_EQ(complete("show foo "), std::vector<std::string>{});
  EXPECT_EQ(complete("show arp | in"), std::vector<std::string>{"include"});
  EXPECT_EQ(help("show asp "),
            "  drop   Packets that were dropped, by reason\n  table  What the box listens on\n");
  EXPECT_NE(help("").find("  vpn-sessiondb  "), std::string::npos);
  EXPECT_NE(help("show interface ").find("  <cr>"), std::string::npos);
  EXPECT_NE(help("vpn-sessiondb logoff index ").find("<1-4294967295>"), std::string::npos);
  EXPECT_NE(help("bogus ").find("Unrecognized"), std::string::npos);
}

TEST(Request, AnswersWhateverItIsAsked) {
  FakeState state;
  const auto ask = [&](std::string_view line) {
    return nlohmann::json::parse(answer_request(line, state, "u"));
  };
  EXPECT_EQ(ask(R"({"command":"show arp"})")["ok"], true);
  EXPECT_TRUE(ask(R"({"command":"show arp","json":true})")["json"]["arp"].is_array());
  EXPECT_EQ(ask(R"({"command":"vpn-sessiondb logoff all"})")["confirm"],
            "Do you want to logoff the VPN session(s)? [confirm]");
  EXPECT_EQ(ask(R"({"command":"vpn-sessiondb logoff all","confirmed":true})")["ok"], true);
  EXPECT_EQ(ask(R"({"complete":"sh"})")["completions"][0], "show");
  EXPECT_EQ(ask(R"({"help":"show "})")["ok"], true);
  for (const std::string& bad :
       {std::string("{"), std::string("[]"), std::string("null"), std::string("5"),
        std::string(R"({"command":5})"), std::string("{}"), std::string("\xff\xfe"),
        std::string(60000, '['), std::string(R"({"command":"\u0000"})"), std::string(1, '\0')}) {
    EXPECT_EQ(ask(bad)["ok"], false) << bad.substr(0, 20);
  }
  SessionView s;
  s.username = "\xff\xfe";
  state.the_sessions = {s};
  EXPECT_EQ(ask(R"({"command":"show vpn-sessiondb anyconnect","json":true})")["ok"], true);
}

}  // namespace
}  // namespace culvert::control
