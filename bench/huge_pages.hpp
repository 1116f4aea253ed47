// Huge pages of the machine (2 MB) for as long as this process runs.
#pragma once

#include <cstdint>

namespace culvert::bench {

// Sees to it that `bytes` can be had in huge pages at this moment, by asking the kernel for as many
// as are missing. What was asked for goes back when the process ends, also by SIGINT, SIGTERM or
// SIGHUP. Throws std::runtime_error with a sentence where the kernel gives none. Main thread only.
void want_huge_pages(uint64_t bytes);

}  // namespace culvert::bench
