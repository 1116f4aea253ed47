// A whole load: DPDK started, the crowd led through its scenario, the result gathered.
#pragma once

#include <atomic>

#include "tools/load/options.hpp"
#include "tools/load/report.hpp"

namespace culvert::load {

// Once a process, since DPDK starts once. `interruptions`: how often somebody has asked for the end; the first
// time they leave, the second time they do not. Throws Failure, or std::runtime_error with a sentence, if it cannot
// start; what goes wrong later is in the report, with what there was until then.
// Warnings and progress go to standard error.
[[nodiscard]] Report run(const Options& options, const std::atomic<int>& interruptions);

}  // namespace culvert::load
