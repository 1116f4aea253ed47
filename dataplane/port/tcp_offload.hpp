// What TCP may leave to the ports that its segments leave by.
#pragma once

#include <algorithm>

#include "dataplane/port/capabilities.hpp"
#include "dataplane/tcp/endpoint.hpp"

namespace culvert::dp {

// Before any port is known. PortTx does in software what a port cannot, so checksums may always be left to it; a chain
// that it has to copy would cost more than the copy that TCP makes.
inline constexpr tcp::Offload kMostOffload{true, true, true, 60'000, tcp::kMaxTsoBuffers};

// And now by this port, too.
inline void limit_to(tcp::Offload& o, const PortCapabilities& port) noexcept {
  o.multi_segment &= port.multi_segment;
  o.tso_buffers = std::min<uint32_t>(o.tso_buffers, port.max_tso_segments);
  const bool cuts = port.tso && port.multi_segment && o.tso_buffers >= 2;
  o.tso_bytes = cuts ? std::min(o.tso_bytes, port.max_tso_size) : 0;
}

}  // namespace culvert::dp
