// A search on a wire: warm-up, what the tester itself carries, trials until every goal is reached, repeated.
#pragma once

#include <atomic>
#include <functional>

#include "tools/replay/options.hpp"
#include "tools/replay/progress.hpp"
#include "tools/replay/search_report.hpp"

namespace culvert::replay {

// What a search has to do with. The rates are packets a second of one port.
struct Bench {
  RunTrial run{};     // through the device under test
  RunTrial tester{};  // from the tester to itself; empty: not to be had
  size_t ports = 1;   // that send
  double mean_frame = 0, bits_on_wire = 0;
  std::optional<double> line_rate{}, slot_rate{};
};

// Everything but the names of the captures. Throws Failure if there is no wire, and what a trial throws that fails
// before a search has any; later ones are told in the report, as what is missing.
[[nodiscard]] SearchReport search_on(const Bench& bench, const SearchWish& wish,
                                     Progress& progress);

// --search with captures on plain ports. Once a process. `on_report` gets the result while ports are still open,
// which is until their peers have gone or options.linger_s is over.
SearchReport search_plain(const Options& options, const std::atomic<bool>& interrupted,
                          const std::function<void(const SearchReport&)>& on_report);

}  // namespace culvert::replay
