#include "control/mtu/path_mtu.hpp"

#include <algorithm>

#include "control/mtu/accounting.hpp"

namespace culvert::control {

uint16_t dtls_threshold(uint16_t announced, const PathKnowledge& path, bool outer_v6,
                        const CipherShape& suite) {
  unsigned threshold = announced;
  if (path.path_mtu != 0) {
    threshold = std::min(threshold, largest_dtls_packet(path.path_mtu, outer_v6, suite));
  }
  if (path.largest_probe != 0) threshold = std::min<unsigned>(threshold, path.largest_probe);
  return static_cast<uint16_t>(std::max(threshold, 1U));
}

}  // namespace culvert::control
