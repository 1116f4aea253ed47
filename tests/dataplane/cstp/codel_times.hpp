// CoDel's own times (RFC 8289 §4.2, §4.3), whatever the round trip.
#pragma once

#include "dataplane/cstp/codel.hpp"

namespace culvert::cstp::test {

inline constexpr CodelTimes kTimes{5'000, 100'000};

}  // namespace culvert::cstp::test
