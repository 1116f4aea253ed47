// One seed, one storm: a network with everything wrong that the seed says, a few transfers, and all that has to
// be true whatever happens.
#pragma once

#include <string>

#include "tests/dataplane/tcp/network/transfer.hpp"

namespace culvert::tcp::test {

struct StormTotals {  // of all storms so far
  uint64_t transfers = 0;
  uint64_t bytes = 0;
  uint64_t retransmits = 0;
  uint64_t timeouts = 0;
  uint64_t packets = 0;
  uint64_t lost = 0;
  uint64_t reordered = 0;
  uint64_t duplicated = 0;
  uint64_t corrupted = 0;
  uint64_t overflowed = 0;
  Time longest = 0;  // of one storm, on its own clock
};

// Empty if every byte came, in bounded time and memory, and nothing is left behind; else what is wrong.
// `description` gets what the weather was; `trace`, if any, every segment.
[[nodiscard]] std::string storm(rte_mempool* pool, uint64_t seed, StormTotals& totals,
                                std::string& description, std::FILE* trace = nullptr);

}  // namespace culvert::tcp::test
