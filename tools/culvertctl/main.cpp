// culvertctl: asks a running culvertd, or tells it what to do. Exit status: 0 done, 1 the command
// failed, 2 culvertd cannot be reached.
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/culvertctl/mtu.hpp"
#include "tools/culvertctl/shell.hpp"

namespace {

// `culvertctl 'show asp drop'` and `culvertctl show asp drop` are the same; of several words, one
// with blanks is quoted.
std::string join(const std::vector<std::string>& words) {
  if (words.size() == 1) return words.front();
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += ' ';
    if (word.find_first_of(" \t\"") == std::string::npos) {
      out += word;
      continue;
    }
    out += '"';
    for (const char c : word) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "mtu") {
    return culvert::ctl::run_mtu(argc - 1, argv + 1);
  }
  CLI::App app(
      "Ask a running culvertd. Without a command: an interactive shell with history, ? help and "
      "completion.",
      "culvertctl");
  std::string socket = "/run/culvert/culvertd.sock";
  bool json = false;
  std::vector<std::string> words;
  app.add_option("--socket", socket, "culvertd's management socket")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_flag("--json", json, "Print show commands as JSON");
  app.set_version_flag("--version", "culvertctl " CULVERT_VERSION);
  app.add_option("command", words, "Such as: show vpn-sessiondb anyconnect")->type_name("WORD");
  app.footer(
      "culvertctl mtu --help: MTU arithmetic, without a headend.\nExit status: 0 done, 1 the "
      "command failed, 2 culvertd cannot be reached.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 1;
  }
  try {
    culvert::ctl::Client client(socket);
    return (words.empty() ? culvert::ctl::run_shell(client, json)
                          : culvert::ctl::run_command(client, join(words), json))
               ? 0
               : 1;
  } catch (const culvert::ctl::ConnectionError& e) {
    std::cerr << e.what() << "\n";
    return 2;
  }
}
