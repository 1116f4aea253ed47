// What trials on plain ports and through tunnels have in common.
#include "tools/replay/trial.hpp"

#include <cmath>

#include "dataplane/port/port.hpp"

namespace culvert::replay {

uint64_t packets_for(double rate, double seconds) noexcept {
  return std::max<uint64_t>(static_cast<uint64_t>(std::llround(rate * seconds)), 1);
}

uint64_t missed_by(std::span<const dp::Port* const> ports) {
  uint64_t packets = 0;
  for (const dp::Port* port : ports) {
    const dp::PortStats stats = port->stats();
    packets += stats.rx_missed + stats.rx_no_buffer;
  }
  return packets;
}

}  // namespace culvert::replay
