// What the stages write on a packet for the stages after them. Lives in a dynamic mbuf field.
#pragma once

#include <cstdint>

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include "dataplane/packet/address.hpp"

namespace culvert::dp {

// Names one TCP connection, or one side of a DTLS tunnel, of one worker; stale once the slot is used
// again (the generation moves on).
struct ConnId {
  uint32_t worker : 8 = 0;
  uint32_t slot : 24 = 0;
  uint32_t generation = 0;  // 0 names no connection

  constexpr ConnId() = default;
  constexpr ConnId(uint32_t of_worker, uint32_t in_slot, uint32_t in_generation) noexcept
      : worker(of_worker & 0xff), slot(in_slot & 0xffffff), generation(in_generation) {}
  friend constexpr bool operator==(const ConnId&, const ConnId&) = default;
};
static_assert(sizeof(ConnId) == 8);

// Why a packet is in a ring to another worker.
enum class Handoff : uint8_t {
  none,
  outside,      // an IP packet for this box whose flow the other worker owns (L2 stripped)
  tunnel,       // an inner packet that passed home's checks; `conn` seals it
  inner_down,   // an inner packet whose home is the other worker (L2 stripped)
  transmit,     // a finished frame for port `port`, of which the other worker has the tx queue
  neighbour,    // a copy of an ARP/ND message that every worker learns from (with L2)
  datagram,     // a UDP datagram to this box for the other worker to deal with (L2 stripped)
  dtls_seek,    // the same, of a flow that nobody knows: is it a client's that has moved?
  dtls_reply,   // a CDTP packet, type byte first; the transmit side `conn` sends it
  path_report,  // an ICMP message about a flow that may be the other worker's (L2 stripped)
  dtls_move,    // no packet: where the client of the transmit side `conn` is now (dtls/move.hpp)
};

struct PacketMeta {
  ConnId conn;
  uint16_t port = 0;  // DPDK port the packet came from, or goes to
  Handoff handoff = Handoff::none;
  uint8_t family = 0;    // 4 or 6 once classified
  uint16_t l3_size = 0;  // bytes of IP header(s) incl. options
  uint16_t l4_size = 0;  // bytes of transport header
  // On the way up: the session's own addresses, the only sources that the packet may have. Live
  // as long as the tunnel's slot, that is, as the worker.
  const InnerAddresses* inner_source = nullptr;
};
// The field shares 36 bytes with those of drivers: net_pcap wants 8 for its time stamps.
static_assert(sizeof(PacketMeta) <= 24);

// Registers the field; once, after rte_eal_init, before the first packet. Throws
// std::runtime_error.
void register_packet_meta();

namespace detail {
extern int packet_meta_offset;
}

[[nodiscard]] inline PacketMeta& meta(rte_mbuf* m) noexcept {
  return *RTE_MBUF_DYNFIELD(m, detail::packet_meta_offset, PacketMeta*);
}

}  // namespace culvert::dp
