// The crowd's data: echo requests of those that are up, one after another, and the answers that come down.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <rte_mbuf.h>

#include "dataplane/packet/address.hpp"
#include "tools/crowd/crowd.hpp"
#include "tools/load/answers.hpp"
#include "tools/load/options.hpp"
#include "tools/load/roster.hpp"
#include "tools/load/slow_readers.hpp"
#include "tools/load/tally.hpp"

namespace culvert::load {

class Data {
 public:
  // Becomes the crowd's ArrivalSink.
  Data(const Options& options, crowd::Crowd& crowd, rte_mempool* pool, Tally& tally,
       SlowReaders& slow_readers, Time now);
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;

  // Sends what is due, up to a burst of each channel. True if that was something.
  bool send(const Roster& up, Time now);
  // Sends a request of a slow reader, one of the members behind the sessions. False: it could not be sent.
  [[nodiscard]] bool ask(uint32_t member, Time now);
  // The member's tunnel works, over DTLS or not.
  void tunnel(uint32_t member, bool dtls) { members_[member].dtls = dtls; }
  [[nodiscard]] bool has_dtls(uint32_t member) const { return members_[member].dtls; }
  // The time at which what comes from now on arrives: before each turn of the crowd's.
  void tell_time(Time now) noexcept { now_ = now; }
  // The member's tunnel is disturbed on purpose: what is on its way does not count.
  void interrupt(uint32_t member, Time now) { answers_.ledger().interrupt(member, now); }
  // The member's tunnel ended by itself, or has had time for its last answers: what was not answered is lost.
  void give_up(uint32_t member) { answers_.ledger().give_up(member); }
  // ... and how long it takes until an answer comes is counted.
  void moved_port(uint32_t member, Time now);
  // The member is what the headend says that it is.
  void addressed(uint32_t member, const dp::InnerAddresses& inner);

  [[nodiscard]] const Ledger& ledger() const noexcept { return answers_.ledger(); }

 private:
  static constexpr uint32_t kBurst = 64;
  struct Member {
    dp::IpAddress inner{};  // of the target's family; unspecified: it has none
    bool dtls = false;
    bool other_next = false;  // with both tunnels: whose turn it is
    uint32_t turn = 0;        // of its sizes
  };
  struct Burst {
    std::array<crowd::Outgoing, kBurst> packets{};
    uint32_t size = 0;
  };

  static void take(void* arg, std::span<const crowd::Arrival> arrivals);
  void take(const crowd::Arrival& arrival);
  [[nodiscard]] crowd::Channel channel_of(Member& member) const noexcept;
  [[nodiscard]] uint16_t next_size(uint32_t member) noexcept;
  // Of `size` bytes, of which a buffer has room; `ledger` marks it. Null: there is no buffer.
  [[nodiscard]] rte_mbuf* request(uint32_t member, uint16_t size, Ledger& ledger, Time now);
  void flush(crowd::Channel channel, Burst& burst, Time now);

  const Options& options_;
  crowd::Crowd& crowd_;
  rte_mempool* const pool_;
  Tally& tally_;
  const uint32_t largest_;  // bytes of a packet in one buffer
  Answers answers_;
  std::vector<Member> members_;
  Burst tls_, dtls_;
  double due_ = 0;
  Time last_, now_;
  uint32_t turn_ = 0;  // whose it is, of those that are up
};

}  // namespace culvert::load
