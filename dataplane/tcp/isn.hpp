// Initial sequence numbers and timestamp offsets (RFC 6528 §3, RFC 7323 §5.4): a clock plus a keyed
// hash of the flow.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/packet/address.hpp"
#include "dataplane/tcp/endpoint.hpp"
#include "dataplane/tcp/seq.hpp"
#include "dataplane/tcp/siphash.hpp"

namespace culvert::tcp {

[[nodiscard]] inline uint64_t port_word(const dp::Flow& flow) noexcept {
  return (uint64_t{flow.local_port} << 16) | flow.remote_port;
}

[[nodiscard]] inline std::array<uint64_t, 5> flow_words(const dp::Flow& flow) noexcept {
  const auto local = flow.local.words();
  const auto remote = flow.remote.words();
  return {local[0], local[1], remote[0], remote[1], port_word(flow)};
}

struct InitialNumbers {
  Seq isn;
  uint32_t timestamp_offset;  // milliseconds
};

// `key` is secret and random at start. The clock ticks every 4 µs, so that the numbers of one flow
// go round in 4.55 hours.
[[nodiscard]] inline InitialNumbers initial_numbers(const SipKey& key, const dp::Flow& flow,
                                                    Time now) noexcept {
  const uint64_t hash = siphash<2, 4>(key, flow_words(flow));
  return {Seq{static_cast<uint32_t>(hash) + static_cast<uint32_t>(now / 4)},
          static_cast<uint32_t>(hash >> 32)};
}

}  // namespace culvert::tcp
