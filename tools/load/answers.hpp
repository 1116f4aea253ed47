// What comes down the tunnels: answers told from other packets, held against the requests, and counted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/packet/address.hpp"
#include "tools/load/ledger.hpp"
#include "tools/load/slow_readers.hpp"
#include "tools/load/tally.hpp"

namespace culvert::load {

class Answers {
 public:
  // Of the members the first `sessions` are counted by `tally`, the others by `slow_readers`, none by both. Without a
  // target every packet is foreign.
  Answers(uint32_t sessions, const std::optional<dp::IpAddress>& target, Tally& tally,
          SlowReaders& slow_readers)
      : sessions_(sessions),
        target_(target),
        tally_(tally),
        slow_readers_(slow_readers),
        ledger_(sessions),
        slow_ledger_(sessions + slow_readers.size()),
        moved_at_(sessions) {}

  // An inner packet that came down the member's tunnel.
  void take(uint32_t member, std::span<const uint8_t> packet, Time now);
  // A session's UDP port is another one: how long it takes until an answer comes is counted.
  void moved_port(uint32_t member, Time now) { moved_at_[member] = now; }

  // Of the sessions.
  [[nodiscard]] Ledger& ledger() noexcept { return ledger_; }
  [[nodiscard]] const Ledger& ledger() const noexcept { return ledger_; }
  // Of the slow readers, by member: what they leave unread is not lost.
  [[nodiscard]] Ledger& slow_ledger() noexcept { return slow_ledger_; }

 private:
  void take_of_slow_reader(uint32_t reader, const EchoReply& reply, bool astray, Time now);

  const uint32_t sessions_;
  const std::optional<dp::IpAddress> target_;
  Tally& tally_;
  SlowReaders& slow_readers_;
  Ledger ledger_, slow_ledger_;
  std::vector<Time> moved_at_;  // 0: it has not, or has been heard since
};

}  // namespace culvert::load
