// Segments of one burst that follow one another in one connection become one, as a card with LRO would have
// made them, which most do not offer: each further one then costs no look at the connection. Drops: none.
#pragma once

#include "dataplane/tcp/segment.hpp"

namespace culvert::tcp {

// Moves the payload of `next` behind that of `first`, which then says what `next` said, if nothing is lost by
// that: data of the same flow in sequence, no flag but ACK and PSH, no SACK, and neither an acknowledgment
// nor a timestamp that goes back. False, and both are as they were, otherwise.
[[nodiscard]] bool coalesce(Segment& first, Segment& next) noexcept;

}  // namespace culvert::tcp
