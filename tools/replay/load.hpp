// The second look at a capture: its packets go into a store.
#pragma once

#include <vector>

#include <rte_mbuf.h>

#include "tools/replay/packet_store.hpp"
#include "tools/replay/survey.hpp"
#include "tools/replay/timetable.hpp"

namespace culvert::replay {

// What is played on one port, in the order of the capture.
struct Recording {
  std::vector<rte_mbuf*> packets;  // the store's
  std::vector<Recorded> recorded;  // one for each
  std::vector<uint32_t> flows;     // their hashes; empty unless asked for
};

// Loads what survey() of the same files and rules found. A file behind another one is played on after a
// gap like the mean one before. Throws Failure if a file has become shorter meanwhile; what it has more is
// left out.
[[nodiscard]] Recording load(const std::vector<std::string>& paths, const SelectionRules& rules,
                             const Survey& found, bool with_flows, PacketStore& store,
                             const OnProgress& on_progress);

}  // namespace culvert::replay
