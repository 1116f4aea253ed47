// What callers know of one member of a crowd: one AnyConnect client.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/packet/address.hpp"
#include "dataplane/packet/time.hpp"

namespace culvert::crowd {

using dp::Time;  // microseconds, monotonic: dp::Clock

using MemberId = uint32_t;  // 0 .. CrowdConfig::members - 1

enum class Channel : uint8_t { tls, dtls };

enum class MemberState : uint8_t {
  idle,    // has no session; log_in() makes one
  setup,   // TCP, TLS, log-in or CONNECT are under way
  up,      // the tunnel works
  parted,  // the connection is gone, but the cookie is kept: reconnect() may bring the session back
};

// Why a set-up failed, a connection ended, or DTLS did not come about.
enum class Why : uint8_t {
  none,
  no_flow,          // no source port was free, or no slot of TCP
  refused_by_tcp,   // a reset instead of SYN-ACK
  timed_out,        // of TCP, or nobody answers
  tls_failed,       // the handshake
  http_failed,      // an answer that is none, or of another status than expected
  not_let_in,       // user, password or group were refused
  cookie_refused,   // the headend does not know the session any more
  connect_refused,  // CONNECT was
  no_common_suite,  // what was agreed on is none that the record layer carries
  dtls_failed,      // no answer in time, or the handshake failed
  closed_by_peer,   // FIN, close_notify, TERMINATE or DISCONNECT
  reset_by_peer,
  bad_record,  // the peer's records are not authentic, or are no CSTP
  dead_peer,   // DPD
  key_worn_out,  // our own key has sealed as much as it may, and there is no way to another (TLS 1.2, DTLS)
  by_request,  // leave(), cut(), vanish(), roam()
};
[[nodiscard]] std::string_view to_string(Why why) noexcept;  // "timed out"

// What the headend granted, and how the tunnels are sealed. Valid in state `up`.
struct Membership {
  dp::InnerAddresses inner;
  uint16_t tls_mtu = 0;  // bytes of an inner packet; 0: none was announced
  uint16_t dtls_mtu = 0;
  std::string_view tls_suite;  // OpenSSL's names; empty: there is no such channel
  std::string_view dtls_suite;
  // RFC 7366, of suites with CBC.
  bool tls_encrypt_then_mac = false, dtls_encrypt_then_mac = false;
  bool dtls_up = false;
};

// Inner packets and their bytes, of the member's present tunnels and all before.
struct Traffic {
  uint64_t sent_packets = 0, sent_bytes = 0;
  uint64_t received_packets = 0, received_bytes = 0;
};

}  // namespace culvert::crowd
