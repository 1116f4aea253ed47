// culvertd: reads the configuration, starts the headend, runs until it is told to stop.
//
// Exit status: 0 stopped as asked, or the configuration is good (--check); 1 anything that kept it
// from running.
#include <csignal>
#include <cstdio>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "control/anyconnect/client_files.hpp"
#include "control/daemon/config_file.hpp"
#include "control/daemon/headend.hpp"
#include "control/show/output.hpp"

namespace {

using namespace culvert;
using namespace culvert::control;

// Prints what is wrong; nullopt if the configuration cannot be used.
std::optional<Config> load_config(const std::string& path) {
  ParseResult result = read_config_file(path);
  for (const ConfigError& warning : result.warnings) {
    fmt::print(stderr, "warning: {}\n", warning.to_string());
  }
  if (result.errors.size() == 1) {
    fmt::print(stderr, "culvertd: {}\n", result.errors.front().to_string());
  } else if (!result.ok()) {
    for (const ConfigError& error : result.errors)
      fmt::print(stderr, "{}\n", error.to_string());
    fmt::print(stderr, "culvertd: {} has {} errors: correct them first\n", path,
               result.errors.size());
  }
  if (!result.ok()) return std::nullopt;
  return std::move(result.config);
}

const std::vector<std::string> kLevels{"emergencies",   "alerts",   "critical",
                                       "errors",        "warnings", "notifications",
                                       "informational", "debugging"};

int run(const std::string& config_file, bool check_only, const std::string& log_level) {
  std::optional<Config> config = load_config(config_file);
  if (!config) return 1;
  std::optional<unsigned> stderr_level;
  if (!log_level.empty()) {
    const auto it = std::find(kLevels.begin(), kLevels.end(), log_level);
    stderr_level = it != kLevels.end() ? static_cast<unsigned>(it - kLevels.begin())
                                       : static_cast<unsigned>(std::stoul(log_level));
    config->logging.stderr_level = *stderr_level;
  }
  std::shared_ptr<const ServerContext> tls;
  std::optional<TlsFiles> files;  // before they are read: a change after that is noticed
  if (check_only && config->ssl.trust_point.empty()) {
    ServerContext::check_without_certificate(config->ssl);  // --check makes none
  } else {
    files.emplace(config->ssl);
    tls = std::make_shared<const ServerContext>(config->ssl, config->state_dir, config->hostname);
  }
  if (check_only) {
    (void)read_profiles(config->webvpn.profiles);
    fmt::print("{}: good\n{}", config_file, show_mtu_advice(*config).text);
    return 0;
  }
  Log log(config->logging);
  log.configure(config->logging, log_identity(*config));
  for (const std::string& cipher : tls->ignored_ciphers()) {
    log.log(Severity::warning,
            fmt::format("cipher {} is not offered: the workers do not carry it", cipher));
  }
  log.log(Severity::notification,
          fmt::format("certificate {}{}: {}", tls->certificate_file(),
                      tls->self_signed() ? " (self-signed)" : "", tls->pin()));
  Headend headend(*config, tls, std::move(*files), log, config_file, stderr_level);
  headend.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* feature = dp::missing_cpu_feature()) {
    std::fprintf(
        stderr,
        "culvertd: this program was built for CPUs with %s, which this one lacks: build it "
        "with -Dmarch=x86-64-v2\n",
        feature);
    return 1;
  }
  CLI::App app{"Culvert, an AnyConnect-compatible VPN headend", "culvertd"};
  std::string config_file = "/etc/culvert/culvert.conf";
  std::string log_level;
  bool check_only = false;
  app.add_option("--config,-c", config_file, "Configuration file, in the ASA's language")
      ->capture_default_str();
  app.add_flag(
      "--check", check_only,
      "Read the configuration, say what is wrong with it and which MTUs clients would get, and "
      "end");
  std::vector<std::string> allowed = kLevels;
  for (char digit = '0'; digit <= '7'; ++digit)
    allowed.emplace_back(1, digit);
  app.add_option("--log-level", log_level,
                 "What goes to standard error: emergencies (0) to debugging (7)")
      ->check(CLI::IsMember(allowed));
  app.set_version_flag("--version", "culvertd " CULVERT_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "culvertd: {}: see culvertd --help\n", error.what());
    return 1;
  }

  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);  // until there is something to reload
  try {
    return run(config_file, check_only, log_level);
  } catch (const std::exception& e) {
    fmt::print(stderr, "culvertd: {}\n", e.what());
    return 1;
  }
}
