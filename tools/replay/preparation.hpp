// What comes before traffic: captures looked at, DPDK started, ports found, captures loaded.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/eal.hpp"
#include "tools/replay/gather.hpp"
#include "tools/replay/options.hpp"
#include "tools/replay/packet_store.hpp"
#include "tools/replay/port_set.hpp"
#include "tools/replay/progress.hpp"

namespace culvert::replay {

// Once a process, since DPDK starts once. The constructor throws Failure, or std::runtime_error with a sentence;
// warnings go to standard error.
struct Prepared {
  Prepared(const Options& options, Progress& progress, const std::atomic<bool>& interrupted);

  std::vector<Part> parts;  // one for each port that sends and has captures; loaded
  unsigned workers = 0;     // cores that send and receive
  // Ports may hold packets until they are closed, so that the stores go last.
  std::vector<std::unique_ptr<PacketStore>> stores{};
  std::unique_ptr<PortSet> ports{};  // configured, not started
};

// Once a process; it is never taken down. Warnings go to standard error.
const dp::Eal& start_dpdk(const dp::EalConfig& config);

// survey(), refused with a sentence for each fault if there is one and --on-fault says so; otherwise faults are told on
// standard error.
[[nodiscard]] Survey survey_or_refuse(const std::vector<std::string>& captures,
                                      const SelectionRules& rules, OnFault on_fault,
                                      const OnProgress& on_progress, Progress& progress);
// Shows how far reading a file is. Throws Failure when the user wants an end.
[[nodiscard]] OnProgress reading(Progress& progress, const char* verb,
                                 const std::atomic<bool>& interrupted);

// What is in a port's queue, or shared with a peer that has not looked yet, is lost when the port is closed. A
// peer that has seen enough and goes ends the waiting.
void linger(const PortSet& ports, double seconds, const std::atomic<bool>& interrupted);

}  // namespace culvert::replay
