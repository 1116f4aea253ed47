// What the command line asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/replay/pace.hpp"
#include "tools/replay/rewrite.hpp"
#include "tools/replay/tunnel/tunnel_options.hpp"
#include "tools/search/goal.hpp"

namespace culvert::replay {

enum class OnFault : uint8_t {
  refuse,  // nothing is sent if a capture has what cannot be played as it is
  skip,    // the rest is
};

// --search: for the highest rate with so little loss.
struct SearchWish {
  std::vector<search::Goal> goals{};
  // Packets a second of each port; 0: the most that link and tester carry, and a thousandth of that.
  double min_rate = 0, max_rate = 0;
  double line_rate = 0;    // bits a second of the link; 0: what a card says, unknown for others
  double tester_rate = 0;  // packets a second that the tester carries by itself; 0: measure it
  double warm_up_s = 1;
  unsigned repeat = 1;    // whole searches
  unsigned curve = 10;    // trials more, at even distances up to and beyond what was found
  double sustain = 0.8;   // of the first goal's rate: one long trial at the end; 0: none
  double sustain_s = 10;  // of that trial
  double limit_s = 0;     // of one search; 0: until it is done
  std::string headend{};  // culvertd's management socket, to ask what its workers do
};

struct Options {
  std::vector<std::string> captures{};
  std::vector<std::string> ports{};          // DPDK devices that send
  std::vector<std::string> receive_ports{};  // that receive; may be among `ports`, too

  Pace pace{};
  uint64_t loops = 1;  // 0: until it is stopped
  double seconds = 0;  // 0: no limit
  std::string filter{};
  RewriteRules rewrite{};
  OnFault on_fault = OnFault::refuse;
  bool fill_truncated = false;
  bool common_time = false;  // all ports begin at the earliest packet of all captures

  bool track = false;
  std::string write{};  // a file for what is received
  uint64_t count = 0;   // packets to receive; 0: no limit
  double idle_s = 0;    // end when nothing came for so long; 0: never

  unsigned queues = 1;  // of each port
  unsigned burst = 64;
  uint16_t mtu = 1500;
  unsigned rx_descriptors = 1024, tx_descriptors = 1024;
  std::vector<unsigned> cores{};  // CPUs that send and receive; empty: as many as useful
  std::optional<unsigned> main_core{};
  bool huge_pages = true;
  double link_wait_s = 10;
  double linger_s = 0.5;  // how long ports stay open when everything is sent

  std::optional<SearchWish> search{};
  TunnelOptions tunnel{};

  bool json = false;
  bool progress = true;
};

}  // namespace culvert::replay
