// Inner packets to TCP bytes.
#pragma once

#include <span>

#include "dataplane/cstp/tunnel.hpp"

namespace culvert::cstp {

// Each packet (inner IP header first, meta.conn naming a tunnel of this worker) becomes one record and
// is queued, at once or, if TCP could not send it soon, when output_waiting() finds that it can. At most
// dp::kBurst packets.
void output(Context& c, std::span<rte_mbuf*> packets, Time now) noexcept;

// The tunnel's TCP has room again (event::kRoom).
void has_room(Context& c, Tunnel& t) noexcept;
// Goes on with the packets of such tunnels, in turns. Once a loop, before TCP sends. True: there is
// more to do at once.
bool output_waiting(Context& c, Time now) noexcept;

}  // namespace culvert::cstp
