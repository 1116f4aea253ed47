// culvert-replay as a process: what it says of a wrong command line and of captures that it refuses.
#include <string>

#include <gtest/gtest.h>

#include "tests/control/cli/shell.hpp"

namespace culvert::replay {
namespace {

control::Done run(const std::string& arguments) {
  return control::shell("timeout 30 " CULVERT_REPLAY " " + arguments + " 2>&1");
}

TEST(ReplayCommandLine, DescribesItself) {
  EXPECT_EQ(run("--version").said, "culvert-replay 0.1.0\n");
  const control::Done help = run("--help");
  EXPECT_EQ(help.status, 0);
  for (const char* word : {"--port DEVICE", "--bps-l1 RATE", "--map-address FROM=TO",
                           "--dtls-again SECONDS", "Exit status"}) {
    EXPECT_NE(help.said.find(word), std::string::npos) << word;
  }
}

TEST(ReplayCommandLine, RefusesWithStatusTwo) {
  for (const char* arguments :
       {"",
        "a.pcap",
        "-p net_ring0",
        "-p net_ring0 -p net_ring1 a.pcap",
        "--write x -p net_ring0 a",
        "-p net_ring0 a --pps 0",
        "-p net_ring0 a --pps 1M --top-speed",
        "-p net_ring0 a --mtu 1",
        "-p net_ring0 a --map-address 10.0.0.0/8",
        "-p net_ring0 a --source-mac 1",
        "-p net_ring0 a --vlan-add 4095",
        "-p net_ring0 a --on-fault ignore",
        "-p net_ring0 a --nonsense",
        "-p net_ring0 a --queues 0",
        "-p net_ring0 a --count 5",
        "-p net_ring0 a --search",
        "-p net_ring0 -r net_ring0 a --search --pps 1M",
        "-p net_ring0 -r net_ring0 a --goal NDR=0",
        "-p net_ring0 -r net_ring0 a --search --goal NDR",
        "-p net_ring0 -r net_ring0 a --search --goal NDR=1",
        "-p net_ring0 -r net_ring0 a --search --goal =0",
        "-p net_ring0 -r net_ring0 a --search --width 0",
        "-p net_ring0 -r net_ring0 a --search --first-trial 2 --trial 1",
        "-p net_ring0 -r net_ring0 a --search --max-rate fast",
        "-p net_ring0 -r net_ring0 a --search --sustain 1.1",
        "-p net_ring0 -r net_ring0 a --search --sustain-time 0",
        "-p net_ring0 -r net_ring0 a --search --max-rate 1k --min-rate 2k"}) {
    const control::Done done = run(arguments);
    EXPECT_EQ(done.status, 2) << arguments << ": " << done.said;
  }
}

TEST(ReplayCommandLine, RefusesTunnelsWithStatusTwo) {
  const std::string known = "-p net_ring0 a --user u --source-address 192.0.2.2 --tunnel ";
  for (const char* rest :
       {"192.0.2.1", "vpn.example.com --keep-far-end", "192.0.2.1 --keep-far-end --track",
        "192.0.2.1 --direction sideways", "192.0.2.1 --keep-far-end --dtls-again soon"}) {
    const control::Done done = run(known + rest);
    EXPECT_EQ(done.status, 2) << rest << ": " << done.said;
  }
  EXPECT_EQ(run("-p net_ring0 a --tunnel 192.0.2.1").status, 2);
}

TEST(ReplayCommandLine, RefusesACaptureWithStatusThree) {
  const control::Done done = run("-p net_ring0 /nonexistent.pcap");
  EXPECT_EQ(done.status, 3);
  EXPECT_NE(done.said.find("/nonexistent.pcap cannot be read"), std::string::npos) << done.said;
}

TEST(ReplayCommandLine, SaysThatThereIsNoSuchDevice) {
  const control::Done done = run("-r nonsense --no-huge");
  EXPECT_EQ(done.status, 1);
  EXPECT_NE(done.said.find("'nonsense' is no DPDK device"), std::string::npos) << done.said;
}

}  // namespace
}  // namespace culvert::replay
