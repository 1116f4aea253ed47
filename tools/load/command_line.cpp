// Words into options, with everything checked that can be before DPDK starts.
#include "tools/load/command_line.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tools/address_words.hpp"
#include "tools/load/echo.hpp"
#include "tools/load/failure.hpp"
#include "tools/parse_words.hpp"

namespace culvert::load {

namespace {

// As written, before it is understood.
struct Words {
  std::string sources{}, gateway{}, target{}, roam_to = "both";
  std::string tunnels = "dtls";
  std::vector<std::string> goals{}, hostile{}, slow_readers{};
  double ramp_s = 0, hold_s = 10, pause_s = 1, settle_s = 1, dtls_again_s = 60, slow = 0;
  bool no_huge = false, no_progress = false;
  int core = -1;
};

constexpr double kLongest = 1e7;  // seconds
constexpr double kFastest = 1e6;  // a second
constexpr uint32_t kMostSlowReaders = 10'000;

// CLI::Range takes "nan", which is in no range.
CLI::Validator between(double least, double most) {
  const auto wrong = [least, most](const std::string& word) {
    double value = 0;
    const bool right = CLI::detail::lexical_cast(word, value) && value >= least && value <= most;
    return right ? std::string()
                 : fmt::format("{} is not between {:g} and {:g}", word, least, most);
  };
  return {wrong, CLI::Range(least, most).get_description(), "between"};
}

void describe_place(CLI::App& app, Options& o, Words& w) {
  const char* group = "Where";
  app.add_option("url", o.url, "https://ADDRESS[:PORT][/GROUP] of the headend")
      ->type_name("URL")
      ->required();
  app.add_option("-p,--port", o.port,
                 "The DPDK device: a PCI address, or a virtual device such as "
                 "net_af_xdp0,iface=eth1 or net_memif0,role=client,socket=/run/wire.sock")
      ->type_name("DEVICE")
      ->required()
      ->group(group);
  app.add_option("--sources", w.sources,
                 "The clients' own addresses, 198.51.100.10-198.51.100.250 or one; taken in turns")
      ->type_name("FIRST-LAST")
      ->required()
      ->group(group);
  app.add_option("--gateway", w.gateway, "The next hop, if the headend is not on the link")
      ->type_name("ADDRESS")
      ->group(group);
  app.add_option("--mtu", o.mtu, "Of the port")
      ->type_name("BYTES")
      ->check(CLI::Range(576, 9000))
      ->capture_default_str()
      ->group(group);
}

void describe_log_in(CLI::App& app, Options& o, Words& w) {
  const char* group = "Log-in and tunnels";
  app.add_option("--user", o.user, "Whom all of them log in as")
      ->type_name("NAME")
      ->required()
      ->group(group);
  app.add_option("--passwd-file", o.password_file,
                 "Its first line is the password; -: standard input's")
      ->type_name("FILE")
      ->required()
      ->group(group);
  app.add_option(
         "--tunnels", w.tunnels,
         "What carries data: tls alone; dtls, and TLS where that is down; or both, in turns")
      ->check(CLI::IsMember({"tls", "dtls", "both"}))
      ->capture_default_str()
      ->group(group);
  app.add_option("--dtls-again", w.dtls_again_s,
                 "From a DTLS handshake that failed, or whose tunnel died, to the next one, a "
                 "quarter more or less; 0: there is none")
      ->type_name("SECONDS")
      ->check(between(0, kLongest))
      ->capture_default_str()
      ->group(group);
  app.add_option("--ciphers", o.ciphers, "Of TLS 1.2, by OpenSSL's names with colons between")
      ->type_name("LIST")
      ->group(group);
  app.add_flag("--tls12", o.tls12, "Nothing newer than TLS 1.2")->group(group);
  app.add_option("--ca", o.ca_file,
                 "Certificates of authorities, PEM, that the headend's is checked by (default: it "
                 "is not checked)")
      ->type_name("FILE")
      ->group(group);
}

void describe_crowd(CLI::App& app, Options& o, Words& w) {
  const char* group = "The crowd";
  Plan& p = o.plan;
  const auto rate = [&](const char* name, double& value, const char* help) {
    app.add_option(name, value, help)
        ->type_name("PER-SECOND")
        ->check(between(0, kFastest))
        ->capture_default_str()
        ->group(group);
  };
  const auto seconds = [&](const char* name, double& value, const char* help) {
    app.add_option(name, value, help)
        ->type_name("SECONDS")
        ->check(between(0, kLongest))
        ->capture_default_str()
        ->group(group);
  };
  const auto number = [&](const char* name, uint32_t& value, const char* help, uint32_t least,
                          uint32_t most) {
    app.add_option(name, value, help)
        ->type_name("N")
        ->check(CLI::Range(least, most))
        ->capture_default_str()
        ->group(group);
  };
  number("--sessions", p.sessions, "How many", 1, 1'000'000);
  rate("--rate", p.rate, "Log-ins; 0: as many as --at-once lets");
  seconds("--ramp", w.ramp_s, "In which the rate rises evenly from nothing");
  number("--at-once", p.at_once, "Set-ups on their way at the same time, storms excepted", 1,
         100'000);
  seconds("--hold", w.hold_s, "How long they stay when all are there; Ctrl-C ends it");
  rate("--churn", p.churn, "Sessions that leave, each followed by a new log-in");
  rate("--silent-death", p.silent_death,
       "Clients that are not heard of again, each followed by a new log-in");
  rate("--roam", p.roam, "Clients that change their place");
  app.add_option("--roam-to", w.roam_to,
                 "Another UDP port under the DTLS tunnel, another address with the cookie, or both "
                 "in turns")
      ->check(CLI::IsMember({"port", "address", "both"}))
      ->capture_default_str()
      ->group(group);
  number(
      "--storm", p.storms,
      "How often during the hold all lose their connections, and come back with their cookies at "
      "once",
      0, 1000);
  number("--tries", p.tries, "Of a log-in or a reconnect, before a client gives up", 1, 1000);
  seconds("--pause", w.pause_s, "Between two tries");
  seconds("--settle", w.settle_s, "Without new data at the end, before they leave");
  app.add_option("--leave-rate", p.leave_rate, "How many leave at the end")
      ->type_name("PER-SECOND")
      ->check(between(0.1, kFastest))
      ->capture_default_str()
      ->group(group);
  app.add_flag("--vanish", p.vanish, "They do not say that they leave")->group(group);
  app.add_option("--seed", p.seed, "Of who is drawn for what")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
}

void describe_data(CLI::App& app, Options& o, Words& w) {
  const char* group = "Data";
  app.add_option("--target", w.target,
                 "A host inside that answers echo requests; each answer is checked byte by byte")
      ->type_name("ADDRESS")
      ->group(group);
  app.add_option("--pings", o.pings, "Of each session")
      ->type_name("PER-SECOND")
      ->check(between(0.001, 1000))
      ->capture_default_str()
      ->group(group);
  app.add_option("--sizes", o.sizes, "Of inner packets, in turns, such as 64,576,1300")
      ->type_name("BYTES")
      ->delimiter(',')
      ->check(CLI::Range(52, 9000))
      ->capture_default_str()
      ->group(group);
}

void describe_strangers(CLI::App& app, Words& w) {
  const char* group = "Hostile clients";
  app.add_option("--hostile", w.hostile,
                 "So many a second of: garbage, half-handshake, half-tls, syn, garbage-udp; repeat "
                 "it for more")
      ->type_name("KIND=PER-SECOND")
      ->allow_extra_args(false)
      ->group(group);
  app.add_option("--slow", w.slow,
                 "So many a second that connect and say a ClientHello a byte at a time")
      ->type_name("PER-SECOND")
      ->check(between(0, kFastest))
      ->group(group);
}

void describe_slow_readers(CLI::App& app, Words& w) {
  app.add_option("--slow-reader", w.slow_readers,
                 "So many beside the sessions that log in without DTLS during the hold, ask for "
                 "echoes, and then read what comes badly: hung, stopped, trickle, tiny; repeat it "
                 "for more")
      ->type_name("KIND=N")
      ->allow_extra_args(false)
      ->group("Hostile clients");
}

void describe_result(CLI::App& app, Options& o, Words& w) {
  const char* group = "Result";
  app.add_option("--goal", w.goals,
                 "What is to be shown, such as sessions=500,setup-p99<2s,lost=0; repeat it for "
                 "more. Of " +
                     figure_names())
      ->type_name("GOALS")
      ->allow_extra_args(false)
      ->group(group);
  app.add_flag("--json", o.json, "The result as JSON")->group(group);
  app.add_flag("--no-progress", w.no_progress, "No status line on standard error")->group(group);
  app.add_option("--core", w.core, "CPU of the crowd (default: the last one)")
      ->type_name("N")
      ->check(CLI::Range(0, 65535))
      ->group(group);
  app.add_option("--link-wait", o.link_wait_s, "How long link and headend may take to be there")
      ->type_name("SECONDS")
      ->check(between(0, kLongest))
      ->capture_default_str()
      ->group(group);
  app.add_flag("--no-huge", w.no_huge, "Use no huge pages, and say nothing of it")->group(group);
}

[[noreturn]] void refuse(const std::string& sentence) {
  throw CLI::ValidationError(sentence);
}

// KIND=NUMBER, the number above 0 and `most` at most: the place of KIND among `names`, and the number.
template <typename Number, typename Names>
std::pair<size_t, Number> of_a_kind(const char* option, const char* form, const std::string& word,
                                    const Names& names, Number most) {
  const size_t sign = word.find('=');
  Number number{};
  if (sign == std::string::npos || !CLI::detail::lexical_cast(word.substr(sign + 1), number) ||
      !(number > 0 && number <= most)) {
    refuse(fmt::format("{}: '{}' is not {}", option, word, form));
  }
  const std::string_view name = std::string_view(word).substr(0, sign);
  const auto at = std::ranges::find(names, name);
  if (at == names.end()) refuse(fmt::format("{}: there is no kind '{}'", option, name));
  return {static_cast<size_t>(at - names.begin()), number};
}

void fill_strangers(Options& o, const Words& w) {
  o.strangers[static_cast<size_t>(StrangerKind::slow)] = w.slow;
  for (const std::string& word : w.hostile) {
    const auto [kind, rate] =
        of_a_kind("--hostile", "KIND=PER-SECOND", word, kStrangerNames, kFastest);
    o.strangers[kind] = rate;
  }
  for (const std::string& word : w.slow_readers) {
    const auto [kind, number] =
        of_a_kind("--slow-reader", "KIND=N", word, kSlowReaderNames, kMostSlowReaders);
    o.slow_readers[kind] = number;
  }
  if (!w.slow_readers.empty() && !o.target)
    refuse("--slow-reader needs a --target, whose answers it does not read");
}

void fill_goals(Options& o, const Words& w) {
  for (const std::string& word : w.goals) {
    for (Goal& goal : understood("--goal", [&] { return parse_goals(word); }))
      o.goals.push_back(std::move(goal));
  }
}

void fill(Options& o, const Words& w) {
  Plan& p = o.plan;
  p.ramp = from_seconds(w.ramp_s);
  p.hold = from_seconds(w.hold_s);
  p.pause = from_seconds(w.pause_s);
  p.settle = from_seconds(w.settle_s);
  o.dtls_again = from_seconds(w.dtls_again_s);
  p.roam_to = w.roam_to == "port"      ? RoamTo::port
              : w.roam_to == "address" ? RoamTo::address
                                       : RoamTo::both;
  o.tunnels = w.tunnels == "tls"    ? Tunnels::tls
              : w.tunnels == "both" ? Tunnels::both
                                    : Tunnels::dtls;
  if (p.roam > 0 && p.roam_to != RoamTo::address && o.tunnels == Tunnels::tls)
    refuse("--roam to another port is DTLS's: --roam-to address, or other --tunnels");
  o.sources = read_addresses("--sources", w.sources);
  if (!w.gateway.empty()) o.gateway = read_address("--gateway", w.gateway);
  if (!w.target.empty()) {
    o.target = read_address("--target", w.target);
    const uint16_t least = smallest_echo(!o.target->is_v4());
    if (*std::ranges::min_element(o.sizes) < least)
      refuse(fmt::format("--sizes: {} bytes at least, for the mark in them", least));
  }
  fill_strangers(o, w);
  fill_goals(o, w);
  o.huge_pages = !w.no_huge;
  o.progress = !w.no_progress;
  if (w.core >= 0) o.core = static_cast<unsigned>(w.core);
}

}  // namespace

CommandLine read_command_line(int argc, char** argv) {
  CLI::App app(
      "A crowd of AnyConnect clients on one DPDK port: they log in, move data, reconnect, roam and "
      "leave, as a headend's load and its test.",
      "culvert-load");
  Options options;
  Words words;
  describe_place(app, options, words);
  describe_log_in(app, options, words);
  describe_crowd(app, options, words);
  describe_data(app, options, words);
  describe_strangers(app, words);
  describe_slow_readers(app, words);
  describe_result(app, options, words);
  app.set_version_flag("--version", "culvert-load " CULVERT_VERSION);
  app.footer(
      "SIGINT ends the ramp or the hold, and they leave; a second one ends it at once.\n"
      "Exit status: 0 it ran, and every goal was met; 1 it could not start, or broke off; 2 wrong "
      "command line; 3 a goal was not met; 4 it was ended before its time.");
  const auto end = parse_words(
      app, argc, argv, [&] { fill(options, words); }, static_cast<int>(ExitStatus::command_line));
  if (end) return {std::nullopt, *end};
  return {std::move(options), 0};
}

}  // namespace culvert::load
