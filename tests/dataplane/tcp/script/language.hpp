// A small language for one connection's segments on a virtual clock, in the manner of packetdrill.
//
// A script is lines; `//` begins a comment. A line that begins with a time happens then, seconds after
// the line before (`+.1`, `+100ms`); nothing may leave in between that no line expects.
//
//   +.1 < S 0:0(0) win 1000 <mss 1460,sackOK,wscale 7>   the peer's segment reaches the endpoint
//   +0 > S. 0:0(0) ack 1 <mss 1380>                      a segment leaves the endpoint
//   +.2~+.3 > . 1:1001(1000) ack 1                       ... between 0.2 and 0.3 seconds later
//   * > . 1:10001(10000/1000) ack 1                      ten segments of 1000 bytes, some time
//   quiet 200ms                                          nothing leaves for so long
//   +.5 ignore                                           what leaves until then is of no interest
//
// Without `~` a segment leaves at most one tick of the timer wheel (1 ms) later than written.
//
// Flags are tcpdump's: S F R P U E W and `.` for ACK; P is compared only if it is written. Sequence and
// ACK numbers count from each side's SYN, which is 0, as the numbers in `sack` do. `ack` belongs to
// every segment with `.`, and to no other. `win` is the field on the wire: sticky for the peer's
// segments, not compared for the endpoint's if left out. Options: mss, wscale, sackOK, nop, eol,
// `sack 1:1001 2001:3001`, `TS val 100 ecr 0` (milliseconds; the endpoint's clock counts from its SYN,
// the peer's from the start of the script; `*` for what is not compared, or for the last value seen).
// If both sides have agreed on timestamps the peer's segments carry them by themselves; `noTS` leaves
// them out. If the endpoint's options are written, all but timestamps are compared, and if not, none.
// The bytes of both streams follow a pattern and are always compared.
//
//   open [win N] [rtt 100ms] <options>       the peer opens the connection; the third ACK has `win`
//   set: KEY VALUE                           EndpointConfig, or peer_isn; before everything else. Pacing is off
//                                            unless set to 1, so that a window leaves at once
//   app: connect                             the endpoint opens the connection
//   app: send N [refused]                    N bytes are queued, or refused
//   app: read N                              N bytes are there, whole, and consumed; `all`: whatever is
//   app: close | abort | release             FIN after the data | RST | the reader forgets it
//   app: keepalive IDLE INTERVAL PROBES
//   icmp: mtu N seq N [REASON]               a router's report about the segment at `seq`; heeded, or dropped
//   expect: event opened|readable|writable|peer-closed|closed|none    the next one, all of its bits
//   expect: state NAME | reason NAME         as in State and CloseReason
//   expect: readable N | send_mss N | path_mtu N | buffers N
//   expect: counter NAME N                   EndpointCounters, since the start
//   expect: drop NAME N                      drops by that reason, since the start; `any`: all of them
//
// app, icmp and expect lines may begin with a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dataplane/tcp/endpoint.hpp"

namespace culvert::tcp::test::script {

// When a line happens, after the one before. `any`: whenever; otherwise from <= time <= to.
struct When {
  Time from = 0;
  Time to = 0;
  bool any = false;
};

struct Stamp {
  std::optional<uint32_t> value;
  std::optional<uint32_t> echo;
};

struct OptionList {
  std::optional<uint16_t> mss;
  std::optional<uint8_t> scale;
  std::optional<Stamp> stamp;
  bool no_stamp = false;
  bool sack_ok = false;
  std::vector<std::pair<uint32_t, uint32_t>> sack;
};

struct SegmentText {
  uint8_t flags = 0;
  uint32_t seq = 0;
  uint32_t size = 0;
  uint32_t cut = 0;  // bytes of each segment; 0: it is one
  std::optional<uint32_t> ack{};
  std::optional<uint16_t> window{};
  std::optional<OptionList> options{};
};

struct Give {
  SegmentText segment;
};
struct Expect {
  SegmentText segment;
};
struct Open {
  uint16_t window = 65535;
  Time rtt = 0;
  OptionList options;
};
struct Quiet {
  Time duration = 0;
};
struct Ignore {};
struct App {
  enum class Verb : uint8_t {
    connect,
    send,
    refused,
    read,
    read_all,
    close,
    abort,
    release,
    keepalive
  };
  Verb verb = Verb::send;
  uint32_t bytes = 0;
  Time idle = 0;
  Time interval = 0;
  uint8_t probes = 0;
};
struct Icmp {
  uint16_t mtu = 0;
  uint32_t seq = 0;
  std::string reason;  // empty: the report is heeded
};
struct Check {
  enum class What : uint8_t {
    event,
    state,
    reason,
    readable,
    send_mss,
    path_mtu,
    buffers,
    counter,
    drop
  };
  What what = What::event;
  std::string name;
  uint64_t value = 0;
};

struct Step {
  int line = 0;
  std::string text;  // as written, without its time and comment
  When when;
  std::variant<Give, Expect, Open, Quiet, Ignore, App, Icmp, Check> action;
};

struct Script {
  Script() { config.pacing = false; }

  std::string name;  // for messages
  EndpointConfig config;
  uint32_t peer_isn = 1000;
  std::vector<Step> steps;
};

}  // namespace culvert::tcp::test::script
