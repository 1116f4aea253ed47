// The far end of tunnels: a port on the headend's inside, that answers for its own addresses, knows the headend's MAC
// address, and hands out IP packets.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <rte_mbuf.h>

#include "dataplane/neighbour/link.hpp"
#include "dataplane/packet/address.hpp"
#include "dataplane/packet/headers.hpp"
#include "dataplane/packet/time.hpp"
#include "dataplane/port/port.hpp"

namespace culvert::replay {

struct InsideConfig {
  dp::IpAddress own4{}, own6{};                 // unspecified: none of that family
  dp::IpAddress gateway4{}, gateway6{};         // the headend's; unspecified: nothing is sent to it
  std::optional<dp::MacAddress> gateway_mac{};  // if it is known: otherwise it is asked for
};

class InsidePort {
 public:
  static constexpr uint32_t kBurst = 64;

  // `port` is started, and so large that `pool`'s buffers hold its frames.
  InsidePort(const InsideConfig& config, const dp::Port& port, rte_mempool* pool);

  // Asks for the headend's MAC address, once a second until it is known, and sends what receive() answered.
  void poll(dp::Time now) noexcept;
  [[nodiscard]] bool ready() const noexcept { return known_ || nobody_to_ask(); }
  // Up to kBurst IP packets that have come, which the caller frees; answers what is asked of it meanwhile. Packets
  // begin with their IP header, and end with it what it says.
  uint32_t receive(std::span<rte_mbuf*, kBurst> packets) noexcept;
  // Sends IP packets to the headend; buffers have room for an Ethernet header in front. Returns how many were
  // taken; the others stay the caller's, as they were.
  uint32_t send(std::span<rte_mbuf*> packets) noexcept;

 private:
  [[nodiscard]] bool nobody_to_ask() const noexcept {
    return config_.gateway4.is_unspecified() && config_.gateway6.is_unspecified();
  }
  // Whether it was an IP packet for whoever asked for them, now without its Ethernet header.
  bool take(rte_mbuf* m) noexcept;
  void arp(rte_mbuf* m) noexcept;
  bool neighbour_message(rte_mbuf* m) noexcept;
  void ask() noexcept;
  void learn(const dp::MacAddress& mac) noexcept {
    gateway_ = mac;
    known_ = true;
  }

  InsideConfig config_;
  const dp::Port& port_;
  dp::DropCounters drops_;
  dp::PortTx tx_;                     // of ARP and neighbour discovery; packets go past it
  dp::NeighbourCache no_neighbours_;  // the link's, of which the one neighbour here has no need
  dp::InterfaceTable no_interfaces_;
  dp::Interface interface_;
  dp::LinkContext link_;
  dp::MacAddress gateway_{};
  bool known_ = false;
  dp::Time next_question_ = 0;
};

}  // namespace culvert::replay
