// --search through tunnels: the sessions stay, and every trial sends through them.
#pragma once

#include <atomic>
#include <functional>

#include "tools/replay/options.hpp"
#include "tools/replay/search_report.hpp"

namespace culvert::replay {

// Once a process, as replay_through_tunnels(). Rates are packets a second in all directions together.
// `on_report` gets the result before sessions are ended.
SearchReport search_through_tunnels(Options& options, const std::atomic<bool>& interrupted,
                                    const std::function<void(const SearchReport&)>& on_report);

}  // namespace culvert::replay
