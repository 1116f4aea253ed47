// What one worker counts about itself. Written by the worker, read by control (relaxed).
#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/packet/counter.hpp"

namespace culvert::dp {

struct alignas(64) WorkerCounters {
  std::atomic<uint64_t> loops{0};
  std::atomic<uint64_t> busy_loops{0};    // loops that found work
  std::atomic<uint64_t> busy_cycles{0};   // TSC cycles in busy loops
  std::atomic<uint64_t> total_cycles{0};  // since the worker started, sleep included
  std::atomic<uint64_t> sleeps{0};        // until a packet or a message came
  std::atomic<uint64_t> dozes{0};         // for a time, so that a burst may gather
  std::atomic<uint64_t> packets_in{0};    // from ports
  std::atomic<uint64_t> handed_over{0};   // to other workers
  std::atomic<uint64_t> taken_over{0};    // from other workers
  std::atomic<uint64_t> inner_up{0};      // packets that came out of tunnels and were forwarded
  std::atomic<uint64_t> inner_down{0};    // packets that went into tunnels here
  std::atomic<uint64_t> mss_clamped{0};   // TCP SYNs whose MSS was changed, in either direction
  std::atomic<uint64_t> tcp_buffers{0};   // that connections held, a second ago at most
};

}  // namespace culvert::dp
