// A tunnelled replay from its beginning to its end: captures loaded, sessions set up, packets sent and looked for,
// sessions ended.
#pragma once

#include <atomic>

#include "tools/replay/options.hpp"
#include "tools/replay/tunnel/tunnel_report.hpp"

namespace culvert::replay {

// Once a process, since DPDK starts once. Throws Failure, or std::runtime_error with a sentence. Warnings and
// progress go to standard error. The password is wiped from the options.
[[nodiscard]] TunnelReport replay_through_tunnels(Options& options,
                                                  const std::atomic<bool>& interrupted);

}  // namespace culvert::replay
