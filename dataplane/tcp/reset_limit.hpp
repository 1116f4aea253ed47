// How many resets are sent for segments of no connection (RFC 9293 §3.10.7.1), so that a flood of such
// segments is not answered by a flood of resets.
//
// A limit that all share can be read from outside: who spends some of it with forged segments and counts
// what is left learns whether the forged ones were answered, that is, whether a connection exists
// (CVE-2016-5696 did so with challenge ACKs). So the limit is each remote address's own, and three things
// keep those apart that share a place in the small table: which addresses do is a secret, it is another secret
// each second, and so is each place's limit.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/packet/address.hpp"
#include "dataplane/tcp/endpoint.hpp"
#include "dataplane/tcp/siphash.hpp"

namespace culvert::tcp {

class ResetLimit {
 public:
  // A second's resets to one address: the least, and how many more there may be.
  static constexpr uint32_t kLeast = 64;
  static constexpr uint32_t kSpread = 64;
  static constexpr uint32_t kPlaces = 1024;  // so that 128 Ki resets a second are the most

  explicit ResetLimit(const SipKey& key) noexcept : key_(key) {}

  // Whether one more may be sent there now. IPv6 hosts have a /64 each (RFC 4291 §2.5.4).
  [[nodiscard]] bool allows(const dp::IpAddress& remote, Time now) noexcept {
    const uint64_t second = now / 1'000'000;
    if (second != second_) {
      second_ = second;
      sent_.fill(0);
    }
    const auto words = remote.words();
    const std::array<uint64_t, 3> input{words[0], remote.is_v4() ? words[1] : 0, second};
    const uint64_t hash = siphash<1, 3>(key_, input);
    const auto place = static_cast<uint32_t>(hash % kPlaces);
    // The same for all who are in this place in this second.
    const uint64_t limit =
        kLeast + siphash<1, 3>(key_, std::array{second, uint64_t{place}}) % kSpread;
    if (sent_[place] >= limit) return false;
    ++sent_[place];
    return true;
  }

 private:
  SipKey key_;
  uint64_t second_ = ~uint64_t{0};
  std::array<uint8_t, kPlaces> sent_{};
};

}  // namespace culvert::tcp
