// What DTLS set-up may cost, and what it has seen.
#pragma once

#include <cstdint>

namespace culvert::control {

struct DtlsLimits {
  unsigned handshakes = 1024;  // under way, about 70 KB each
  unsigned per_source = 64;    // of them, of one client: source_of()
  unsigned per_session = 4;    // under way, or done and not heard under the new keys yet
  // From so many at once on, a client must show that it receives what is sent to its address; one
  // that comes from where its TLS connection comes from only at twice as many.
  unsigned cookie_from = 64;
  unsigned waiting_datagrams = 16;  // of one handshake
  unsigned waiting_bytes = 32768;
  unsigned handshake_s = 20;  // from the first datagram to the first data under the new keys
};

// Counted since the start.
struct DtlsStats {
  uint64_t datagrams = 0;
  uint64_t strays = 0;           // no ClientHello, and of no handshake that is under way
  uint64_t unsupported = 0;      // a ClientHello of another version than was announced
  uint64_t unknown_id = 0;       // a ClientHello whose session id nobody was given
  uint64_t verify_requests = 0;  // HelloVerifyRequests that were sent
  uint64_t limited = 0;          // over one of the limits
  uint64_t jobs_refused = 0;     // the queue of the handshake pool was full
  uint64_t no_slot = 0;          // a worker has no room for another tunnel
  uint64_t begun = 0;
  uint64_t done = 0;
  uint64_t failed = 0;
  uint64_t timeouts = 0;
  uint64_t up = 0;     // tunnels that clients have been heard on
  uint64_t moved = 0;  // clients that went on from another address or port
};

}  // namespace culvert::control
