// Local addresses and ports for connections that this side opens (RFC 6056).
//
// Algorithm 4 of the RFC (§3.3.4, "double-hash"): where a destination's ports begin is a keyed hash that
// nobody outside can compute, and one of many counters goes on from there, so that a port comes again as
// late as possible and what one destination sees does not tell of the others.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/packet/address.hpp"
#include "dataplane/tcp/siphash.hpp"

namespace culvert::tcp {

class SourcePorts {
 public:
  static constexpr uint16_t kFirst = 1024;  // RFC 6056 §3.2: all but the system's ports
  static constexpr uint16_t kLast = 65535;
  // What one next() tries: a call never takes long, however full the ports are, and the next one goes on
  // where it stopped.
  static constexpr uint32_t kTries = 512;

  // `key` is secret and random; the addresses are this host's and take turns. Throws std::runtime_error if
  // there is none, or no port.
  SourcePorts(const SipKey& key, const std::vector<dp::IpAddress>& addresses,
              uint16_t first = kFirst, uint16_t last = kLast);

  // A flow to `remote` of which `usable(flow)` is true: not in use, not in TIME-WAIT (Endpoint::knows()), and
  // whatever else the caller wants, such as a worker that the port's hash leads to. nullopt if none of
  // kTries was, or if no address is of the remote's family.
  template <typename Usable>
  [[nodiscard]] std::optional<dp::Flow> next(const dp::IpAddress& remote, uint16_t remote_port,
                                             Usable&& usable) noexcept {
    const std::vector<dp::IpAddress>& family = addresses_[remote.is_v4() ? 0 : 1];
    const auto addresses = static_cast<uint32_t>(family.size());
    if (addresses == 0) return std::nullopt;
    // An address whose ports are dense is left early, the last one that is left is searched for longest.
    const uint32_t each = (kTries + addresses - 1) / addresses;
    for (uint32_t tries = 0, a = 0; tries < kTries && a < addresses; ++a) {
      dp::Flow flow{family[turn_++ % addresses], remote, 0, remote_port};
      Place place = begin(flow);
      for (uint32_t i = 0; i < each && i < count_ && tries < kTries; ++i, ++tries) {
        flow.local_port = static_cast<uint16_t>(first_ + (place.offset + place.counter++) % count_);
        if (usable(static_cast<const dp::Flow&>(flow))) return flow;
      }
    }
    return std::nullopt;
  }

 private:
  struct Place {
    uint32_t offset;    // secret, of one address and destination
    uint32_t& counter;  // shared by some of them
  };
  [[nodiscard]] Place begin(const dp::Flow& flow) noexcept;

  static constexpr uint32_t kCounters = 1024;
  const SipKey key_;
  const uint16_t first_;
  const uint32_t count_;  // ports of an address
  uint32_t turn_ = 0;
  std::array<std::vector<dp::IpAddress>, 2> addresses_;  // IPv4, IPv6
  std::vector<uint32_t> counters_;
};

}  // namespace culvert::tcp
