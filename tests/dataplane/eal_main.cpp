// main() of the tests that need DPDK: memory without huge pages, no devices, nothing shared.
#include <array>
#include <cstdio>

#include <gtest/gtest.h>
#include <rte_eal.h>

#include "dataplane/packet/meta.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::array args{"test", "--no-huge",      "--no-pci",         "-m",
                  "256",  "--no-shconf",    "--no-telemetry",   "-l",
                  "0",    "--iova-mode=va", "--log-level=error"};
  if (rte_eal_init(static_cast<int>(args.size()), const_cast<char**>(args.data())) < 0) {
    std::fputs("DPDK does not start.\n", stderr);
    return 1;
  }
  culvert::dp::register_packet_meta();
  const int result = RUN_ALL_TESTS();
  rte_eal_cleanup();
  return result;
}
