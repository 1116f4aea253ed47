// Inner packets to TCP bytes.
#pragma once

#include <span>

#include "dataplane/cstp/tunnel.hpp"

namespace culvert::cstp {

// Seals each packet (inner IP header first, meta.conn naming a tunnel of this worker) as one record
// and queues it. At most dp::kBurst packets.
void output(Context& c, std::span<rte_mbuf*> packets, Time now) noexcept;

}  // namespace culvert::cstp
