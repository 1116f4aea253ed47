// Clients that turn up under another port, because a translator on the way has forgotten them or
// they have roamed.
//
// A DTLS 1.2 record does not say whose it is. So a record of an unknown flow is opened with the keys
// of those clients that were heard last from the same address, within limits, and if one fits the
// tunnel moves, both ways at once. Only a record newer than all before moves a tunnel: else somebody
// on the way who delays or repeats records could (RFC 9146 §6).
#pragma once

#include "dataplane/dtls/context.hpp"
#include "dataplane/dtls/datagram.hpp"
#include "dataplane/dtls/record_walk.hpp"

namespace culvert::dtls {

// Tries `record` of the datagram with the tunnels of this worker. Returns the one that it belongs to,
// which has been moved to the datagram's flow, or nullptr. `landed`: the worker on which the flow's
// datagrams land.
[[nodiscard]] ReceiveSide* find_moved(Context& c, const Datagram& datagram, const Record& record,
                                      uint8_t landed, Time now) noexcept;

// Tells the transmit side where its client is now. What gets lost on the way is repeated by
// repeat_move().
void tell_transmit_side(Context& c, const ReceiveSide& side) noexcept;
// The packet of Handoff::dtls_move arrived; takes it.
void take_move(Context& c, rte_mbuf* notice) noexcept;

}  // namespace culvert::dtls
