// Which worker owns a flow, and which is home to an inner address: one pure function for every
// device.
//
// A port with several queues and a hash of its own (RSS) has already put a flow's packets on one
// worker; there the place where they land is the owner. Everywhere else the receiving worker
// computes the owner and passes packets on.
#pragma once

#include <cstdint>

#include "dataplane/packet/address.hpp"
#include "dataplane/packet/crc.hpp"

namespace culvert::dp {

// Spreads 32 hash bits over workers without a division.
[[nodiscard]] inline uint8_t spread(uint32_t hash, unsigned workers) noexcept {
  return static_cast<uint8_t>((uint64_t{hash} * workers) >> 32);
}

[[nodiscard]] inline uint8_t owner_of(const Flow& flow, unsigned workers) noexcept {
  return spread(crc_of(flow), workers);
}

[[nodiscard]] inline uint8_t home_of(const IpAddress& inner, unsigned workers) noexcept {
  return spread(crc_of(inner.bytes()), workers);
}

}  // namespace culvert::dp
