// The two hashes of RFC 6056 §3.3.4.
#include "dataplane/tcp/source_ports.hpp"

#include <stdexcept>

#include "dataplane/tcp/isn.hpp"

namespace culvert::tcp {

SourcePorts::SourcePorts(const SipKey& key, const std::vector<dp::IpAddress>& addresses,
                         uint16_t first, uint16_t last)
    : key_(key), first_(first), count_(uint32_t{last} - first + 1), counters_(kCounters) {
  if (addresses.empty()) throw std::runtime_error("connections need a local address to come from");
  if (first == 0 || last < first)
    throw std::runtime_error("connections need a range of ports, from 1 on, to come from");
  for (const dp::IpAddress& address : addresses)
    addresses_[address.is_v4() ? 0 : 1].push_back(address);
}

SourcePorts::Place SourcePorts::begin(const dp::Flow& flow) noexcept {
  const uint64_t hash = siphash<2, 4>(key_, flow_words(flow));  // the local port is 0
  return {static_cast<uint32_t>(hash), counters_[(hash >> 32) % kCounters]};
}

}  // namespace culvert::tcp
