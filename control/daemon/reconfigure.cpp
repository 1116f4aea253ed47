// Changes of the configuration while the headend runs: by `configure`, or by its file at SIGHUP. What is
// new is read, checked and built as a whole before anything changes.
//
// Sessions keep their policy until their next tunnel, and connections in set-up meet the new
// configuration at their next request.
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/config/restart.hpp"
#include "control/daemon/config_file.hpp"
#include "control/daemon/headend.hpp"

namespace culvert::control {

namespace {

// As the shell shows what is wrong with a line.
std::string refusal(const std::vector<ConfigError>& errors) {
  std::string out;
  for (const ConfigError& e : errors) {
    if (!out.empty()) out += '\n';
    if (!e.caret.empty()) out += e.caret + '\n';
    out += "ERROR: % " + e.message;
  }
  return out;
}

// The control thread may stand still for one password, not for as many as a line has room for.
PasswordHasher hasher_of_one() {
  return [hash = password_hasher(),
          used = std::make_shared<bool>(false)](std::string_view password) {
    if (std::exchange(*used, true)) {
      throw std::runtime_error(
          "one password in clear at a time: hash the others, or put them into the file and reload");
    }
    return hash(password);
  };
}

}  // namespace

void Headend::apply(Config wanted, Files files) {
  if (const auto fixed = needs_restart(config_, wanted); !fixed.empty()) {
    throw std::runtime_error(fmt::format(
        "This needs a restart of culvertd, so nothing was changed: {}", fmt::join(fixed, ", ")));
  }
  // All that may fail.
  std::shared_ptr<const ServerContext> tls;
  std::optional<TlsFiles> tls_files;  // before they are read: a change after that is noticed
  if (!(wanted.ssl == config_.ssl)) {
    tls_files = TlsFiles(wanted.ssl);
    tls = std::make_shared<const ServerContext>(wanted.ssl, wanted.state_dir, wanted.hostname);
  }
  std::optional<ClientProfiles> profiles;
  if (files == Files::read_again || wanted.webvpn.profiles != config_.webvpn.profiles)
    profiles = read_profiles(wanted.webvpn.profiles);
  const bool new_rate = !(wanted.icmp == config_.icmp);

  config_ = std::move(wanted);
  if (tls != nullptr) {
    for (const std::string& cipher : tls->ignored_ciphers()) {
      log_.log(Severity::warning,
               fmt::format("cipher {} is not offered: the workers do not carry it", cipher));
    }
    setup_->set_tls(std::move(tls));
    tls_files_ = std::move(*tls_files);
  }
  if (profiles) setup_->set_profiles(std::move(*profiles));
  setup_->config_changed();
  try {
    log_.configure(config_.logging, log_identity(config_));
  } catch (const std::runtime_error& e) {
    // No descriptor or thread for one of its servers is no reason to stop half-way.
    log_.log(Severity::error,
             fmt::format("messages do not go everywhere that `logging` says: {}", e.what()));
  }
  if (new_rate) {
    dataplane_.set_unreachable_rate(config_.icmp.unreachable_rate, config_.icmp.unreachable_burst);
  }
  // Before anybody can connect to a new port.
  orders_->settings(worker_settings(config_, key_limit_));
  listeners_.follow(config_);
}

ConfigChange Headend::configure(const std::string& lines, const std::string& by) {
  if (setup_ == nullptr) throw std::runtime_error("ERROR: % culvertd is about to stop");
  ParseResult result = parse_change(lines, "configure", hasher_of_one(), config_);
  if (!result.ok()) throw std::runtime_error(refusal(result.errors));
  try {
    apply(std::move(result.config), Files::as_they_were);
  } catch (const std::runtime_error& e) {
    throw std::runtime_error(fmt::format("ERROR: % {}", e.what()));
  }
  ++changes_;
  log_.log(Severity::notification, fmt::format("{} has changed the configuration", by));
  ConfigChange change;
  for (const ConfigError& warning : result.warnings)
    change.warnings += "WARNING: " + warning.message + "\n";
  change.open_modes = std::move(result.open_modes);
  return change;
}

void Headend::reload() {
  if (setup_ == nullptr || stopping_) return;
  // Hashing the passwords of a file with many users takes its time.
  auto result = std::make_shared<ParseResult>();
  const PasswordHasher hasher = [this, hash = password_hasher()](std::string_view password) {
    if (no_more_hashing_) throw std::runtime_error("culvertd is about to stop");
    return hash(password);
  };
  const bool begun = reader_.submit(
      HandshakePool::Kind::password,
      [this, result, hasher] { *result = read_config_file(config_file_, hasher); },
      [this, result, changes = changes_](const std::string& error) {
        if (stopping_) return;
        if (!error.empty()) {
          log_.log(Severity::error, fmt::format("nothing was changed: {}", error));
          return;
        }
        const bool undoes = changes != changes_;
        if (on_reload(*result) && undoes) {
          log_.log(Severity::warning, "what was configured while the file was read is undone");
        }
      });
  if (!begun) log_.log(Severity::notification, "the file will be read once more anyway");
}

bool Headend::on_reload(const ParseResult& result) {
  for (const ConfigError& warning : result.warnings)
    log_.log(Severity::warning, warning.to_string());
  for (const ConfigError& error : result.errors)
    log_.log(Severity::error, error.to_string());
  if (!result.ok()) {
    log_.log(Severity::error, fmt::format("nothing was changed: {} has errors", config_file_));
    return false;
  }
  try {
    Config wanted = result.config;
    if (stderr_level_) wanted.logging.stderr_level = *stderr_level_;
    apply(std::move(wanted), Files::read_again);
    log_.log(Severity::notification,
             fmt::format("{} was read again and is in force", config_file_));
    return true;
  } catch (const std::runtime_error& e) {
    log_.log(Severity::error, fmt::format("{}: {}", config_file_, e.what()));
    return false;
  }
}

}  // namespace culvert::control
