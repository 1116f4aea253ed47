// By flows, so that the order within one is kept.
#include "tools/replay/queues.hpp"

namespace culvert::replay {

std::vector<SenderConfig> deal(const Recording& recording, const Timetable& table,
                               const dp::Port& port, uint64_t limit) {
  const size_t queues = port.tx_queues();
  std::vector<SenderConfig> configs(queues);
  const uint64_t round = recording.packets.size();
  for (uint64_t i = 0; i < round; ++i) {
    SenderConfig& config = configs[queues == 1 ? 0 : recording.flows[i] % queues];
    config.packets.push_back(recording.packets[i]);
    if (!table.due.empty()) config.due.push_back(table.due[i]);
    config.limit += limit / round + (i < limit % round ? 1 : 0);
  }
  for (size_t q = 0; q < queues; ++q) {
    configs[q].port = port.id();
    configs[q].queue = static_cast<uint16_t>(q);
    configs[q].period = table.period;
  }
  return configs;
}

}  // namespace culvert::replay
