// What a crowd is to do, and when.
#pragma once

#include <cstdint>

#include "tools/load/time.hpp"

namespace culvert::load {

// What changes when a client roams.
enum class RoamTo : uint8_t {
  port,     // a new UDP port under its DTLS tunnel: what a translator does that forgot the flow
  address,  // another address: it comes back with its cookie, as from another network
  both,     // in turns
};

struct Plan {
  uint32_t sessions = 100;
  double rate = 100;      // log-ins a second; 0: as fast as at_once lets
  Time ramp = 0;          // in which the rate rises evenly from nothing
  uint32_t at_once = 64;  // set-ups on their way at the same time, storms excepted

  Time hold = 10 * kSecond;  // from when the last log-in is settled
  // Sessions a second, while they are held. Whose session ends by these is followed by a new log-in.
  double churn = 0;         // leave politely
  double silent_death = 0;  // are not heard of again
  double roam = 0;          // change place
  RoamTo roam_to = RoamTo::both;
  uint32_t storms = 0;  // evenly over the hold: all lose their connection, and come back at once

  uint32_t tries = 3;         // of a log-in or a reconnect, before a client gives up
  Time pause = kSecond;       // between two tries
  Time settle = 1 * kSecond;  // without new data, before they leave
  double leave_rate = 1000;   // a second, at the end
  Time drain = kSecond;       // for what the last of them still have to say
  bool vanish = false;        // at the end they go without a word
  uint64_t seed = 1;
};

}  // namespace culvert::load
