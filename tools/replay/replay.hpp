// A whole replay: captures looked at, DPDK started, captures loaded, traffic run, results gathered.
#pragma once

#include <atomic>

#include "tools/replay/options.hpp"
#include "tools/replay/report.hpp"

namespace culvert::replay {

// Once a process, since DPDK starts once. Throws Failure, or std::runtime_error with a sentence.
// Warnings and progress go to standard error.
[[nodiscard]] Report replay(const Options& options, const std::atomic<bool>& interrupted);

}  // namespace culvert::replay
