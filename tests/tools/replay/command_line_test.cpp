// culvert-replay as a process: what it says of a wrong command line and of captures that it refuses.
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

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
        "-p net_ring0 a --loops 1000000000001",
        "-p net_ring0 a --loops 99999999999999999999",
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

TEST(ReplayCommandLine, TakesNoNegativeNumbers) {
  for (const char* option :
       {"--loops",           "--count",          "--queues", "--burst",     "--mtu",
        "--rx-descriptors",  "--tx-descriptors", "--cores",  "--main-core", "--link-wait",
        "--linger",          "--seconds",        "--idle",   "--max-gap",   "--vlan-set",
        "--vlan-add",        "--speed",          "--pps",    "--bps-l1",    "--bps-l2",
        "--search --repeat", "--search --curve"}) {
    const control::Done done = run(std::string("-p net_ring0 -r net_ring0 a ") + option + " -1");
    EXPECT_EQ(done.status, 2) << option << ": " << done.said;
    EXPECT_NE(done.said.find("--"), std::string::npos) << done.said;
  }
  EXPECT_NE(run("-p net_ring0 a --loops -1").said.find("--loops: Value -1 not in range 0 to"),
            std::string::npos);
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

// Of equal frames: three of no protocol in particular, if nothing else is asked for.
class Capture {
 public:
  explicit Capture(const std::string& name, unsigned packets = 3,
                   const std::string& frame = std::string(60, '\x99'))
      : path_(testing::TempDir() + name + "-" + std::to_string(getpid()) + ".pcap") {
    const auto words = [](std::initializer_list<uint32_t> all) {
      return std::string(reinterpret_cast<const char*>(all.begin()), 4 * all.size());
    };
    const auto size = static_cast<uint32_t>(frame.size());
    std::ofstream file(path_, std::ios::binary);
    file << words({0xa1b23c4d, 0x00040002, 0, 0, 65535, 1});
    for (unsigned n = 0; n < packets; ++n)
      file << words({1, n, size, size}) << frame;
  }
  ~Capture() { std::filesystem::remove(path_); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ReplayCommandLine, RefusesToPlayNothing) {
  const Capture some("some"), none("none", 0);
  const std::string nothing = "There is no packet to send in ";
  for (const std::string on_fault : {"", " --on-fault skip"}) {
    const control::Done filtered = run("-p net_ring0 --filter ip6 " + some.path() + on_fault);
    EXPECT_EQ(filtered.status, 3);
    EXPECT_EQ(filtered.said, "culvert-replay: --filter 'ip6' lets no packet of " + some.path() +
                                 " through, of 3: there is nothing to send.\n");
    const control::Done empty = run("-p net_ring0 " + none.path() + on_fault);
    EXPECT_EQ(empty.status, 3);
    EXPECT_EQ(empty.said, "culvert-replay: " + nothing + none.path() + ".\n");
  }
  const control::Done one = run("-p net_ring0 -p net_ring1 " + some.path() + " " + none.path());
  EXPECT_EQ(one.status, 3);
  EXPECT_NE(one.said.find(nothing + none.path()), std::string::npos) << one.said;
  const control::Done gone = run("-p net_ring0 /nonexistent.pcap --on-fault skip");
  EXPECT_EQ(gone.status, 3);
  EXPECT_NE(gone.said.find(nothing + "/nonexistent.pcap"), std::string::npos) << gone.said;
}

TEST(ReplayCommandLine, RefusesMoreThanCanBeCounted) {
  const Capture many("many", 100'001);
  const control::Done done = run("-p net_ring0 --loops 1000000000000 " + many.path());
  EXPECT_EQ(done.status, 3);
  EXPECT_NE(done.said.find("100001 packets, 1000000000000 times, are too many"), std::string::npos)
      << done.said;
}

TEST(ReplayCommandLine, RefusesWhatNoTunnelCarries) {
  const std::string tunnels =
      "-p net_ring0 --user u --password p --source-address 192.0.2.2 --tunnel 192.0.2.1 "
      "--keep-far-end ";
  const Capture no_ip("no-ip", 1);
  control::Done done = run(tunnels + "--loops 3 " + no_ip.path());
  EXPECT_EQ(done.status, 3);
  EXPECT_EQ(done.said,
            "culvert-replay: Nothing in the captures can go through a tunnel (1 not IP).\n");
  done = run(tunnels + "--filter ip " + no_ip.path());
  EXPECT_EQ(done.status, 3);
  EXPECT_NE(done.said.find("(1 by the filter)"), std::string::npos) << done.said;

  std::string huge(65100, '\0');
  huge[12] = 8;
  const Capture large("huge", 1, huge);
  done = run(tunnels + large.path());
  EXPECT_EQ(done.status, 3);
  EXPECT_NE(done.said.find("1 packet is larger than 65000 bytes, which no tunnel carries (the "
                           "largest frame has 65100 bytes)."),
            std::string::npos)
      << done.said;
  EXPECT_EQ(done.said.find("--mtu"), std::string::npos) << done.said;
  done = run(tunnels + "--on-fault skip " + large.path());
  EXPECT_EQ(done.status, 3);
  EXPECT_NE(done.said.find("(1 too large for any tunnel)"), std::string::npos) << done.said;
}

TEST(ReplayCommandLine, SaysThatThereIsNoSuchDevice) {
  const control::Done done = run("-r nonsense --no-huge");
  EXPECT_EQ(done.status, 1);
  EXPECT_NE(done.said.find("'nonsense' is no DPDK device"), std::string::npos) << done.said;
}

}  // namespace
}  // namespace culvert::replay
