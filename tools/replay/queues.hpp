// A recording dealt to the queues of the port that plays it.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/port/port.hpp"
#include "tools/replay/load.hpp"
#include "tools/replay/sender.hpp"
#include "tools/replay/timetable.hpp"

namespace culvert::replay {

// One for each queue of the port: whose packets those of a flow are, which port and queue, when they are due, and its
// share of `limit` packets in all (0: none). The rest is as a SenderConfig's defaults.
[[nodiscard]] std::vector<SenderConfig> deal(const Recording& recording, const Timetable& table,
                                             const dp::Port& port, uint64_t limit);

}  // namespace culvert::replay
