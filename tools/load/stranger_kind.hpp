// Who comes to a headend besides its clients.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace culvert::load {

enum class StrangerKind : uint8_t {
  garbage,         // opens a connection and sends what is no TLS
  half_handshake,  // a part of a ClientHello, and no more
  half_tls,     // a whole ClientHello, whose answer costs the headend a key exchange; then silence
  slow,         // a ClientHello, a byte at a time
  syn,          // a SYN from an address that answers nothing
  garbage_udp,  // datagrams that are no DTLS, or only begin like it
};
inline constexpr size_t kStrangerKinds = 6;

// As on the command line and in reports.
inline constexpr std::array<std::string_view, kStrangerKinds> kStrangerNames{
    "garbage", "half-handshake", "half-tls", "slow", "syn", "garbage-udp"};

// Of each kind so many a second; 0: none.
using StrangerRates = std::array<double, kStrangerKinds>;

}  // namespace culvert::load
