// A capture's IP packets: dealt to conversations when they are loaded, and given the sessions' addresses once those
// are known.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/packet/address.hpp"
#include "tools/replay/survey.hpp"
#include "tools/replay/timetable.hpp"
#include "tools/replay/tunnel/dealing.hpp"

namespace culvert::replay {

// What a tunnel does not carry, by reason: packets of one round through the captures.
struct NotTunnelled {
  uint64_t not_ip = 0, not_whole = 0, one_address = 0;  // of all rounds alike
  uint64_t too_large = 0;                               // for its session's tunnel
  uint64_t no_family = 0;  // the session, or the inside port, has no address of its family

  // What is none of the traffic's packets, but one of the captures'.
  [[nodiscard]] uint64_t of_no_session() const noexcept { return not_ip + not_whole + one_address; }
  [[nodiscard]] uint64_t all() const noexcept { return of_no_session() + too_large + no_family; }
};

struct InnerRecording {
  struct Packet {
    uint64_t at = 0;  // in `bytes`
    uint32_t size = 0;
    Assigned assigned{};
  };
  std::vector<uint8_t> bytes{};
  std::vector<Packet> packets{};
  std::vector<Recorded> recorded{};  // one for each; sizes are those of IP packets
  uint32_t conversations = 0;
  NotTunnelled left_out{};
};

// What survey() of the same files and rules found.
[[nodiscard]] InnerRecording load_inner(const std::vector<std::string>& paths,
                                        const SelectionRules& rules, const Survey& found,
                                        Direction direction, const OnProgress& on_progress);

// What packets are told of a session.
struct SessionEnds {
  dp::IpAddress v4{}, v6{};  // unspecified: none of that family
  uint16_t mtu = 0;          // bytes of an IP packet; 0: whatever fits
};
struct AddressRules {
  dp::IpAddress inside4{},
      inside6{};  // the other end's; unspecified: packets of that family are left out
  bool keep_source = false, keep_far_end = false;
};

// Packets as they are sent, but for their numbers.
class AddressedPackets {
 public:
  struct Packet {
    uint64_t at = 0;
    uint32_t size = 0;  // 0: it is left out
    uint32_t session = 0;
    bool up = true;
    bool too_large = false;  // why
  };

  // Enough rounds that every session has a turn, `rounds` (0: endless) at most and as many as fit `most_bytes`; one
  // in any case.
  AddressedPackets(const InnerRecording& recording, std::span<const SessionEnds> sessions,
                   const AddressRules& rules, uint64_t rounds, uint64_t most_bytes);

  // Of one round, those left out included: as many as the recording has.
  [[nodiscard]] uint32_t a_round() const noexcept { return a_round_; }
  [[nodiscard]] uint32_t rounds() const noexcept { return rounds_; }
  // `index` counts through all rounds.
  [[nodiscard]] const Packet& operator[](uint32_t index) const noexcept { return packets_[index]; }
  [[nodiscard]] std::span<const uint8_t> bytes(uint32_t index) const noexcept {
    return {bytes_.data() + packets_[index].at, packets_[index].size};
  }
  // Among the first `taken` packets, which may be of more rounds than there are here; what no round has for itself (not
  // IP and the like) once for each round that was begun.
  [[nodiscard]] NotTunnelled left_out(uint64_t taken) const noexcept;

 private:
  void add(const InnerRecording& recording, const InnerRecording::Packet& packet,
           const SessionEnds& session, Packet& made, const AddressRules& rules);

  uint32_t a_round_ = 0, rounds_ = 0;
  std::vector<uint8_t> bytes_;
  std::vector<Packet> packets_;
  NotTunnelled never_;  // of each round alike
};

}  // namespace culvert::replay
