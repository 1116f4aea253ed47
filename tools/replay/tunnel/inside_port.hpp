// The far end of tunnels: a port on the headend's inside, that answers for its own addresses, knows the headend's MAC
// address, and hands out IP packets.
#pragma once

#include <cstdint>
#include <span>

#include <rte_mbuf.h>

#include "dataplane/packet/address.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/time.hpp"
#include "dataplane/port/port.hpp"

namespace culvert::replay {

struct InsideConfig {
  dp::IpAddress own4{}, own6{};          // unspecified: none of that family
  dp::IpAddress gateway4{}, gateway6{};  // the headend's; unspecified: nothing is sent to it
};

class InsidePort {
 public:
  static constexpr uint32_t kBurst = 64;

  // `port` is started, and so large that `pool`'s buffers hold its frames.
  InsidePort(const InsideConfig& config, const dp::Port& port, rte_mempool* pool) noexcept
      : config_(config), port_(port), pool_(pool) {}

  // Asks for the headend's MAC address, once a second until it is known.
  void poll(dp::Time now) noexcept;
  [[nodiscard]] bool ready() const noexcept { return known_ || nobody_to_ask(); }
  // Up to kBurst IP packets that have come, which the caller frees; answers what is asked of it meanwhile. Packets
  // begin with their IP header, and end with it what it says.
  uint32_t receive(std::span<rte_mbuf*, kBurst> packets) noexcept;
  // Sends IP packets to the headend; buffers have room for an Ethernet header in front. Returns how many were
  // taken; the others stay the caller's, as they were.
  uint32_t send(std::span<rte_mbuf*> packets) noexcept;

  [[nodiscard]] uint64_t other_frames() const noexcept { return other_frames_; }

 private:
  [[nodiscard]] bool nobody_to_ask() const noexcept {
    return config_.gateway4.is_unspecified() && config_.gateway6.is_unspecified();
  }
  // Whether it was an IP packet for whoever asked for them, now without its Ethernet header.
  bool take(rte_mbuf* m) noexcept;
  void arp(const rte_mbuf* m) noexcept;
  bool neighbour_message(const rte_mbuf* m) noexcept;
  void ask4() noexcept;
  void ask6() noexcept;
  void learn(const dp::MacAddress& mac) noexcept {
    gateway_ = mac;
    known_ = true;
  }
  void transmit(const void* frame, uint16_t size) noexcept;

  InsideConfig config_;
  const dp::Port& port_;
  rte_mempool* pool_;
  dp::MacAddress gateway_{};
  bool known_ = false;
  dp::Time next_question_ = 0;
  uint64_t other_frames_ = 0;
};

}  // namespace culvert::replay
