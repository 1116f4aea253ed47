// A bench of plain ports: captures as they are, the tester's own ring, what cards say of themselves.
#include <cmath>

#include <fmt/format.h>
#include <rte_dev.h>

#include "dataplane/packet/pool.hpp"
#include "tools/link_wait.hpp"
#include "tools/replay/failure.hpp"
#include "tools/replay/headend_use.hpp"
#include "tools/replay/pci_slot.hpp"
#include "tools/replay/preparation.hpp"
#include "tools/replay/search_run.hpp"
#include "tools/replay/trial_runner.hpp"

namespace culvert::replay {

namespace {

// From the tester to itself with nothing between: rings of DPDK's, one for each port that sends, with the same packets,
// marks and cores.
class OwnRings {
 public:
  OwnRings(const Options& options, const Wire& wire)
      : pool_(dp::make_packet_pool("tester-rings",
                                   4096 * static_cast<unsigned>(wire.from.size() * options.queues),
                                   options.mtu, dp::BufferLayout::within_pages)) {
    for (size_t i = 0; i < wire.from.size(); ++i) {
      const std::string name = fmt::format("net_ring_tester{}", i);
      if (rte_eal_hotplug_add("vdev", name.c_str(), "") != 0) {
        throw Failure("DPDK makes no net_ring device: give --tester-rate.");
      }
      ports_.push_back(std::make_unique<dp::Port>(name));
      ports_.back()->configure(
          {.workers = wire.from[i].port->tx_queues(), .pool = pool_.get(), .verbatim = true});
      ports_.back()->start();
    }
  }
  [[nodiscard]] Wire loop(const Wire& wire) const {
    Wire own{.copies = wire.copies, .burst = wire.burst};
    for (size_t i = 0; i < ports_.size(); ++i) {
      own.from.push_back({ports_[i].get(), wire.from[i].recording});
      own.to.push_back(ports_[i].get());
    }
    return own;
  }

 private:
  dp::PacketPool pool_;
  std::vector<std::unique_ptr<dp::Port>> ports_;
};

double mean(const std::vector<Part>& parts, uint32_t (*bytes)(const Recorded&)) {
  double sum = 0, packets = 0;
  for (const Part& part : parts) {
    for (const Recorded& packet : part.recording.recorded)
      sum += bytes(packet);
    packets += static_cast<double>(part.recording.recorded.size());
  }
  return sum / packets;
}

// What cards on the way say. Other devices state speeds that mean nothing.
void ask_cards(const std::vector<std::string>& devices, const PortSet& ports, Bench& bench) {
  const auto least = [](std::optional<double>& of, double value) {
    of = std::min(of.value_or(value), value);
  };
  for (const std::string& device : devices) {
    const dp::DeviceName name = dp::parse_device_name(device);
    if (!name.pci) continue;
    if (const auto slot = read_slot("/sys/bus/pci/devices/" + name.name)) {
      least(bench.slot_rate, search::slot_rate(*slot, bench.mean_frame));
    }
    for (const auto* all : {&ports.sending(), &ports.receiving()}) {
      for (const dp::Port* port : *all) {
        if (port->name() != name.name || port->link().megabits == 0) continue;
        least(bench.line_rate, port->link().megabits * 1e6 / bench.bits_on_wire);
      }
    }
  }
}

}  // namespace

SearchReport search_plain(const Options& options, const std::atomic<bool>& interrupted,
                          const std::function<void(const SearchReport&)>& on_report) {
  const SearchWish& wish = options.search.value();
  TickClock clock;
  Progress progress(options.progress);
  // A trial's own lines would be between those of the search.
  Progress silent(false);
  Prepared prepared(options, progress, interrupted);
  const auto& receiving = prepared.ports->receiving();
  Wire wire{.to = {receiving.begin(), receiving.end()},
            .copies = prepared.ports->copies(),
            .burst = options.burst};
  for (size_t i = 0; i < prepared.parts.size(); ++i) {
    if (prepared.parts[i].recording.packets.empty()) {
      throw Failure("There is no packet to send in " + prepared.parts[i].captures.front() + ".",
                    ExitStatus::refused);
    }
    wire.from.push_back({prepared.ports->sending()[i], &prepared.parts[i].recording});
  }
  clock.calibrate();
  prepared.ports->start();
  wait_for_links(prepared.ports->sending(), options.link_wait_s,
                 [&] { return interrupted.load(); });

  TrialRunner runner(wire, prepared.workers, clock, silent, interrupted);
  Bench bench{.run = [&](double rate, double seconds) { return runner.run(rate, seconds); },
              .ports = wire.from.size(),
              .mean_frame = mean(prepared.parts, [](const Recorded& p) { return p.size; }),
              .bits_on_wire = 8 * mean(prepared.parts,
                                       [](const Recorded& p) { return bytes_on_layer1(p.size); })};
  if (!wish.headend.empty())
    bench.run = beside_headend(std::move(bench.run), wish.headend, clock.ticks_per_second());
  ask_cards(devices_of(options), *prepared.ports, bench);

  std::optional<OwnRings> rings;
  std::optional<TrialRunner> own;
  if (wish.tester_rate == 0) {
    rings.emplace(options, wire);
    own.emplace(rings->loop(wire), prepared.workers, clock, silent, interrupted);
    bench.tester = [&](double rate, double seconds) { return own->run(rate, seconds); };
  }
  SearchReport report = search_on(bench, wish, progress);
  for (const Part& part : prepared.parts)
    report.captures.insert(report.captures.end(), part.captures.begin(), part.captures.end());
  on_report(report);
  linger(*prepared.ports, options.linger_s, interrupted);
  prepared.ports->stop();
  return report;
}

}  // namespace culvert::replay
