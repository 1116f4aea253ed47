// Conversations by their ends, the lower one first, so that both directions have one key.
#include "tools/replay/tunnel/dealing.hpp"

#include <tuple>
#include <utility>

#include "crypto/bytes.hpp"
#include "tools/replay/layers.hpp"
#include "tools/replay/tunnel/inner_packet.hpp"

namespace culvert::replay {

size_t Dealer::Hash::operator()(const Key& key) const noexcept {
  uint64_t sum = uint64_t{key.low_port} << 32 | uint64_t{key.high_port} << 16 | key.protocol;
  for (const dp::IpAddress& address : {key.low, key.high}) {
    for (const uint64_t word : address.words()) {
      sum = (sum ^ word) * 0x9e3779b97f4a7c15ULL;
      sum ^= sum >> 32;
    }
  }
  return sum;
}

Assigned Dealer::deal(std::span<const uint8_t> packet) {
  const Ends ends = ends_of(packet);
  const Layers layers = find_ip_layers(packet, 0);
  Key key{.low = ends.source, .high = ends.destination, .protocol = layers.protocol};
  if (layers.has_ports()) {
    key.low_port = load_be<uint16_t>(packet.data() + layers.transport_at);
    key.high_port = load_be<uint16_t>(packet.data() + layers.transport_at + 2);
  }
  const bool from_low = std::tie(key.low, key.low_port) <= std::tie(key.high, key.high_port);
  if (!from_low) {
    std::swap(key.low, key.high);
    std::swap(key.low_port, key.high_port);
  }
  const auto next = static_cast<uint32_t>(known_.size());
  const Conversation& known = known_.try_emplace(key, Conversation{next, from_low}).first->second;
  const bool first_side = known.low_began == from_low;
  return {.conversation = known.number,
          .up = direction_ == Direction::both ? first_side : direction_ == Direction::up};
}

}  // namespace culvert::replay
