// Words into addresses, names and choices.
#include "tools/replay/tunnel/tunnel_options.hpp"

#include <fstream>
#include <map>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tools/address_words.hpp"

namespace culvert::replay {

namespace {

constexpr uint32_t kMostSessions = 100'000;

[[noreturn]] void wrong(const std::string& sentence) {
  throw std::invalid_argument(sentence);
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(at, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// "192.0.2.1", "192.0.2.1:4433", "2001:db8::1", "[2001:db8::1]:4433"
void read_headend(TunnelOptions& o) {
  std::string host = o.headend, port;
  if (host.front() == '[') {
    const size_t end = host.find(']');
    if (end == std::string::npos) wrong("--tunnel: a ']' is missing");
    port = host.substr(end + 1);
    host = host.substr(1, end - 1);
    if (!port.empty() && port.front() != ':')
      wrong("--tunnel: behind ']' comes a colon and the port");
    if (!port.empty()) port.erase(0, 1);
  } else if (const size_t colon = host.find(':');
             colon != std::string::npos && host.find(':', colon + 1) == std::string::npos) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  const auto address = dp::IpAddress::parse(host);
  if (!address) {
    wrong(fmt::format(
        "--tunnel: '{}' is no IP address: the headend's name cannot be asked from a DPDK port",
        host));
  }
  o.address = *address;
  if (port.empty()) return;
  size_t used = 0;
  unsigned long number = 0;
  try {
    number = std::stoul(port, &used);
  } catch (const std::logic_error&) {
  }
  if (used != port.size() || number == 0 || number > 65535)
    wrong(fmt::format("--tunnel: '{}' is no port", port));
  o.port = static_cast<uint16_t>(number);
}

void read_sources(TunnelOptions& o) {
  for (const std::string& text : o.source_addresses) {
    const auto some = read_addresses("--source-address", text);
    o.sources.insert(o.sources.end(), some.begin(), some.end());
    if (o.sources.size() > kMostAddresses)
      wrong(fmt::format("--source-address: there may be {} of them", kMostAddresses));
  }
  for (const dp::IpAddress& source : o.sources) {
    if (source.is_v4() != o.address.is_v4())
      wrong("--source-address must be of the family that the headend's address has");
  }
}

// One address of each family at most.
void read_pair(const char* option, const std::string& text, dp::IpAddress& v4, dp::IpAddress& v6) {
  if (text.empty()) return;
  for (const std::string& part : split(text, ',')) {
    const dp::IpAddress address = read_address(option, part);
    dp::IpAddress& place = address.is_v4() ? v4 : v6;
    if (!place.is_unspecified()) wrong(fmt::format("{}: one of each family", option));
    place = address;
  }
}

void read_password(TunnelOptions& o) {
  if (o.password_file.empty()) return;
  std::ifstream file(o.password_file);
  if (!std::getline(file, o.password))
    wrong(fmt::format("--password-file: '{}' has no first line that can be read", o.password_file));
}

}  // namespace

void describe_tunnel(CLI::App& app, TunnelOptions& o) {
  const char* group = "Tunnels";
  const auto text = [&](const char* name, std::string& to, const char* type, const char* help) {
    app.add_option(name, to, help)->type_name(type)->group(group);
  };
  text("--tunnel", o.headend, "ADDRESS[:PORT]",
       "Play the captures' IP packets through AnyConnect sessions at this headend. --port is the "
       "device on its outside");
  app.add_option("--sessions", o.sessions, "How many; conversations are dealt to them in turns")
      ->type_name("N")
      ->check(CLI::Range(1U, kMostSessions))
      ->capture_default_str()
      ->group(group);
  text("--user", o.user, "NAME", "Who logs in; {} in it becomes the session's number, from 1");
  text("--password", o.password, "WORD",
       "Everybody's; other users of the machine can read it here");
  text("--password-file", o.password_file, "FILE", "Its first line is the password");
  text("--group", o.group_path, "PATH", "The group's path, such as /sales");
  text("--ca-file", o.ca_file, "FILE",
       "Certificates (PEM) that the headend's must be signed by (default: it is not checked)");
  app.add_flag_callback(
         "--tls", [&o] { o.channels = Channels::tls; }, "Sessions without DTLS")
      ->group(group);
  app.add_flag_callback(
         "--dtls", [&o] { o.channels = Channels::dtls; },
         "Sessions with DTLS, which carries the packets (default)")
      ->group(group);
  app.add_flag_callback(
         "--both", [&o] { o.channels = Channels::both; }, "Every second session without DTLS")
      ->group(group);
  app.add_option("--cipher", o.ciphers,
                 "What is offered, by OpenSSL's names, such as TLS_AES_128_GCM_SHA256 or "
                 "ECDHE-RSA-AES256-GCM-SHA384; repeat it for more")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->group(group);
  app.add_option("--source-address", o.source_addresses,
                 "Of the sessions outside: one, or FIRST-LAST; taken in turns; repeat it for more")
      ->type_name("ADDRESS")
      ->allow_extra_args(false)
      ->group(group);
  text("--gateway", o.gateway, "ADDRESS", "The way to the headend, if it is not on the same link");
  app.add_option("--at-once", o.at_once, "Sessions that are being set up at the same time")
      ->type_name("N")
      ->check(CLI::Range(1U, 4096U))
      ->capture_default_str()
      ->group(group);
  app.add_option("--set-up", o.set_up_s, "How long all set-ups together may take")
      ->type_name("SECONDS")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str()
      ->group(group);
  app.add_option("--dtls-again", o.dtls_again_s,
                 "From a DTLS handshake that failed, or whose tunnel died, to the next one, a "
                 "quarter more or less; 0: there is none, and one that fails at first ends it all")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str()
      ->group(group);
  app.add_option("--direction", o.direction,
                 "up: from the sessions to the inside; down: the other way; both: who begins a "
                 "conversation is in the session, the answers go down")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, Direction>{{"up", Direction::up},
                                                                   {"down", Direction::down},
                                                                   {"both", Direction::both}})
              .description(""))
      ->type_name("up|down|both")
      ->group(group);
  text("--inside", o.inside, "DEVICE",
       "A DPDK device on the headend's inside: what comes out of the tunnels, and what goes in");
  text("--inside-address", o.inside_address, "ADDRESS[,ADDRESS]",
       "Of that port, one of each family; it becomes the packets' other end");
  text("--inside-gateway", o.inside_gateway, "ADDRESS[,ADDRESS]",
       "The headend's own on its inside");
  app.add_flag(
         "--keep-source", o.keep_source,
         "Leave the address of the session's end as captured: a headend drops that as spoofed")
      ->group(group);
  app.add_flag("--keep-far-end", o.keep_far_end,
               "Leave the address of the other end as captured: the headend's routes must lead to "
               "the inside port")
      ->group(group);
  app.add_option("--settle", o.settle_s,
                 "How long to wait for packets that are still on their way, at the end")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 1e4))
      ->capture_default_str()
      ->group(group);
  text("--cli", o.cli_socket, "SOCKET",
       "Culvert's management socket: what its `show asp drop` counted meanwhile is in the report");
}

