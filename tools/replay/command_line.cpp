// Words into options, with everything checked that can be before DPDK starts.
#include "tools/replay/command_line.hpp"

#include <CLI/CLI.hpp>

#include "tools/parse_words.hpp"
#include "tools/replay/command_line_search.hpp"
#include "tools/replay/failure.hpp"

namespace culvert::replay {

namespace {

// As written, before it is understood.
struct Words {
  std::string speed{}, pps{}, bits1{}, bits2{};
  bool top_speed = false;
  std::vector<std::string> map_address{}, map_source{}, map_destination{}, map_mac{};
  std::string source_mac{}, destination_mac{};
  int vlan_set = -1, vlan_add = -1;
  std::string on_fault = "refuse";
  bool no_huge = false, no_progress = false;
  int main_core = -1;
  SearchWords search{};
};

constexpr double kLongest = 1e7;  // seconds
// Signed, for CLI11 takes a negative number for a large one where none may be negative.
constexpr int64_t kMostLoops = 1'000'000'000'000;
constexpr int64_t kMostCount = 1'000'000'000'000'000'000;

void describe_ports(CLI::App& app, Options& o, Words& w) {
  app.add_option("captures", o.captures,
                 "pcap or pcapng files. With one --port they are played one after another; with "
                 "several the first is played on the first port, and so on, at the same time")
      ->type_name("CAPTURE");
  app.add_option("-p,--port", o.ports,
                 "A DPDK device that sends: a PCI address, or a virtual device such as "
                 "net_memif0,role=server,socket=/run/wire.sock; repeat it for more")
      ->type_name("DEVICE")
      ->allow_extra_args(false)
      ->group("Ports");
  app.add_option("-r,--receive", o.receive_ports,
                 "A DPDK device on which what arrives is counted; it may be a --port, too")
      ->type_name("DEVICE")
      ->allow_extra_args(false)
      ->group("Ports");
  const auto port_number = [&](const char* name, unsigned& value, const char* help, unsigned most) {
    app.add_option(name, value, help)
        ->type_name("N")
        ->check(CLI::Range(1U, most))
        ->capture_default_str()
        ->group("Ports");
  };
  port_number("--queues", o.queues, "Of each port; a flow stays on one of them", 64);
  port_number("--burst", o.burst, "Packets that are handed to a port at once, at most", 256);
  port_number("--rx-descriptors", o.rx_descriptors, "Of each receive queue", 32768);
  port_number("--tx-descriptors", o.tx_descriptors, "Of each transmit queue", 32768);
  app.add_option("--mtu", o.mtu, "Of the ports: bytes behind the Ethernet header and VLAN tags")
      ->type_name("BYTES")
      ->check(CLI::Range(68U, 65000U))
      ->capture_default_str()
      ->group("Ports");
  app.add_option("--cores", o.cores,
                 "CPUs that send and receive, such as 2,3 (default: the last ones)")
      ->type_name("LIST")
      ->delimiter(',')
      ->group("Ports");
  app.add_option("--main-core", w.main_core, "CPU for everything else (default: the first)")
      ->type_name("N")
      ->check(CLI::Range(0, 65535))
      ->group("Ports");
  app.add_option("--link-wait", o.link_wait_s,
                 "How long the links of the ports may take to come up")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, kLongest))
      ->capture_default_str()
      ->group("Ports");
  app.add_option("--linger", o.linger_s,
                 "How long ports that sent stay open at the end, unless their links go down")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, kLongest))
      ->capture_default_str()
      ->group("Ports");
  app.add_flag("--no-huge", w.no_huge, "Use no huge pages, and say nothing of it")->group("Ports");
}

