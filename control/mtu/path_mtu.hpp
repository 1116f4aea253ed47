// What is known of the path to a client, as the largest inner packet that a DTLS tunnel takes: the
// threshold of the check on the way down (dataplane/inner/fit.hpp). A pure function.
#pragma once

#include <cstdint>

#include "control/mtu/cipher_shape.hpp"

namespace culvert::control {

inline constexpr uint16_t kLeastMtu6 = 1280;  // of every link that carries IPv6, RFC 8200 §5

struct PathKnowledge {
  uint16_t path_mtu = 0;  // bytes of an outer packet, as routers say; 0: none has
  uint16_t largest_probe =
      0;  // bytes of an inner packet that came through; 0: the client has not measured
};

// The least of what was announced, what fits the path, and what the client found. Never 0, and never more
// than `announced` bytes.
[[nodiscard]] uint16_t dtls_threshold(uint16_t announced, const PathKnowledge& path, bool outer_v6,
                                      const CipherShape& suite);

// Whether packets may go by a DTLS tunnel with that threshold while there is a TLS tunnel, which takes
// packets of any size over any path. IPv6 needs kLeastMtu6 bytes; IPv4 would do with fragments, but
// below this a path is better served by a stream.
inline constexpr uint16_t kLeastDtls4 = 512;
[[nodiscard]] constexpr bool dtls_is_wide_enough(uint16_t threshold, bool inner_v6) noexcept {
  return threshold >= (inner_v6 ? kLeastMtu6 : kLeastDtls4);
}

}  // namespace culvert::control
