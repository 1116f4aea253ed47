// What is counted while a crowd is there.
#pragma once

#include <cstdint>

#include "tools/load/reasons.hpp"
#include "tools/replay/histogram.hpp"

namespace culvert::load {

// Attempts of one kind and what came of them.
struct Attempts {
  uint64_t made = 0, worked = 0, failed = 0;
};

struct Tally {
  Attempts log_ins{}, reconnects{}, dtls{};
  Attempts dtls_again{};  // of those of DTLS: by who had tried it before on the same connection
  uint64_t roamed_port = 0, roamed_address = 0, roams_failed = 0, left = 0, vanished = 0;
  uint64_t closed = 0;       // sessions that ended though nobody had asked for it
  uint64_t dtls_closed = 0;  // DTLS tunnels that did
  Reasons failures{}, closings{}, dtls_failures{};
  Reasons suites{};  // of the tunnels that came up

  // Microseconds. From the SYN to CONNECT's answer; from DTLS's first datagram to the end of its handshake; as
  // `setup`, by cookie; from a change of place to the new tunnel (of the address) or to the first answer (of the
  // port); and of echo requests.
  replay::Histogram setup{}, dtls_setup{}, reconnect{}, roam{}, rtt{};

  uint64_t bytes_up = 0, bytes_down = 0;  // of inner packets
  uint64_t damaged = 0, foreign = 0;      // that came down the tunnels
  // Requests that could not be sent, by reason.
  uint64_t later = 0, closed_channel = 0, unfit = 0, no_buffer = 0;
};

}  // namespace culvert::load
