// How much the layer above may hand over, and how much it should: what is queued here can neither be
// dropped nor overtaken any more, so whoever has a queue of his own keeps this one short.
#include <algorithm>

#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

uint32_t Machine::send_room(const Connection& c) const noexcept {
  const uint32_t cost = c.send.cost();
  if (!c.may_send() || c.fin_queued || pressed(cost) || cost >= send_limit_) return 0;
  return c.send.room();
}

// Bytes of new data that TCP would let out now. What is lost goes out first, so it counts as if it were
// on its way again.
uint32_t Machine::sendable(const Connection& c) const noexcept {
  const Seq edge = c.snd_una + c.snd_wnd;
  const uint32_t offered = c.snd_nxt < edge ? edge - c.snd_nxt : 0;
  const uint32_t taken = pipe(c) + c.sent.lost_bytes();
  const uint32_t window = send_window(c);
  const uint32_t both = std::min(offered, window > taken ? window - taken : 0);
  if (!paced(c)) return both;
  // No more leaves until somebody asks again than what the pacer lets out in three ticks, at its
  // fastest: two windows a round trip.
  const uint64_t paced = uint64_t{window} * 6 * TimerWheel::kTick / c.rtt.smoothed();
  return static_cast<uint32_t>(std::min<uint64_t>(both, std::max<uint64_t>(paced, 2u * c.mss)));
}

// With a segment's worth more than can leave, no segment leaves that is not full although more
// is waiting, the window stays the limit that RFC 7661 wants to see before it grows, and there is
// always a byte to probe a closed window with (RFC 9293 §3.8.6.1).
uint32_t Machine::wanted_bytes(const Connection& c) const noexcept {
  if (send_room(c) == 0) return 0;
  const uint32_t most = sendable(c) + c.mss;
  const uint32_t unsent = c.unsent();
  return most > unsent ? most - unsent : 0;
}

}  // namespace culvert::tcp
