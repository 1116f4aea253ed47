// Whose each packet of a batch is: the sessions that own the destinations, looked up in one go.
#pragma once

#include <array>

#include "dataplane/ip/ipv6.hpp"
#include "dataplane/packet/batch.hpp"
#include "dataplane/session/table.hpp"

namespace culvert::dp {

struct Destinations {
  std::array<IpAddress, kBurst> addresses;
  std::array<const Session*, kBurst> sessions;  // nullptr: no client's

  // The packets begin with whole IP headers.
  Destinations(const SessionTable& table, const Batch& packets) noexcept {
    std::array<const IpAddress*, kBurst> keys;
    for (uint32_t i = 0; i < packets.size(); ++i) {
      addresses[i] = destination_of(packets[i]);
      keys[i] = &addresses[i];
    }
    table.lookup({keys.data(), packets.size()}, sessions.data());
    for (uint32_t i = 0; i < packets.size(); ++i)
      __builtin_prefetch(sessions[i]);
  }
};

}  // namespace culvert::dp
