// The second look at a capture: its packets go into a store.
#pragma once

#include <functional>
#include <span>
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

// Goes through what survey() of the same files and rules found, `packets` of them at most: frames in the form in
// which they are played, each with its time. A file behind another one goes on after a gap like the mean one
// before. It ends when `take` says false. Returns how many were taken.
uint64_t each_packet(
    const std::vector<std::string>& paths, const SelectionRules& rules, uint64_t packets,
    const OnProgress& on_progress,
    const std::function<bool(std::span<const uint8_t> frame, uint64_t time_ns)>& take);

// Loads what survey() of the same files and rules found. Throws Failure if a file has become shorter meanwhile;
// what it has more is left out.
[[nodiscard]] Recording load(const std::vector<std::string>& paths, const SelectionRules& rules,
                             const Survey& found, bool with_flows, PacketStore& store,
                             const OnProgress& on_progress);

}  // namespace culvert::replay
