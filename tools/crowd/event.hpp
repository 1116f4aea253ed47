// What happened to a member, or to a stranger.
#pragma once

#include <cstdint>
#include <string>

#include "tools/crowd/member.hpp"

namespace culvert::crowd {

enum class EventKind : uint8_t {
  established,  // the tunnel works over TLS, after log_in(), reconnect() or roam()
  dtls_up,  // and over DTLS: its handshake is done. `count`: which one it was of this connection, from 1
  refused,      // the set-up failed: `why`. The member is idle, or parted if it has a cookie yet
  closed,       // the tunnel is gone: `why`. Likewise
  dtls_closed,  // DTLS is gone, or did not come about: `why`, `count` as above. TLS goes on
  stranger_open,
  stranger_readable,  // `count` bytes came; they are thrown away
  stranger_closed,    // `why`
};

struct Event {
  EventKind kind{};
  Why why = Why::none;
  MemberId member = 0;  // or the StrangerId
  Time at = 0;
  Time began =
      0;  // established, dtls_up, refused: of log_in() and so on; dtls_up: of its first datagram
  uint64_t count = 0;
  uint16_t http_status = 0;  // refused: the last answer's; 0: there was none
  std::string text{};        // refused, closed: what the peer or OpenSSL said; may be empty
};

}  // namespace culvert::crowd
