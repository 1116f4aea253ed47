#include "tools/culvertctl/mtu.hpp"

#include <iostream>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "control/mtu/accounting.hpp"

namespace culvert::ctl {
namespace {

using control::Derivation;
using control::MtuInputs;
using control::MtuTerm;
using Json = nlohmann::json;

std::string_view kind_name(MtuTerm::Kind kind) noexcept {
  switch (kind) {
    case MtuTerm::Kind::start: return "start";
    case MtuTerm::Kind::less: return "minus";
    case MtuTerm::Kind::round_down: return "round-down";
    case MtuTerm::Kind::cap: return "at-most";
    case MtuTerm::Kind::raise: break;
  }
  return "at-least";
}

Json terms_of(const Derivation& derivation) {
  Json out = Json::array();
  for (const MtuTerm& term : derivation.terms) {
    out.push_back({{"operation", kind_name(term.kind)},
                   {"bytes", term.amount},
                   {"name", term.label},
                   {"result", term.result}});
  }
  return out;
}

// What the options say, as text; checked and filled in by fill().
struct Options {
  std::string accounting = "documented";
  std::string version = "tls1.2";
  std::string suite = "AES256-SHA256";
  std::string dtls_suite{};
  bool encrypt_then_mac = false;
};

// Throws CLI::ValidationError with a sentence.
void fill(MtuInputs& in, const Options& options) {
  const auto refuse = [](const std::string& option, const std::string& why) {
    throw CLI::ValidationError(option, why);
  };
  const auto accounting = control::find_accounting(options.accounting);
  if (!accounting) refuse("--accounting", "is documented, asa or exact");
  const auto version = control::find_tls_version(options.version);
  if (!version) refuse("--version", "is tls1.0, tls1.1, tls1.2 or tls1.3");
  const auto suite = control::find_cipher_shape(options.suite);
  if (!suite) refuse("--suite", "there is no cipher suite " + options.suite);
  const bool new_suite = options.suite.starts_with("TLS_");
  if (new_suite != (*version == control::TlsVersion::tls13)) {
    refuse("--suite", options.suite + (new_suite ? " is only for tls1.3" : " is not for tls1.3"));
  }
  in.accounting = *accounting;
  in.version = *version;
  in.tls_suite = *suite;
  in.tls_suite.encrypt_then_mac = options.encrypt_then_mac;
  in.dtls_suite = usual_dtls_suite(*suite);
  if (!options.dtls_suite.empty()) {
    const auto dtls = control::find_cipher_shape(options.dtls_suite);
    if (!dtls || options.dtls_suite.starts_with("TLS_")) {
      refuse("--dtls-suite", "there is no DTLS 1.2 cipher suite " + options.dtls_suite);
    }
    in.dtls_suite = *dtls;
  }
  if (options.encrypt_then_mac && in.tls_suite.protection != control::Protection::cbc) {
    refuse("--etm", "encrypt-then-MAC is for CBC suites");
  }
}

}  // namespace

int run_mtu(int argc, char** argv) {
  CLI::App app("The MTUs that CONNECT announces, with their derivation. Needs no running headend.",
               "culvertctl mtu");
  Options options;
  MtuInputs in;
  bool json_wanted = false;
  unsigned configured = 0, client_mss = 0, base_mtu = 0;
  app.add_option("--accounting", options.accounting, "documented, asa or exact")
      ->capture_default_str();
  app.add_option("--version", options.version, "tls1.0, tls1.1, tls1.2 or tls1.3")
      ->capture_default_str();
  app.add_option("--suite", options.suite, "Of the TLS channel, by OpenSSL's name")
      ->capture_default_str();
  app.add_option(
      "--dtls-suite", options.dtls_suite,
      "Of the DTLS channel (default: what goes with --suite: the same AEAD, or AES-SHA)");
  app.add_option("--tcpmss", in.tcpmss, "sysopt connection tcpmss; 0 = off")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--mtu", in.interface_mtu, "Of the outside interface, bytes")
      ->check(CLI::Range(68, 65535))
      ->capture_default_str();
  app.add_option("--client-mss", client_mss, "MSS option of the client's SYN")
      ->check(CLI::Range(1, 65535));
  app.add_option("--base-mtu", base_mtu, "The client's X-CSTP-Base-MTU")
      ->check(CLI::Range(68, 65535));
  app.add_option("--conf-mtu", configured, "anyconnect mtu")->check(CLI::Range(576, 1462));
  app.add_flag("--ipv6", in.outer_v6, "The client comes by IPv6");
  app.add_flag("--timestamps", in.timestamps, "TCP timestamps are in use");
  app.add_flag("--etm", options.encrypt_then_mac, "Encrypt-then-MAC (RFC 7366) was negotiated");
  app.add_flag("--json", json_wanted, "Print JSON");
  try {
    app.parse(argc, argv);
    if (configured != 0) in.configured_mtu = configured;
    if (client_mss != 0) in.client_mss = client_mss;
    if (base_mtu != 0) in.base_mtu = base_mtu;
    fill(in, options);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 1;
  }

  const control::Mtus mtus = control::announced_mtus(in);
  if (json_wanted) {
    const Json out{
        {"accounting", to_string(in.accounting)},
        {"suite", in.tls_suite.name},
        {"dtls_suite", in.dtls_suite.name},
        {"tls_mtu", mtus.tls},
        {"dtls_mtu", mtus.dtls},
        {"dtls_lowered", mtus.dtls_lowered},
        {"tls_derivation", mtus.tls_derivation.text()},
        {"dtls_derivation", mtus.dtls_derivation.text()},
        {"terms",
         {{"tls", terms_of(mtus.tls_derivation)}, {"dtls", terms_of(mtus.dtls_derivation)}}}};
    std::cout << out.dump(2) << "\n";
    return 0;
  }
  std::cout << fmt::format("TLS MTU   {:>5}   {}\n", mtus.tls, mtus.tls_derivation.text())
            << fmt::format("DTLS MTU  {:>5}   {}\n", mtus.dtls, mtus.dtls_derivation.text());
  return 0;
}

}  // namespace culvert::ctl
