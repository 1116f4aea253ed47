// Which session a packet goes through, and which way.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>

#include "dataplane/packet/address.hpp"

namespace culvert::replay {

enum class Direction : uint8_t { up, down, both };  // up: from a session to the headend's inside

struct Assigned {
  uint32_t conversation = 0;  // from 0, in the order of their first packets
  bool up = true;
};

// A conversation is what two addresses exchange with one protocol over one pair of ports; fragments, which mostly
// have no ports, are one for all that two addresses exchange. In both directions, whoever speaks first is the
// session's side: its packets go up, the answers down. In one direction all packets go that way.
class Dealer {
 public:
  explicit Dealer(Direction direction) : direction_(direction) {}

  // `packet` begins with a whole IP header.
  [[nodiscard]] Assigned deal(std::span<const uint8_t> packet);
  [[nodiscard]] uint32_t conversations() const noexcept {
    return static_cast<uint32_t>(known_.size());
  }

 private:
  struct Key {
    dp::IpAddress low, high;
    uint16_t low_port = 0, high_port = 0;
    uint8_t protocol = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const noexcept;
  };
  struct Conversation {
    uint32_t number = 0;
    bool low_began = false;  // the first packet came from the lower end
  };

  Direction direction_;
  std::unordered_map<Key, Conversation, Hash> known_;
};

// A conversation's session in a round through the captures. With more sessions than conversations each round takes
// the next ones, so that all have their turn.
[[nodiscard]] constexpr uint32_t session_of(uint32_t conversation, uint32_t conversations,
                                            uint64_t round, uint32_t sessions) noexcept {
  return static_cast<uint32_t>((conversation + round * conversations) % sessions);
}
// Rounds after which every session has had a turn.
[[nodiscard]] constexpr uint32_t rounds_for_all(uint32_t conversations,
                                                uint32_t sessions) noexcept {
  return conversations == 0 ? 1 : (sessions + conversations - 1) / conversations;
}

}  // namespace culvert::replay