void describe_pace(CLI::App& app, Options& o, Words& w) {
  auto* speed = app.add_option("--speed", w.speed,
                               "Recorded timing, so many times as fast (default: as recorded)")
                    ->type_name("FACTOR")
                    ->group("Pace");
  auto* pps = app.add_option("--pps", w.pps, "Packets a second of each port, such as 1M")
                  ->type_name("RATE")
                  ->group("Pace");
  auto* bits1 =
      app.add_option("--bps-l1", w.bits1,
                     "Bits a second of each port on layer 1, such as 10G: frames with check "
                     "sequence, preamble and gap")
          ->type_name("RATE")
          ->group("Pace");
  auto* bits2 = app.add_option("--bps-l2", w.bits2,
                               "Bits a second of each port on layer 2: frames with check sequence")
                    ->type_name("RATE")
                    ->group("Pace");
  auto* top = app.add_flag("--top-speed", w.top_speed, "As fast as the port goes")->group("Pace");
  for (auto* one : {speed, pps, bits1, bits2, top}) {
    for (auto* other : {speed, pps, bits1, bits2, top}) {
      if (one != other) one->excludes(other);
    }
  }
  app.add_option("--max-gap", o.pace.longest_gap_s,
                 "Recorded gaps that are longer become this long")
      ->type_name("SECONDS")
      ->check(CLI::Range(1e-9, kLongest))
      ->group("Pace");
  app.add_flag(
         "--common-time", o.common_time,
         "Ports begin at the earliest packet of all captures, each its own at its time (default: "
         "all at once)")
      ->group("Pace");
  app.add_option("--loops", o.loops, "How often the captures are played; 0: until it is stopped")
      ->type_name("N")
      ->check(CLI::Range(int64_t{0}, kMostLoops))
      ->capture_default_str()
      ->group("Pace");
  app.add_option("--seconds", o.seconds, "End after so long")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, kLongest))
      ->group("Pace");
}

void describe_packets(CLI::App& app, Options& o, Words& w) {
  const char* group = "Packets";
  app.add_option("--filter", o.filter, "Play only what this pcap-filter(7) lets through")
      ->type_name("FILTER")
      ->group(group);
  const auto rules = [&](const char* name, std::vector<std::string>& to, const char* help) {
    app.add_option(name, to, help)->type_name("FROM=TO")->allow_extra_args(false)->group(group);
  };
  rules(
      "--map-address", w.map_address,
      "Put a network in another's place, 10.0.0.0/8=172.16.0.0/8 or with IPv6; repeat it for more");
  rules("--map-source", w.map_source, "The same, of sources only");
  rules("--map-destination", w.map_destination, "The same, of destinations only");
  rules("--map-mac", w.map_mac, "Put a MAC address in another's place; repeat it for more");
  app.add_option("--source-mac", w.source_mac, "Of all frames")->type_name("MAC")->group(group);
  app.add_option("--destination-mac", w.destination_mac, "Of all frames")
      ->type_name("MAC")
      ->group(group);
  app.add_flag("--vlan-strip", o.rewrite.vlan_strip, "Take off all VLAN tags")->group(group);
  app.add_option("--vlan-set", w.vlan_set, "The outermost tag's VLAN; untagged frames stay so")
      ->type_name("VLAN")
      ->check(CLI::Range(0, 4094))
      ->group(group);
  app.add_option("--vlan-add", w.vlan_add, "Put a tag more on, outermost")
      ->type_name("VLAN")
      ->check(CLI::Range(0, 4094))
      ->group(group);
  app.add_flag("--fix-checksums", o.rewrite.fix_checksums,
               "Make checksums anew: captures from a sending host often lack them")
      ->group(group);
  app.add_option(
         "--on-fault", w.on_fault,
         "What to do about packets that are not whole or too large, damaged files, and other "
         "link types than Ethernet: refuse, or skip them and play the rest")
      ->check(CLI::IsMember({"refuse", "skip"}))
      ->capture_default_str()
      ->group(group);
  app.add_flag("--fill-truncated", o.fill_truncated,
               "Fill up packets that were cut to a snap length, with zeros")
      ->group(group);
}

void describe_result(CLI::App& app, Options& o, Words& w) {
  const char* group = "Result";
  app.add_flag(
         "--track", o.track,
         "Senders put 24 bytes behind each frame, from which receivers on the same machine tell "
         "loss, order and latency; give it to both")
      ->group(group);
  app.add_option("--write", o.write,
                 "Write what is received, as pcapng if it ends so, else as pcap")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--count", o.count, "End when so many packets have been received; 0: not for that")
      ->type_name("N")
      ->check(CLI::Range(int64_t{0}, kMostCount))
      ->group(group);
  app.add_option(
         "--idle", o.idle_s,
         "End when nothing has come for so long behind the last packet; with --track, nothing "
         "with a mark")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, kLongest))
      ->group(group);
  app.add_flag("--json", o.json, "Print the summary as JSON")->group(group);
  app.add_flag("--no-progress", w.no_progress, "No progress on standard error")->group(group);
}

void require(bool good, const char* sentence) {
  if (!good) throw CLI::ValidationError(sentence);
}

