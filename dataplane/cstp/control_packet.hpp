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

// For the client's information; the tunnel lives on.
void send_warning_alert(Context& c, Tunnel& t, uint8_t description) noexcept;
// The last record under the present transmit key (RFC 8446 §4.6.3). False if there was no buffer.
[[nodiscard]] bool send_key_update(Context& c, Tunnel& t) noexcept;

inline constexpr uint8_t kAlertUnexpectedMessage = 10;
inline constexpr uint8_t kAlertBadRecordMac = 20;
inline constexpr uint8_t kAlertRecordOverflow = 22;
inline constexpr uint8_t kAlertIllegalParameter = 47;
inline constexpr uint8_t kAlertNoRenegotiation = 100;

// Counts something of the client's that is left out; the tunnel lives on.
void refuse(Context& c, Tunnel& t, dp::DropReason reason) noexcept;
// Ends the tunnel with a fatal alert: the stream cannot be trusted any more.
void fail(Context& c, Tunnel& t, dp::DropReason reason, uint8_t alert, EndReason why) noexcept;

// DPD and keepalive timers of a part of the tunnels, so that each is looked at about once a second.
// (Idle timeouts are control's: data on either channel keeps a session alive.)
void sweep_timers(Context& c, Time now, Time elapsed) noexcept;

}  // namespace culvert::cstp
