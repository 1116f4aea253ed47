// SYN cookies (RFC 4987 §3.6): while the backlog is full, what a SYN said goes into the SYN-ACK's numbers, and
// comes back in the ACK of whoever really has the address. Nothing is kept in between.
//
// The initial sequence number: 1 bit tells which minute's secret, 3 bits which MSS, 28 are a keyed hash
// of the flow, the peer's initial number and the MSS. Who guesses has one chance in 2^28 a segment.
// A peer with timestamps gets window scaling and SACK as well, in the low bits of our timestamp.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/packet/address.hpp"
#include "dataplane/tcp/endpoint.hpp"
#include "dataplane/tcp/options.hpp"
#include "dataplane/tcp/seq.hpp"
#include "dataplane/tcp/siphash.hpp"

namespace culvert::tcp {

class SynCookies {
 public:
  // How long one secret makes cookies. Those that it made are good for as long again, so that a cookie
  // lives for one to two periods.
  static constexpr Time kPeriod = 64'000'000;
  // Announced segment sizes are rounded down to one of these. The least is what a connection uses at
  // least, whatever its peer wants.
  static constexpr std::array<uint16_t, 8> kSizes{88, 536, 1024, 1220, 1300, 1380, 1440, 1460};

  // The periods' secrets are derived from `key`, which is secret and random.
  explicit SynCookies(const SipKey& key) noexcept : key_(key) {}

  // For the SYN-ACK to a SYN that has the number `peer` and announced `mss`.
  [[nodiscard]] Seq make(const dp::Flow& flow, Seq peer, uint16_t mss, Time now) noexcept;
  // The MSS, rounded down, if `cookie` was made for this flow and number and is not too old; 0 otherwise.
  [[nodiscard]] uint16_t check(const dp::Flow& flow, Seq peer, Seq cookie, Time now) noexcept;
  // Whether any that was made is still good: else no ACK can be the answer to one.
  [[nodiscard]] bool outstanding(Time now) const noexcept {
    return made_ && now / kPeriod <= last_period_ + 1;
  }

  // `clock`, or at most 32 less, with window scale and SACK of the SYN in its low five bits: never ahead of
  // the clock, which the connection's timestamps follow (RFC 7323 §5.4).
  [[nodiscard]] static uint32_t stamp(uint32_t clock, const Options& syn) noexcept;
  // What stamp() put in there.
  static void read_stamp(uint32_t echo, Options& syn) noexcept;

 private:
  [[nodiscard]] const SipKey& secret(uint64_t period) noexcept;
  [[nodiscard]] static uint32_t hash(const SipKey& key, const dp::Flow& flow, Seq peer,
                                     uint32_t index) noexcept;

  struct Secret {
    uint64_t period = ~uint64_t{0};
    SipKey key;
  };
  SipKey key_;
  std::array<Secret, 2> secrets_;  // of even and odd periods
  uint64_t last_period_ = 0;       // in which a cookie was made
  bool made_ = false;
};

}  // namespace culvert::tcp
