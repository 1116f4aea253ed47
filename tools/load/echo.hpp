// The data of a session: echo requests to a host inside, whose answers come down the tunnel, each with the mark of
// its session, its number and the time, and filled with bytes that follow from those.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/packet/address.hpp"
#include "tools/load/time.hpp"

namespace culvert::load {

struct EchoMark {
  uint32_t member = 0;
  uint32_t epoch = 0;   // of the member: a new one whenever its tunnel is disturbed on purpose
  uint32_t number = 0;  // of the member
  Time sent = 0;        // less than 2^48
};

// Bytes of the smallest packet that has room for a mark.
[[nodiscard]] uint16_t smallest_echo(bool ipv6) noexcept;

// Fills `packet`, IP header first. Both addresses are of one family; the size is smallest_echo() at least, and
// 65535 at most.
void write_echo(std::span<uint8_t> packet, const dp::IpAddress& from, const dp::IpAddress& to,
                const EchoMark& mark) noexcept;

enum class EchoVerdict : uint8_t {
  intact,   // each byte behind the headers is what was sent
  damaged,  // an answer of ours that is not
  foreign,  // something else
};
struct EchoReply {
  EchoVerdict verdict = EchoVerdict::foreign;
  EchoMark mark{};  // of what is not foreign
};
[[nodiscard]] EchoReply read_echo_reply(std::span<const uint8_t> packet,
                                        const dp::IpAddress& from) noexcept;

}  // namespace culvert::load
