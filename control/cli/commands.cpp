// The table of the shell's commands.
#include <algorithm>

#include "control/cli/capture_commands.hpp"
#include "control/cli/debug_commands.hpp"
#include "control/cli/exec.hpp"
#include "control/config/parse.hpp"

namespace culvert::control {
namespace {

// "frame", "flow" or "".
std::string drop_section(const Arguments& a) {
  return a.has("frame") ? "frame" : a.has("flow") ? "flow" : "";
}

// The keywords that the arguments mean; empty for all. Throws if they name none.
std::vector<std::string> drop_keywords(const StateSource& state, const Arguments& a) {
  const std::string section = drop_section(a);
  const std::string keyword = a.text("reason");
  std::vector<std::string> out;
  if (section.empty()) return out;
  for (const DropView& d : state.drops().reasons) {
    if (is_flow_reason(d.keyword) == (section == "flow") &&
        (keyword.empty() || d.keyword == keyword)) {
      out.push_back(d.keyword);
    }
  }
  if (out.empty()) {
    throw ExecError("ERROR: % There is no " + section + " drop reason \"" + keyword +
                    "\": \"show asp drop --json\" and the manual list them all");
  }
  return out;
}

Output run_show_drops(ExecContext& c, const Arguments& a) {
  if (a.has("reason")) drop_keywords(c.state, a);
  return show_drops(c.state, drop_section(a), a.text("reason"));
}

Output run_clear_drops(ExecContext& c, const Arguments& a) {
  c.state.clear_drops(c.user, drop_keywords(c.state, a));
  return {};
}

Output run_show_interface(ExecContext& c, const Arguments& a) {
  Output out = show_interfaces(c.state, a.text("nameif"));
  if (a.has("nameif") && out.text.empty()) {
    throw ExecError("ERROR: % There is no interface \"" + a.text("nameif") + "\"");
  }
  return out;
}

Output run_logoff(ExecContext& c, const Arguments& a) {
  if (!a.has("noconfirm") && !c.confirmed) {
    throw NeedsConfirmation("Do you want to logoff the VPN session(s)? [confirm]");
  }
  size_t count = 0;
  std::string what;
  if (a.has("name")) {
    count = c.state.logoff_name(a.text("user"));
    what = "with name \"" + a.text("user") + "\" ";
  } else if (a.has("index")) {
    count = c.state.logoff_index(a.number("number"));
    what = "with index " + std::to_string(a.number("number")) + " ";
  } else {
    count = c.state.logoff_all();
  }
  Output out;
  out.text = "INFO: Number of sessions " + what + "logged off : " + std::to_string(count) + "\n";
  out.json = {{"logged_off", count}};
  return out;
}

Output run_configure(ExecContext& c, const Arguments& a) {
  // Its own mode is the shell's affair: culvertctl sends each line with those that entered the mode.
  if (!a.text("lines").empty() && std::string_view("terminal").starts_with(a.text("lines"))) {
    throw ExecError(
        "ERROR: % Only the interactive shell has a configuration mode: give the lines themselves, "
        "as "
        "in \"configure webvpn ; dtls port 444\"");
  }
  ConfigChange change;
  try {
    change = c.state.configure(lines_of(a.text("lines")), c.user);
  } catch (const std::runtime_error& e) {
    throw ExecError(e.what());
  }
  Output out;
  nlohmann::json modes = nlohmann::json::array();
  for (const OpenMode& mode : change.open_modes)
    modes.push_back({{"line", mode.line}, {"prompt", mode.prompt}});
  out.json = {{"warnings", change.warnings}, {"open_modes", std::move(modes)}};
  out.text = std::move(change.warnings);
  return out;
}

}  // namespace

const std::vector<ExecCommand>& exec_commands() {
  static const std::vector<ExecCommand> table = {
      {"capture <name:word> type asp-drop <reason:word> [buffer <bytes:4096-33554432>] "
       "[circular-buffer] [packet-length <length:64-1600>]",
       "Write dropped packets to a file for Wireshark, with the reason as comment; `all` is every "
       "reason",
       run_capture},
      {"clear asp drop [{frame | flow} [<reason:word>]]", "Set drop counters to zero",
       run_clear_drops},
      {"clear logging buffer", "Forget the messages in the log's buffer",
       [](ExecContext& c, const Arguments&) {
         c.state.clear_log();
         return Output{};
       }},
      {"configure <lines:line>",
       "Change the configuration in force by lines of its language, with a `;` by itself between "
       "two; all or nothing, for new sessions at once, and until the next start",
       run_configure},
      {"debug key-limit <blocks:1000-4294967295>",
       "Let no key seal more than so many blocks of 16 bytes, to see what clients do then",
       run_debug_key_limit},
      {"debug webvpn anyconnect [<level:1-255>]",
       "Log how both MTUs of a client come about when it connects", run_debug_anyconnect},
      {"no capture <name:word>", "End a capture; its file stays", run_no_capture},
      {"no debug {all | webvpn anyconnect | key-limit}", "Switch debugging off", run_no_debug},
      {"show arp", "Neighbours",
       [](ExecContext& c, const Arguments&) { return show_arp(c.state); }},
      {"show asp drop [{frame | flow} [<reason:word>]]", "Packets that were dropped, by reason",
       run_show_drops},
      {"show asp table socket", "What the box listens on",
       [](ExecContext& c, const Arguments&) { return show_sockets(c.state); }},
      {"show capture [<name:word>]", "Captures, or the newest packets of one", run_show_capture},
      {"show culvert buffers", "Use of the packet buffers",
       [](ExecContext& c, const Arguments&) { return show_buffers(c.state); }},
      {"show culvert icmp", "ICMP errors about packets that were too large for a tunnel",
       [](ExecContext& c, const Arguments&) { return show_icmp_errors(c.state); }},
      {"show culvert setup", "Connections that wait or are in set-up, and what came of the others",
       [](ExecContext& c, const Arguments&) { return show_setup(c.state); }},
      {"show culvert tcp", "Counters of the headend's TCP: connections, losses, SYN cookies",
       [](ExecContext& c, const Arguments&) { return show_tcp(c.state); }},
      {"show culvert tunnels", "Tunnels that workers carry, and their counters",
       [](ExecContext& c, const Arguments&) { return show_tunnels(c.state); }},
      {"show culvert workers", "Load of the workers, and what they hand to each other",
       [](ExecContext& c, const Arguments&) { return show_workers(c.state); }},
      {"show debug", "Which debug commands are on", run_show_debug},
      {"show interface [<nameif:word>]", "Interfaces and their counters", run_show_interface},
      {"show ipv6 neighbor", "IPv6 neighbours",
       [](ExecContext& c, const Arguments&) { return show_ipv6_neighbours(c.state); }},
      {"show ipv6 route", "IPv6 routes",
       [](ExecContext& c, const Arguments&) { return show_ipv6_routes(c.state); }},
      {"show logging", "Log settings, and the messages in the buffer",
       [](ExecContext& c, const Arguments&) { return show_logging(c.state); }},
      {"show mtu-advice",
       "Groups that would suffer from a TLS MTU below the DTLS MTU, and what helps",
       [](ExecContext& c, const Arguments&) { return show_mtu_advice(c.state.config()); }},
      {"show route", "Routes",
       [](ExecContext& c, const Arguments&) { return show_routes(c.state); }},
      {"show running-config", "The configuration in force",
       [](ExecContext& c, const Arguments&) { return show_running_config(c.state); }},
      {"show version", "Version, uptime and libraries",
       [](ExecContext& c, const Arguments&) { return show_version(c.state); }},
      {"show vpn-sessiondb [summary]", "How many sessions and tunnels there are",
       [](ExecContext& c, const Arguments&) { return show_session_summary(c.state); }},
      {"show vpn-sessiondb anyconnect", "Sessions of AnyConnect clients",
       [](ExecContext& c, const Arguments&) { return show_sessions(c.state); }},
      {"show vpn-sessiondb detail anyconnect", "The same, with each tunnel by itself",
       [](ExecContext& c, const Arguments&) { return show_session_details(c.state); }},
      {"undebug {all | webvpn anyconnect | key-limit}", "Switch debugging off", run_no_debug},
      {"vpn-sessiondb logoff {name <user:word> | index <number:1-4294967295> | all} [noconfirm]",
       "End VPN sessions", run_logoff},
  };
  return table;
}

}  // namespace culvert::control
