// DPD and keepalive of DTLS tunnels.
#pragma once

#include "dataplane/dtls/context.hpp"

namespace culvert::dtls {

// Looks at a part of the tunnels, so that each is looked at about once a second (`elapsed` is the
// time since the last call).
//
// DPD, by the receive side: a request after half an interval of silence and then every quarter; after
// a whole one control hears dtls_silent. That is sooner than with TLS (cstp/control_packet.cpp),
// where the end of a channel is the end of the tunnel: here traffic only goes on over TLS, within the
// DPD time, and comes back with the first record that gets through.
//
// While packets go down it is sooner still: a client that has got a new port and hears nothing says
// nothing, so that its tunnel cannot move. After four seconds without a sign of it the packets go
// over TLS, which makes it speak, and its first record brings the tunnel to its new port.
void sweep_timers(Context& c, Time now, Time elapsed) noexcept;

}  // namespace culvert::dtls
