// What stands in a headend's place while the tester is measured: a crowd with the other half of every tunnel.
//
// The tester has a crowd and an inside port here that do what its real ones do, on cables of memory and with keys of
// their own: those of the sessions that were set up are neither used up nor used twice. What comes out of a tunnel goes
// to the inside, and the other way round; nothing is routed, filtered or answered on the way.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "tools/crowd/crowd.hpp"
#include "tools/replay/tunnel/inside_port.hpp"
#include "tools/replay/tunnel/ring_cable.hpp"

namespace culvert::replay {

class Counterpart {
 public:
  // `config` and `inside` are those of the tester's real crowd and inside port, `sessions` what that crowd's members
  // have, by number. Throws Failure, or std::runtime_error with a sentence.
  Counterpart(const crowd::CrowdConfig& config, const InsideConfig& inside,
              const std::vector<crowd::Membership>& sessions, rte_mempool* pool, dp::Time now);
  ~Counterpart();
  Counterpart(const Counterpart&) = delete;
  Counterpart& operator=(const Counterpart&) = delete;

  [[nodiscard]] crowd::Crowd& crowd() noexcept { return near_; }
  [[nodiscard]] InsidePort& inside() noexcept { return near_inside_; }

  // Goes on with what tunnels there are to be, and tells whether they all work. Between the calls both ends have their
  // turns: crowd().poll() and turn(). Throws Failure.
  [[nodiscard]] bool set_up(dp::Time now);
  // The headend's part: all that waits for it.
  void turn(dp::Time now) noexcept;

 private:
  void take_up(std::span<const crowd::Arrival> arrivals) noexcept;
  [[nodiscard]] bool take_down(dp::Time now) noexcept;
  void send_down(crowd::Channel channel, std::vector<crowd::Outgoing>& packets,
                 dp::Time now) noexcept;
  [[nodiscard]] bool pair(uint32_t session, dp::Time now);

  const crowd::CrowdConfig config_;
  const std::vector<crowd::Membership> sessions_;
  uint32_t begun_ = 0;
  uint32_t with_dtls_ = 0;
  RingCable outside_cable_, inside_cable_;
  crowd::Crowd near_, far_;
  InsidePort near_inside_, far_inside_;
  struct AddressHash {
    size_t operator()(const dp::IpAddress& a) const noexcept {
      return (a.words()[0] * 31 + a.words()[1]) * 0x9e3779b97f4a7c15ULL >> 16;
    }
  };
  std::unordered_map<dp::IpAddress, uint32_t, AddressHash> session_at_;
  std::vector<crowd::Outgoing> down_tls_, down_dtls_;
};

}  // namespace culvert::replay
