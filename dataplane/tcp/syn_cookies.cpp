// Making and checking of SYN cookies.
#include "dataplane/tcp/syn_cookies.hpp"

#include <algorithm>

#include "dataplane/tcp/isn.hpp"

namespace culvert::tcp {

namespace {

constexpr uint32_t kHashBits = 28;
constexpr uint32_t kHashMask = (1u << kHashBits) - 1;

// In the timestamp: four bits of window scale, of which one value says that there is none, and SACK.
constexpr uint32_t kNoScale = 15;
constexpr uint32_t kSackBit = 16;
constexpr uint32_t kStampMask = 31;
static_assert(kMaxWindowScale < kNoScale);

}  // namespace

const SipKey& SynCookies::secret(uint64_t period) noexcept {
  Secret& s = secrets_[period & 1];
  if (s.period != period) {
    s.period = period;
    s.key.k0 = siphash<2, 4>(key_, std::array<uint64_t, 2>{period, 0});
    s.key.k1 = siphash<2, 4>(key_, std::array<uint64_t, 2>{period, 1});
  }
  return s.key;
}

uint32_t SynCookies::hash(const SipKey& key, const dp::Flow& flow, Seq peer,
                          uint32_t index) noexcept {
  const auto words = flow_words(flow);
  const uint64_t number = uint64_t{peer.v} << 8 | index;
  const std::array<uint64_t, 6> all{words[0], words[1], words[2], words[3], words[4], number};
  return static_cast<uint32_t>(siphash<2, 4>(key, all)) & kHashMask;
}

Seq SynCookies::make(const dp::Flow& flow, Seq peer, uint16_t mss, Time now) noexcept {
  const uint64_t period = now / kPeriod;
  made_ = true;
  last_period_ = period;
  uint32_t index = static_cast<uint32_t>(kSizes.size()) - 1;
  while (index > 0 && kSizes[index] > mss)
    --index;
  const auto odd = static_cast<uint32_t>(period & 1);
  return Seq{odd << 31 | index << kHashBits | hash(secret(period), flow, peer, index)};
}

uint16_t SynCookies::check(const dp::Flow& flow, Seq peer, Seq cookie, Time now) noexcept {
  const uint64_t now_period = now / kPeriod;
  const uint64_t age = (now_period ^ cookie.v >> 31) & 1;  // in periods
  if (age > now_period) return 0;
  const uint32_t index = cookie.v >> kHashBits & 7;
  const uint32_t wanted = hash(secret(now_period - age), flow, peer, index);
  // One comparison of whole words: nothing that a clock could tell of single bits.
  return wanted == (cookie.v & kHashMask) ? kSizes[index] : uint16_t{0};
}

uint32_t SynCookies::stamp(uint32_t clock, const Options& syn) noexcept {
  const uint32_t bits =
      (syn.has_window_scale ? syn.window_scale : kNoScale) | (syn.sack_permitted ? kSackBit : 0);
  const uint32_t stamped = (clock & ~kStampMask) | bits;
  return static_cast<int32_t>(stamped - clock) > 0 ? stamped - (kStampMask + 1) : stamped;
}

void SynCookies::read_stamp(uint32_t echo, Options& syn) noexcept {
  const uint32_t scale = echo & kNoScale;
  syn.has_window_scale = scale != kNoScale;
  syn.window_scale = static_cast<uint8_t>(syn.has_window_scale ? scale : 0);
  syn.sack_permitted = (echo & kSackBit) != 0;
}

}  // namespace culvert::tcp
