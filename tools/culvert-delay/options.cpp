#include "tools/culvert-delay/options.hpp"

#include <cstdlib>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "dataplane/eal.hpp"
#include "tools/culvert-delay/units.hpp"

namespace culvert::delay {

namespace {

constexpr const char* kAbout =
    R"(A bad network between DPDK ports: what comes in at one end of a line leaves at the other, later.

Each line is a wire of its own with the same troubles, in this order: a packet is lost, waits before
the bottleneck or finds its queue full, is sent at the bottleneck's rate, and takes the delay. A share of
the packets may be held back for so much longer that others overtake them; all others keep their order.
The same seed and the same packets give the same losses, on each line and each day.

Prints {"event": "ready"}, and counters as a line of JSON on SIGUSR1 and at its end (SIGINT, SIGTERM).)";

// The words of one direction, before they mean something.
struct Words {
  std::string delay, rate, queue, loss, loss_burst, reorder, held_back, duplicate;
};

struct Setting {
  const char* name;
  std::string Words::*word;
  const char* about;
};
constexpr Setting kSettings[] = {
    {"delay", &Words::delay, "of each packet: 25ms"},
    {"rate", &Words::rate, "of the bottleneck, whole Ethernet frames counted: 50mbit"},
    {"queue", &Words::queue,
     "before the bottleneck: 100ms, 64kb; without it, no packet is dropped there"},
    {"loss", &Words::loss, "share of the packets that is lost: 1%"},
    {"loss-burst", &Words::loss_burst, "packets lost in a row on average; 1 = each by itself"},
    {"reorder", &Words::reorder, "share of the packets that is held back: 2%"},
    {"hold-back", &Words::held_back, "for how much longer than the delay: 4ms"},
    {"duplicate", &Words::duplicate, "share of the packets that arrives twice: 0.1%"},
};

void check(const Impairment& what) {
  if (what.queue != 0 && what.rate == 0)
    throw std::invalid_argument("--queue is before the bottleneck: it wants --rate");
  if ((what.reorder > 0) != (what.held_back > 0))
    throw std::invalid_argument(
        "--reorder and --hold-back want each other: how many, and for how long");
  if (what.loss_burst < 1 || what.loss_burst > 1000)
    throw std::invalid_argument("--loss-burst is 1 to 1000 packets");
  if (what.loss_burst > 1 && what.loss > what.loss_burst / (what.loss_burst + 1))
    throw std::invalid_argument("so much --loss cannot come in such short bursts");
}

Impairment meaning(const Words& words) {
  Impairment what;
  if (!words.delay.empty()) what.delay = parse_duration(words.delay);
  if (!words.rate.empty()) what.rate = parse_rate(words.rate);
  if (!words.queue.empty()) what.queue = parse_queue(words.queue, what.rate);
  if (!words.loss.empty()) what.loss = parse_share(words.loss);
  if (!words.loss_burst.empty()) what.loss_burst = std::strtod(words.loss_burst.c_str(), nullptr);
  if (!words.reorder.empty()) what.reorder = parse_share(words.reorder);
  if (!words.held_back.empty()) what.held_back = parse_duration(words.held_back);
  if (!words.duplicate.empty()) what.duplicate = parse_share(words.duplicate);
  check(what);
  return what;
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  Words there, back;
  std::vector<std::string> devices;
  std::string spin = "20us";

  CLI::App app{kAbout};
  app.add_option("--line", devices,
                 "DEVICE DEVICE: two ends, each as in culvertd's configuration, for example "
                 "net_af_packet0,iface=left; once for each line")
      ->required()
      ->expected(2)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args();
  for (const Setting& setting : kSettings)
    app.add_option(std::string("--") + setting.name, there.*setting.word, setting.about);
  for (const Setting& setting : kSettings) {
    app.add_option(
        std::string("--back-") + setting.name, back.*setting.word,
        std::string("the same of the way from the second end to the first, if it differs"));
  }
  app.add_option("--seed", options.seed, "of losses, reordering and duplicates");
  app.add_option("--cores", options.cores, "CPUs on which lines take turns; the first allowed one")
      ->delimiter(',');
  app.add_option("--packets", options.packets, "that may be on their way in all")
      ->check(CLI::Range(64u, 4'000'000u));
  app.add_option("--mtu", options.mtu, "of the wires")->check(CLI::Range(576, 9198));
  app.add_option("--spin", spin,
                 "how long before a packet is due it is waited for busily: more is more exact and "
                 "costs more (default 20us)");
  try {
    app.parse(argc, argv);
    for (const Setting& setting : kSettings) {
      if ((back.*setting.word).empty()) back.*setting.word = there.*setting.word;
    }
    options.ways = {meaning(there), meaning(back)};
    options.spin = parse_duration(spin);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e));
  }
  if (devices.size() % 2 != 0) throw std::invalid_argument("--line wants the devices of both ends");
  for (size_t i = 0; i < devices.size(); i += 2)
    options.lines.emplace_back(devices[i], devices[i + 1]);
  if (options.cores.empty()) options.cores.push_back(dp::allowed_cpus().front());
  return options;
}

}  // namespace culvert::delay
