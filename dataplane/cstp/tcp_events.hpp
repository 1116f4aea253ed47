// What TCP says of a connection, for the tunnel on it.
#pragma once

#include "dataplane/cstp/input.hpp"
#include "dataplane/tcp/endpoint.hpp"

namespace culvert::cstp {

// Packets that come up go to `up`. The end of the connection is the tunnel's.
void take_event(Context& c, Tunnel& t, const tcp::Event& event, OpenBurst& burst,
                const dp::BatchSink& up, Time now) noexcept;
// Records for which there was no buffer the last time, and those that came right behind a CONNECT. Before the events
// of the same turn: a tunnel that owes reads has its turn here.
void read_owed(Context& c, OpenBurst& burst, const dp::BatchSink& up, Time now) noexcept;

}  // namespace culvert::cstp
