// Inner packets whose every byte tells whether it is right: UDP datagrams that an echo server sends back.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <rte_mempool.h>

#include "dataplane/packet/address.hpp"
#include "tools/crowd/crowd.hpp"

namespace culvert::crowd_peer {

inline constexpr uint16_t kEchoPort = 7777;

// A datagram of `size` bytes of IP (at least 40) from the member's address to `server`. nullptr: no buffer.
[[nodiscard]] rte_mbuf* make_packet(rte_mempool* pool, const dp::IpAddress& from,
                                    const dp::IpAddress& server, uint32_t member, uint32_t number,
                                    uint16_t size);

// What has come back, by member and channel.
struct Tally {
  uint64_t packets = 0;
  uint64_t wrong = 0;  // another's, or with a byte that is not what was sent
};
class Echoes {
 public:
  explicit Echoes(uint32_t members) : tallies_(2 * members) {}
  // Takes the packets.
  void take(std::span<const crowd::Arrival> arrivals);
  [[nodiscard]] const Tally& of(uint32_t member, crowd::Channel channel) const {
    return tallies_[2 * member + static_cast<uint32_t>(channel)];
  }

 private:
  std::vector<Tally> tallies_;
};

}  // namespace culvert::crowd_peer