void check_tunnel(TunnelOptions& o, size_t ports) {
  if (!o.wanted()) return;
  if (ports != 1) wrong("--tunnel needs one --port, on the headend's outside");
  read_headend(o);
  if (o.user.empty()) wrong("--tunnel needs a --user");
  if (!o.password.empty() && !o.password_file.empty())
    wrong("--password and --password-file exclude each other");
  read_password(o);
  if (o.source_addresses.empty()) wrong("--tunnel needs a --source-address");
  read_sources(o);
  if (!o.gateway.empty()) o.outside_gateway = read_address("--gateway", o.gateway);
  read_pair("--inside-address", o.inside_address, o.inside4, o.inside6);
  read_pair("--inside-gateway", o.inside_gateway, o.gateway4, o.gateway6);
  if (o.down() && o.inside.empty()) wrong("--direction down and both need an --inside");
  const bool somewhere = !o.inside4.is_unspecified() || !o.inside6.is_unspecified();
  if (!o.keep_far_end && !somewhere)
    wrong("--tunnel needs an --inside-address for the packets' other end, or --keep-far-end");
  if (!o.inside.empty() && !somewhere) wrong("--inside needs an --inside-address");
  if (o.down() && o.gateway4.is_unspecified() && o.gateway6.is_unspecified())
    wrong("--direction down and both need an --inside-gateway");
}

CipherLists cipher_lists(const TunnelOptions& options) {
  CipherLists lists;
  const auto add = [](std::string& list, const std::string& name) {
    list += (list.empty() ? "" : ":") + name;
  };
  for (const std::string& name : options.ciphers) {
    if (name.starts_with("TLS_")) {
      add(lists.tls13, name);
    } else {
      add(lists.tls12, name);
      add(lists.dtls, name);
    }
  }
  lists.allow_tls13 = options.ciphers.empty() || !lists.tls13.empty();
  return lists;
}

}  // namespace culvert::replay
