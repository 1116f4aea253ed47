// A symmetric hash over addresses and ports.
#include "tools/replay/flow_hash.hpp"

#include <cstring>

#include "dataplane/packet/headers.hpp"
#include "tools/replay/layers.hpp"

namespace culvert::replay {

namespace {

// The finaliser of MurmurHash3: every bit of the input moves half of those of the result.
uint64_t mixed(uint64_t v) noexcept {
  v ^= v >> 33;
  v *= 0xff51afd7ed558ccdULL;
  v ^= v >> 33;
  v *= 0xc4ceb9fe1a85ec53ULL;
  return v ^ (v >> 33);
}

uint64_t hash(const uint8_t* bytes, size_t size) noexcept {
  uint64_t sum = size;
  while (size > 0) {
    uint64_t word = 0;
    const size_t n = size < sizeof word ? size : sizeof word;
    std::memcpy(&word, bytes, n);
    sum = mixed(sum ^ word);
    bytes += n;
    size -= n;
  }
  return sum;
}

// Sums do not tell who is source and who is destination.
uint64_t of_both(const uint8_t* first, size_t size) noexcept {
  return hash(first, size) + hash(first + size, size);
}

}  // namespace

uint32_t flow_hash(std::span<const uint8_t> frame) noexcept {
  const Layers layers = find_layers(frame);
  uint64_t sum = 0;
  switch (layers.network) {
    case Network::ipv4:
      sum = of_both(frame.data() + layers.network_at + offsetof(dp::Ipv4Header, src), 4);
      break;
    case Network::ipv6:
      sum = of_both(frame.data() + layers.network_at + offsetof(dp::Ipv6Header, src), 16);
      break;
    default: return static_cast<uint32_t>(frame.size() < 12 ? 0 : mixed(of_both(frame.data(), 6)));
  }
  if (layers.has_ports()) sum += of_both(frame.data() + layers.transport_at, 2);
  return static_cast<uint32_t>(mixed(sum));
}

}  // namespace culvert::replay
