// CDTP packets to UDP datagrams.
#pragma once

#include <span>

#include "dataplane/cstp/frame.hpp"
#include "dataplane/dtls/context.hpp"

namespace culvert::dtls {

enum class Framing : uint8_t {
  inner_packet,  // IP header first: becomes a DATA packet
  cdtp_packet,   // type byte first
};

// Seals each packet (meta.conn naming a transmit side of this worker) as one record in one datagram
// and sends it on to edges.out. At most dp::kBurst packets. Drops: svc_no_channel, svc_no_prepend.
void output(Context& c, std::span<rte_mbuf*> packets, Framing framing, Time now) noexcept;

// Hands a CDTP packet (type byte first) to the transmit side `transmit`, wherever that is.
void reply(Context& c, const ConnId& transmit, rte_mbuf* packet) noexcept;
// The same with a packet of nothing but a type byte. False if there was no buffer.
bool reply_empty(Context& c, const ConnId& transmit, cstp::PacketType type) noexcept;

// RFC 5246 §7.2.1: the tunnel ends here.
void send_close_notify(Context& c, TransmitSide& side) noexcept;
// A datagram from control, as it is.
void send_datagram(Context& c, const dp::Flow& flow, std::span<const uint8_t> payload) noexcept;

}  // namespace culvert::dtls
