// Starts EAL without huge pages or devices, so that the tests run anywhere, then GoogleTest.
#include <cstdio>

#include <gtest/gtest.h>
#include <rte_eal.h>

#include "dataplane/packet/meta.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  char name[] = "tcp_test", no_huge[] = "--no-huge", no_pci[] = "--no-pci", memory[] = "-m",
       megabytes[] = "128", no_conf[] = "--no-shconf", cores[] = "-l", core[] = "0",
       iova[] = "--iova-mode=va", quiet[] = "--log-level=lib.eal:error",
       no_telemetry[] = "--no-telemetry";
  char* eal[] = {name,  no_huge, no_pci, memory, megabytes,   no_conf,
                 cores, core,    iova,   quiet,  no_telemetry};
  if (rte_eal_init(static_cast<int>(std::size(eal)), eal) < 0) {
    std::fprintf(stderr, "EAL does not start\n");
    return 1;
  }
  culvert::dp::register_packet_meta();
  return RUN_ALL_TESTS();
}
