// Requests to the management socket, and what two answers say.
#include "tools/replay/headend_use.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "tools/culvertctl/client.hpp"
#include "tools/replay/failure.hpp"

namespace culvert::replay {

HeadendUse use_between(const std::vector<WorkerCounts>& before,
                       const std::vector<WorkerCounts>& after, double seconds,
                       double ticks_per_second) noexcept {
  HeadendUse use;
  double busy = 0;
  uint64_t packets = 0;
  for (size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
    const double more = after[i].busy_seconds - before[i].busy_seconds;
    busy += more;
    packets += after[i].packets - before[i].packets;
    use.busiest = std::max(use.busiest, std::clamp(more / seconds, 0.0, 1.0));
  }
  if (packets != 0) use.cycles_per_packet = busy * ticks_per_second / static_cast<double>(packets);
  return use;
}

namespace {

std::vector<WorkerCounts> workers_of(ctl::Client& headend) {
  try {
    const nlohmann::json answer =
        headend.ask({{"command", "show culvert workers"}, {"json", true}});
    std::vector<WorkerCounts> counts;
    for (const nlohmann::json& worker : answer.at("json").at("workers")) {
      counts.push_back(
          {worker.at("busy_seconds").get<double>(), worker.at("rx_packets").get<uint64_t>()});
    }
    return counts;
  } catch (const ctl::ConnectionError& error) {
    throw Failure(error.what());
  } catch (const nlohmann::json::exception& error) {
    throw Failure(std::string("The headend does not tell what its workers do: ") + error.what());
  }
}

}  // namespace

RunTrial beside_headend(RunTrial run, const std::string& socket, double ticks_per_second) {
  return [run = std::move(run), headend = std::make_shared<ctl::Client>(socket), ticks_per_second](
             double rate, double seconds) {
    const std::vector<WorkerCounts> before = workers_of(*headend);
    TrialRecord record = run(rate, seconds);
    record.headend = use_between(before, workers_of(*headend), seconds, ticks_per_second);
    return record;
  };
}

}  // namespace culvert::replay
