// What hostile clients send.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dataplane/packet/address.hpp"
#include "tools/culvert-delay/split_mix.hpp"

namespace culvert::load {

// A ClientHello record as OpenSSL makes it, for `server_name` (empty: without one). Throws std::runtime_error if
// OpenSSL makes none.
[[nodiscard]] std::vector<uint8_t> client_hello(const std::string& server_name);

// Up to 2000 bytes; one in three begins as if it were TLS, one as if it were a request.
[[nodiscard]] std::vector<uint8_t> garbage(delay::SplitMix64& chance);
// Up to 200 bytes; most begin as a DTLS record does.
[[nodiscard]] std::vector<uint8_t> garbage_datagram(delay::SplitMix64& chance);

// An address that nobody has: of 198.18.0.0/15 (RFC 2544) or 2001:2::/48 (RFC 5180), by the family of `like`.
[[nodiscard]] dp::IpAddress address_of_nobody(const dp::IpAddress& like, delay::SplitMix64& chance);

// Whole IP packets with their checksums; as many bytes as fit `room` and are needed are written and counted. 0: it
// does not fit.
[[nodiscard]] size_t write_syn(std::span<uint8_t> room, const dp::Flow& flow, uint32_t sequence);
[[nodiscard]] size_t write_datagram(std::span<uint8_t> room, const dp::Flow& flow,
                                    std::span<const uint8_t> data);

}  // namespace culvert::load
