// DPDK for a fuzz target: no device, no huge pages, nothing outside the process.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <vector>

#include <rte_eal.h>

#include "dataplane/packet/meta.hpp"

namespace culvert::fuzz {

// Once a process. `megabytes` of memory; `more`: further arguments of EAL's.
inline void start_eal(unsigned megabytes, std::initializer_list<const char*> more = {}) {
  const std::string memory = std::to_string(megabytes);
  std::vector<const char*> args{"fuzz",
                                "--no-huge",
                                "--no-pci",
                                "-m",
                                memory.c_str(),
                                "-l",
                                "0",
                                "--no-shconf",
                                "--no-telemetry",
                                "--iova-mode=va",
                                "--log-level=error"};
  args.insert(args.end(), more);
  if (rte_eal_init(static_cast<int>(args.size()), const_cast<char**>(args.data())) < 0) {
    std::fputs("DPDK does not start.\n", stderr);
    std::abort();
  }
  dp::register_packet_meta();
}

}  // namespace culvert::fuzz
