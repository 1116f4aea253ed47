// One connection's numbers, and its segments in the notation of the scripts.
#pragma once

#include <string>

#include "tests/dataplane/tcp/script/language.hpp"
#include "tests/dataplane/tcp/wire.hpp"

namespace culvert::tcp::test::script {

// What the relative numbers of a script count from.
struct Origin {
  Seq isn;             // the peer's SYN
  Seq iss;             // the endpoint's; 0 until it is known
  uint32_t stamp = 0;  // the endpoint's timestamp in its SYN
  uint32_t clock = 0;  // the peer's timestamp at the start of the script
};

// Where the two streams' patterns begin, so that bytes of one are not taken for the other's.
inline constexpr size_t kPeerPattern = 0;
inline constexpr size_t kOwnPattern = 7777;

// ". 1:1001(1000) ack 1 win 512 <TS val 20 ecr 0>"
[[nodiscard]] std::string written(const Sent& sent, const Origin& origin);
// What in `sent` is not as `want` has it: "the window"; empty if all is. `size`: payload bytes, `at`:
// the sequence number, both of this piece of `want`.
[[nodiscard]] std::string difference(const SegmentText& want, uint32_t at, uint32_t size,
                                     const Sent& sent, const Origin& origin);

}  // namespace culvert::tcp::test::script
