// Packets into tunnels and out of them, in one loop: when they are due, where they go, what comes back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "tools/crowd/crowd.hpp"
#include "tools/replay/histogram.hpp"
#include "tools/replay/timetable.hpp"
#include "tools/replay/tunnel/inner_recording.hpp"
#include "tools/replay/tunnel/inside_port.hpp"
#include "tools/replay/tunnel/ledger.hpp"
#include "tools/replay/tunnel/session_set.hpp"

namespace culvert::replay {

struct TrafficPlan {
  uint64_t rounds = 1;  // 0: until it is stopped
  uint64_t limit = 0;   // packets in all, instead of `rounds`; 0: none
  Timetable times{};    // of one round
};

// What a tally is of.
struct TallyName {
  bool up = true;
  crowd::Channel channel{};
  std::string suite{};
};

class TunnelTraffic {
 public:
  // `inside` may be null: then nobody knows what comes up.
  TunnelTraffic(TrafficPlan plan, const AddressedPackets& packets, const SessionSet& sessions,
                std::span<const SessionEnds> ends, crowd::Crowd& crowd, InsidePort* inside,
                rte_mempool* pool);
  // The crowd's sink is this object's.
  ~TunnelTraffic();
  TunnelTraffic(const TunnelTraffic&) = delete;
  TunnelTraffic& operator=(const TunnelTraffic&) = delete;

  void begin(uint64_t tick) noexcept { began_ = tick; }
  // Hands over what is due and takes what has come; call crowd.poll() between. Whether there was something to do.
  bool send(dp::Time now, uint64_t tick) noexcept;
  bool receive(uint64_t tick) noexcept;
  // Nothing more is taken from the recording.
  void stop() noexcept { left_ = 0; }
  // What still waits for its channel will not be sent.
  void give_up() noexcept;

  [[nodiscard]] bool all_sent() const noexcept { return left_ == 0 && waiting() == 0; }
  [[nodiscard]] size_t waiting() const noexcept;
  // Packets that need no taker any more: sent, left out, or refused for good.
  [[nodiscard]] uint64_t settled() const noexcept { return taken_ - waiting(); }
  // Whether a packet is due that nobody has taken yet; and who takes none then, "the inside port took nothing".
  [[nodiscard]] bool held_up() const noexcept { return starved_ || waiting() != 0; }
  [[nodiscard]] std::string held_up_by() const;
  // Packets that were taken from the recording, those left out included; of so many (0: endless).
  [[nodiscard]] uint64_t taken() const noexcept { return taken_; }
  [[nodiscard]] uint64_t total() const noexcept { return total_; }
  [[nodiscard]] uint64_t rounds_begun() const noexcept;
  // Sent, and expected to be seen again, but not seen yet.
  [[nodiscard]] uint64_t on_their_way() const noexcept;
  [[nodiscard]] uint64_t first_sent() const noexcept { return first_sent_; }
  [[nodiscard]] uint64_t last_sent() const noexcept { return last_sent_; }

  [[nodiscard]] const Ledger& ledger() const noexcept { return ledger_; }
  // Of tally i / kSizeClasses.size(); i % kSizeClasses.size() is the size class.
  [[nodiscard]] const std::vector<TallyName>& tally_names() const noexcept { return names_; }
  [[nodiscard]] const Histogram& lateness() const noexcept { return lateness_; }
  // Not sent: the session had no tunnel any more, or the tunnel did not take the packet.
  [[nodiscard]] uint64_t closed() const noexcept { return closed_; }
  [[nodiscard]] uint64_t unfit() const noexcept { return unfit_; }
  [[nodiscard]] uint64_t given_up() const noexcept { return given_up_; }
  // Came, and is none of those that were sent: the headend's own, for example.
  [[nodiscard]] uint64_t foreign() const noexcept { return foreign_; }

 private:
  // Packets that are to leave one way, oldest first.
  struct Outlet {
    std::vector<crowd::Outgoing> packets{};
    std::vector<uint64_t> numbers{};  // in their lanes
  };
  static constexpr size_t kMostWaiting = 1024;  // of an outlet
  static constexpr uint32_t kMostAtOnce = 64;   // taken from the recording in one turn

  [[nodiscard]] static uint32_t lane(uint32_t session, bool up) noexcept {
    return session * 2 + (up ? 0 : 1);
  }
  [[nodiscard]] uint64_t due(uint64_t index) const noexcept;
  [[nodiscard]] Outlet& outlet_of(const AddressedPackets::Packet& packet) noexcept;
  bool take_due(uint64_t tick) noexcept;
  bool build(uint32_t index, Outlet& outlet, uint64_t tick) noexcept;
  void send_up(crowd::Channel channel, Outlet& outlet, dp::Time now) noexcept;
  void send_down(Outlet& outlet) noexcept;
  void unsent(const Outlet& outlet, size_t at) noexcept;
  void name_tallies(const SessionSet& sessions);
  void came(uint32_t session, bool up, rte_mbuf* m, uint64_t tick, bool expected_channel) noexcept;
  void take_arrivals(std::span<const crowd::Arrival> arrivals) noexcept;

  TrafficPlan plan_;
  const AddressedPackets& packets_;
  crowd::Crowd& crowd_;
  InsidePort* inside_;
  rte_mempool* pool_;
  Ledger ledger_;
  std::vector<crowd::Channel> channels_;  // of each session
  std::vector<TallyName> names_;
  std::vector<uint16_t> up_tally_, down_tally_;  // of each session: its first size class
  struct AddressHash {
    size_t operator()(const dp::IpAddress& a) const noexcept {
      return (a.words()[0] * 31 + a.words()[1]) * 0x9e3779b97f4a7c15ULL >> 16;
    }
  };
  std::unordered_map<dp::IpAddress, uint32_t, AddressHash> session_at_;
  Outlet tls_, dtls_, down_;
  uint64_t began_ = 0, taken_ = 0, total_ = 0, left_ = 0;
  uint64_t first_sent_ = 0, last_sent_ = 0;
  uint64_t closed_ = 0, unfit_ = 0, foreign_ = 0, blind_ = 0, given_up_ = 0;
  bool starved_ = false;  // the last turn found no buffer for a packet that was due
  Histogram lateness_;
};

}  // namespace culvert::replay