void fill_pace(Options& o, const Words& w) {
  struct Choice {
    const char* option;
    const std::string& word;
    PaceKind kind;
  };
  for (const Choice& choice : {Choice{"--speed", w.speed, PaceKind::recorded},
                               Choice{"--pps", w.pps, PaceKind::packets_per_second},
                               Choice{"--bps-l1", w.bits1, PaceKind::layer1_bits},
                               Choice{"--bps-l2", w.bits2, PaceKind::layer2_bits}}) {
    if (choice.word.empty()) continue;
    o.pace.kind = choice.kind;
    o.pace.value = understood(choice.option, [&] { return parse_rate(choice.word); });
  }
  if (w.top_speed) o.pace.kind = PaceKind::unlimited;
}

void fill_rewrite(RewriteRules& rules, const Words& w) {
  const auto prefixes = [&](const char* option, const std::vector<std::string>& words, Side side) {
    for (const std::string& word : words)
      rules.addresses.add(understood(option, [&] { return parse_prefix_rule(word, side); }));
  };
  prefixes("--map-source", w.map_source, Side::source);
  prefixes("--map-destination", w.map_destination, Side::destination);
  prefixes("--map-address", w.map_address, Side::both);
  for (const std::string& word : w.map_mac)
    rules.macs.push_back(understood("--map-mac", [&] { return parse_mac_rule(word); }));
  if (!w.source_mac.empty()) {
    rules.source_mac = understood("--source-mac", [&] { return parse_mac(w.source_mac); });
  }
  if (!w.destination_mac.empty()) {
    rules.destination_mac =
        understood("--destination-mac", [&] { return parse_mac(w.destination_mac); });
  }
  if (w.vlan_set >= 0) rules.vlan_set = static_cast<uint16_t>(w.vlan_set);
  if (w.vlan_add >= 0) rules.vlan_add = static_cast<uint16_t>(w.vlan_add);
}

void fill_tunnel(Options& o) {
  check_tunnel(o.tunnel, o.ports.size());
  if (!o.tunnel.wanted()) return;
  require(o.receive_ports.empty(),
          "With --tunnel, --inside is where packets come out, not --receive");
  require(!o.track, "--tunnel finds its packets without --track");
  require(o.queues == 1, "--tunnel has one queue");
}

void fill(Options& o, const Words& w) {
  fill_pace(o, w);
  fill_tunnel(o);
  fill_search(o, w.search);
  fill_rewrite(o.rewrite, w);
  o.on_fault = w.on_fault == "skip" ? OnFault::skip : OnFault::refuse;
  o.huge_pages = !w.no_huge;
  o.progress = !w.no_progress;
  if (w.main_core >= 0) o.main_core = static_cast<unsigned>(w.main_core);
  require(!o.ports.empty() || !o.receive_ports.empty(), "A --port or --receive is needed");
  require(o.ports.empty() == o.captures.empty(),
          o.ports.empty() ? "Captures need a --port to be played on" : "A --port needs a capture");
  require(o.ports.size() <= 1 || o.captures.size() == o.ports.size(),
          "With several ports, each has one capture");
  require(o.write.empty() || !o.receive_ports.empty(), "--write needs a --receive");
  require(o.count == 0 || !o.receive_ports.empty(), "--count needs a --receive");
  require(o.idle_s == 0 || !o.receive_ports.empty(), "--idle needs a --receive");
}

}  // namespace

CommandLine read_command_line(int argc, char** argv) {
  CLI::App app(
      "Plays captures of Ethernet frames on DPDK ports, at the speed that the wire has or at "
      "another, and tells what arrived.",
      "culvert-replay");
  Options options;
  Words words;
  describe_ports(app, options, words);
  describe_pace(app, options, words);
  describe_packets(app, options, words);
  describe_result(app, options, words);
  describe_search(app, words.search);
  describe_tunnel(app, options.tunnel);
  app.set_version_flag("--version", "culvert-replay " CULVERT_VERSION);
  app.footer(
      "SIGINT ends it with the summary.\n"
      "Exit status: 0 everything that was asked for was sent, and written; 1 it could not start, "
      "or "
      "broke off; 2 wrong command line; 3 a capture has what cannot be played as it is; 4 not "
      "everything was sent, received or written.");
  const auto end = parse_words(
      app, argc, argv, [&] { fill(options, words); }, static_cast<int>(ExitStatus::command_line));
  if (end) return {std::nullopt, *end};
  return {std::move(options), 0};
}

}  // namespace culvert::replay
