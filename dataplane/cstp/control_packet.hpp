// CSTP packets and TLS alerts that the worker itself sends: DPD, keepalive, DISCONNECT, TERMINATE,
// close_notify.
#pragma once

#include <span>

#include "dataplane/cstp/frame.hpp"
#include "dataplane/cstp/tunnel.hpp"

namespace culvert::cstp {

// Seals and queues one packet. False if there was no buffer or no room: none of these packets is
// worth waiting for.
bool send_packet(Context& c, Tunnel& t, PacketType type, std::span<const uint8_t> payload) noexcept;
// RFC 8446 §6: nothing is sent after a close_notify or a fatal alert.
void send_close_notify(Context& c, Tunnel& t) noexcept;
void send_fatal_alert(Context& c, Tunnel& t, uint8_t description) noexcept;

inline constexpr uint8_t kAlertUnexpectedMessage = 10;
inline constexpr uint8_t kAlertBadRecordMac = 20;
inline constexpr uint8_t kAlertRecordOverflow = 22;

// DPD, keepalive and idle timers of a part of the tunnels, so that each is looked at about once a
// second.
void sweep_timers(Context& c, Time now, Time elapsed) noexcept;

}  // namespace culvert::cstp
