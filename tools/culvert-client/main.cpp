// culvert-client: one client that behaves as AnyConnect on Windows does in Cisco's note 116881, on the
// kernel's sockets and OpenSSL's records. Exit status: 0 ended as asked, 1 no tunnel, 2 wrong command
// line, 3 refused by the headend.
#include <iostream>
#include <map>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/culvert-client/client.hpp"
#include "tools/culvert-client/failure.hpp"
#include "tools/culvert-client/password.hpp"

namespace {

using culvert::client::Behaviour;
using culvert::client::ExitStatus;
using culvert::client::Options;

struct Words {
  std::string behaviour = "anyconnect";
  std::string dtls = "any";
  std::string password_file{};
  bool password_on_stdin = false;
  bool plain_form = false;
  double minute = 60;
  unsigned reconnect_timeout = 300;
};

void describe(CLI::App& app, Options& options, Words& words) {
  app.add_option("url", options.url, "https://HOST[:PORT][/GROUP]")->required()->type_name("URL");
  app.add_option("-u,--user", options.user, "Who logs in")->required()->type_name("NAME");
  app.add_flag("--passwd-on-stdin", words.password_on_stdin,
               "The password is the first line there");
  app.add_option("--password-file", words.password_file, "The password is the first line of it")
      ->type_name("FILE");
  app.add_option(
         "--servercert", options.pins,
         "Take a certificate with this pin, pin-sha256:…; repeat it for more (default: what "
         "the system's authorities vouch for)")
      ->type_name("PIN")
      ->allow_extra_args(false);
  app.add_option("--authgroup", options.group, "Alias of a group in the list")->type_name("GROUP");
  app.add_flag("--no-xmlpost", words.plain_form, "Log in by forms instead of XML");
  app.add_option(
         "--behave", words.behaviour,
         "anyconnect: the DTLS MTU first, the TLS MTU by a reconnect where DTLS does not come "
         "up, larger packets dropped; openconnect: the larger MTU for both channels")
      ->check(CLI::IsMember({"anyconnect", "openconnect"}))
      ->capture_default_str();
  app.add_option("--minute", words.minute, "How long DTLS may take before the reconnect")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.5, 3600.0))
      ->capture_default_str();
  app.add_option("--dtls", words.dtls, "What is offered: psk, resumption, any, or none")
      ->check(CLI::IsMember({"psk", "resumption", "any", "none"}))
      ->capture_default_str();
  app.add_option("--ciphers", options.tls_ciphers, "Of TLS 1.2, by OpenSSL's names")
      ->type_name("LIST");
  app.add_option("--tls", options.tls_version, "Only this version: 1.2 or 1.3")
      ->check(CLI::IsMember({"1.2", "1.3"}));
  app.add_option("--interface", options.interface, "Of the adapter (default: what is free)")
      ->type_name("NAME")
      ->check([](const std::string& name) {
        return name.size() < 16 && !name.empty() ? "" : "is no name of an interface";
      });
  app.add_option("--route", options.routes,
                 "A network behind the tunnel, such as 10.48.66.0/24, instead of those that the "
                 "headend says; "
                 "repeat it for more")
      ->type_name("NETWORK")
      ->allow_extra_args(false);
  app.add_option("--force-dpd", options.dpd_s,
                 "Interval of dead peer detection, instead of what the headend says")
      ->type_name("SECONDS")
      ->check(CLI::Range(1U, 3600U));
  app.add_option("--reconnect-timeout", words.reconnect_timeout,
                 "How long a lost tunnel is tried again")
      ->type_name("SECONDS")
      ->check(CLI::Range(0U, 86400U))
      ->capture_default_str();
  app.add_option("--useragent", options.user_agent, "What it calls itself")
      ->type_name("TEXT")
      ->capture_default_str();
  app.add_option("--dart", options.dart_file, "Where the log goes (default: standard error)")
      ->type_name("FILE");
  app.add_option("--events", options.events_file, "What happens, a line of JSON each")
      ->type_name("FILE");
  app.add_flag("--json", options.json, "Print the summary as JSON");
  app.set_version_flag("--version", "culvert-client " CULVERT_VERSION);
  app.footer(
      "SIGINT logs out; SIGHUP leaves the session; SIGUSR2 reconnects; SIGUSR1 writes the counters "
      "to "
      "--events.\nExit status: 0 ended as asked, 1 no tunnel, 2 wrong command line, 3 refused by "
      "the "
      "headend.");
}

void fill(Options& options, const Words& words) {
  options.behaviour =
      words.behaviour == "openconnect" ? Behaviour::openconnect : Behaviour::anyconnect;
  options.login =
      words.plain_form ? culvert::client::LoginForm::plain : culvert::client::LoginForm::xml;
  options.dtls = words.dtls != "none";
  options.dtls_psk = words.dtls == "any" || words.dtls == "psk";
  options.dtls_resumption = words.dtls == "any" || words.dtls == "resumption";
  options.minute = std::chrono::milliseconds(static_cast<long>(words.minute * 1000));
  options.reconnect_timeout = std::chrono::seconds(words.reconnect_timeout);
  if (options.user_agent.find_first_of("\r\n") != std::string::npos) {
    throw culvert::client::Failure("a user agent is one line", ExitStatus::command_line);
  }
  options.password = words.password_on_stdin ? culvert::client::password_from("-")
                     : !words.password_file.empty()
                         ? culvert::client::password_from(words.password_file)
                         : culvert::client::ask_for_password(options.user);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "A VPN client that behaves as AnyConnect does on Windows, for looking at what a headend does "
      "to "
      "it: the kernel's sockets, a tun device, OpenSSL's records.",
      "culvert-client");
  Options options;
  options.user_agent =
      "Cisco AnyConnect VPN Agent for Windows 4.10.07073 (culvert-client " CULVERT_VERSION ")";
  Words words;
  describe(app, options, words);
  culvert::client::Report report;
  const auto end = [&](ExitStatus status) {
    if (options.json) {
      std::cout << report.as_json().dump(2) << "\n";
    } else if (!report.connections.empty()) {
      std::cout << report.as_text() << "\n";
    }
    return static_cast<int>(status);
  };
  try {
    app.parse(argc, argv);
    fill(options, words);
    culvert::client::Signals signals;
    culvert::client::Journal journal(options.dart_file, options.events_file);
    culvert::client::Client client(options, signals, journal, report);
    try {
      client.run();
    } catch (const std::exception& e) {
      journal.event("end", {{"why", e.what()}});
      throw;
    }
    return end(ExitStatus::done);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : static_cast<int>(ExitStatus::command_line);
  } catch (const culvert::client::Failure& e) {
    std::cerr << "culvert-client: " << e.what() << "\n";
    report.end = e.what();
    return e.status() == ExitStatus::command_line ? static_cast<int>(ExitStatus::command_line)
                                                  : end(e.status());
  } catch (const std::exception& e) {
    std::cerr << "culvert-client: " << e.what() << "\n";
    report.end = e.what();
    return end(ExitStatus::failed);
  }
}
