// Tail loss probes (RFC 8985 §7): when nothing has come back for two round trips the last segment is
// sent again, or a new one, so that its ACK shows what is missing, before the timeout has to. Drops:
// none.
#include <algorithm>

#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

using dp::TcpHeader;

// §7.2. Called whenever the retransmission timer was set or new data left.
void Machine::arm_tail_probe(Connection& c) noexcept {
  const bool wanted = c.sack && c.recovery == Recovery::open && !c.tail_probe.outstanding &&
                      c.sent.sacked_bytes() == 0 && c.flight() > 0 && c.snd_wnd > 0 &&
                      c.rtt.smoothed() != 0 && c.backoff == 0;
  if (!wanted) return disarm(c, Timer::probe);
  constexpr Time kMaxAckDelay = 200'000;
  // A lone segment's ACK may be delayed. Otherwise two ticks more, as in Linux, or on a short path every
  // hiccup would bring a probe.
  const Time grace = c.flight() <= c.mss ? kMaxAckDelay : 2 * TimerWheel::kTick;
  const Time timeout = 2 * c.rtt.smoothed() + grace;
  arm(c, Timer::probe, std::min(now_ + timeout, c.deadline(Timer::retransmit)));
}

// §7.3.
void Machine::send_tail_probe(Connection& c) noexcept {
  if (c.flight() == 0 || c.recovery != Recovery::open || c.tail_probe.outstanding) return;
  const Seq edge = c.snd_una + c.snd_wnd;
  const uint32_t room = c.snd_nxt < edge ? edge - c.snd_nxt : 0;
  const uint32_t fresh = std::min({c.unsent(), payload_limit(c), room});
  if (fresh > 0 && (fresh == c.unsent() || fresh == payload_limit(c))) {
    if (!send_fresh(c, fresh)) return;
    c.tail_probe.retransmission = false;
  } else {
    const SentRange* last = c.sent.last_unsacked();
    if (last == nullptr) return;
    const uint32_t size = std::min(last->end - last->start, payload_limit(c));
    if (!send_again(c, last->end - size, size)) return;
    c.tail_probe.retransmission = true;
  }
  dp::count(counters_.tail_probes);
  c.tail_probe.outstanding = true;
  c.tail_probe.end = c.snd_nxt;
  arm(c, Timer::retransmit, now_ + c.rtt.rto(c.backoff));
}

// §7.4.2: if the probe was a retransmission and only one copy arrived, it has repaired a loss, which
// says the same of the path as any other. That there was one copy only what came later tells.
void Machine::judge_tail_probe(Connection& c, const Segment& s, const News& news) noexcept {
  if (s.ack < c.tail_probe.end) return;
  const bool both = news.dsack && news.duplicate.end == c.tail_probe.end;
  if (!c.tail_probe.retransmission || both) {
    c.tail_probe.outstanding = false;
  } else if (s.ack > c.tail_probe.end) {
    c.tail_probe.outstanding = false;
    if (c.recovery != Recovery::open) return;
    c.congestion.on_loss(news.flight);
    c.congestion.on_repaired();
  } else if (news.acked == 0 && s.size == 0 && s.options.sack_count == 0) {
    c.tail_probe.outstanding = false;  // a duplicate ACK of a peer that does not say of what
  }
}

}  // namespace culvert::tcp
