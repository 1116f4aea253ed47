// What an ACK means for what is lost and for the congestion window: RACK (RFC 8985 §6) or, without
// SACK, three duplicates (RFC 6582); PRR (RFC 6937); whether a recovery was needless (RFC 5682, RFC 3522,
// RFC 3708). Drops: none.
#include <algorithm>

#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

uint32_t Machine::send_window(const Connection& c) noexcept {
  return c.recovery == Recovery::fast ? c.prr.window() : c.congestion.window();
}

void Machine::repair(Connection& c, const Segment& s, const News& news) noexcept {
  measure(c, news, s);
  if (c.tail_probe.outstanding) judge_tail_probe(c, s, news);
  // A tail probe that arrived twice says nothing of the order.
  const bool twice = news.dsack && news.duplicate.end != c.tail_probe.end;
  if (c.sack) c.rack.on_ack(twice, c.snd_una, c.snd_nxt);
  judge_recovery(c, s, news);
  if (c.sack) {
    detect_losses(c);
  } else {
    count_duplicates(c, news);
  }
  if (c.recovery != Recovery::open && c.snd_una >= c.recover) leave_recovery(c);
  if (c.recovery == Recovery::open && c.sent.lost_bytes() > 0) enter_recovery(c, news.flight);
  adapt_window(c, news);
  // RFC 6298 §5.2 and §5.3, RFC 8985 §7.2.
  if (c.flight() == 0) {
    disarm(c, Timer::retransmit);
    disarm(c, Timer::probe);
    disarm(c, Timer::reorder);
  } else if (news.delivered > 0 || news.acked > 0) {
    arm_retransmit(c);
  }
}

void Machine::measure(Connection& c, const News& news, const Segment& s) noexcept {
  if (news.last_rtt != 0) c.min_rtt.sample(news.last_rtt, now_);
  if (news.acked == 0) return;
  // Karn (RFC 6298 §3): what came long ago may be covered only now, by the answer to what was sent again. Without
  // SACK what an ACK covers may have waited behind the hole.
  const bool timed = news.first_rtt != 0 && !news.again && (c.sack || c.recovery == Recovery::open);
  // RFC 7323 Appendix G: every second segment is acknowledged.
  const uint32_t expected = std::max(1u, news.flight / (2u * c.mss));
  if (timed) {
    c.rtt.sample(news.first_rtt, expected);
  } else if (c.timestamps && !news.stale) {
    // Nor is there one if an earlier copy came and its ACK got lost: a duplicate changes no echo (RFC 7323 §5.3 R2
    // comes before R3), so that the echo's age holds the timeout.
    measure_by_echo(c, s, expected);
  }
}

// RFC 8985 §6.2 steps 4 and 5.
void Machine::detect_losses(Connection& c) noexcept {
  if (c.sent.sacked_bytes() == 0 && c.recovery == Recovery::open) {
    disarm(c, Timer::reorder);
    return;  // nothing that was sent later has arrived
  }
  const uint32_t sacked = (c.sent.sacked_bytes() + c.mss - 1) / c.mss;
  const Time window =
      c.rack.window(c.recovery != Recovery::open, sacked, c.min_rtt.value(), c.rtt.smoothed());
  Time wait = 0;
  c.sent.detect(max(c.rack.highest_delivered(), c.high_rxt), [&](const SentRange& range) noexcept {
    const Time patience = c.rack.patience(range, window, now_);
    if (patience != Rack::kForEver) wait = std::max(wait, patience);
    return patience == 0;
  });
  if (wait > 0) {
    arm(c, Timer::reorder, now_ + wait);
  } else {
    disarm(c, Timer::reorder);
  }
}

// What was overtaken has not come within the reordering window.
void Machine::on_reorder_timer(Connection& c) noexcept {
  const uint32_t flight = c.flight();
  const uint32_t before = c.sent.lost_bytes();
  detect_losses(c);
  if (c.sent.lost_bytes() == before) return;
  if (c.recovery == Recovery::open) enter_recovery(c, flight);
  News nothing = news_before(c);
  nothing.lost = before;
  adapt_window(c, nothing);
  activate(c);
}

// RFC 6582 §3.2, for a peer that does not select: the third duplicate says that the first segment is
// lost, a partial ACK that the next one is.
void Machine::count_duplicates(Connection& c, const News& news) noexcept {
  const bool partial = c.recovery == Recovery::fast && news.acked > 0 && c.snd_una < c.recover;
  // Step 1: duplicates of what a timeout sent again prove nothing.
  const bool third =
      c.recovery == Recovery::open && c.dup_acks >= Rack::kDupThresh && c.snd_una > c.recover;
  if (partial || third) c.sent.lose_front(sent_pool_, payload_limit(c));
}

void Machine::enter_recovery(Connection& c, uint32_t flight) noexcept {
  dp::count(counters_.fast_retransmits);
  remember_for_undo(c);
  c.recovery = Recovery::fast;
  c.recover = c.snd_nxt;
  c.high_rxt = c.snd_una;
  c.congestion.on_loss(flight);
  c.prr.start(flight);
  // The copy that a tail probe sent may have been needed.
  if (c.tail_probe.outstanding && c.tail_probe.retransmission) c.undo.doubtful = c.mss;
  c.tail_probe.outstanding = false;
  disarm(c, Timer::probe);
}

void Machine::leave_recovery(Connection& c) noexcept {
  if (c.recovery == Recovery::fast) c.congestion.on_repaired();
  stop_repairing(c);
  c.undo.until = c.snd_nxt;
  c.rack.on_recovery_over();
}

void Machine::stop_repairing(Connection& c) noexcept {
  c.recovery = Recovery::open;
  c.suspicion = Suspicion::none;
  c.force_retransmit = false;
  c.dup_acks = 0;
}

void Machine::remember_for_undo(Connection& c) noexcept {
  c.undo.saved = c.congestion.save();
  c.undo.first_stamp = 0;
  c.undo.doubtful = 0;
  c.undo.until = c.snd_nxt;
  c.undo.possible = true;
}

void Machine::undo_recovery(Connection& c) noexcept {
  dp::count(counters_.undone);
  c.congestion.restore(c.undo.saved);
  c.undo.possible = false;
  c.sent.forget_losses();
  if (c.recovery != Recovery::timeout) c.rack.on_needless_recovery();
  if (c.recovery != Recovery::open) stop_repairing(c);
}

// Was what was sent again needed?
void Machine::judge_recovery(Connection& c, const Segment& s, const News& news) noexcept {
  if (!c.undo.possible) return;
  if (c.recovery == Recovery::open && c.snd_una > c.undo.until) {
    c.undo.possible = false;
    return;
  }
  // RFC 3708: the peer had everything already.
  if (news.dsack && c.undo.doubtful > 0) {
    c.undo.doubtful -= std::min(c.undo.doubtful, news.duplicate.end - news.duplicate.start);
    if (c.undo.doubtful == 0 && c.sent.lost_bytes() == 0) return undo_recovery(c);
  }
  if (c.recovery == Recovery::open) return;
  // What was held for lost came before its turn to be sent again: it was late. No RFC names this case, and without
  // it a window that was halved for nothing stays so.
  const bool sent_none = c.undo.first_stamp == 0 && c.undo.doubtful == 0;
  if (c.recovery == Recovery::fast && sent_none && c.sent.lost_bytes() == 0)
    return undo_recovery(c);
  // RFC 5682 §3.1: something arrived that was not sent again after the timeout. Without SACK the first
  // ACK that moves on may stand for what the hole held back.
  const bool told = c.sack || (c.suspicion == Suspicion::new_data && news.acked > 0);
  const bool original = news.original && c.snd_una < c.recover && told;
  if (c.suspicion != Suspicion::none && original) return undo_recovery(c);
  if (news.acked == 0) {
    // Step 3a: what answers the new data is no ACK of the old.
    if (c.suspicion == Suspicion::new_data && news.delivered > 0) c.suspicion = Suspicion::none;
    return;
  }
  // RFC 3522 §3.2 step 4: the ACK answers what was sent before the first retransmission.
  const bool eifel = c.timestamps && c.undo.first_stamp != 0 &&
                     static_cast<int32_t>(s.options.ts_echo - c.undo.first_stamp) < 0;
  if (eifel) return undo_recovery(c);
  if (c.suspicion == Suspicion::none) return;
  // Step 2b: two new segments, whose ACKs tell; conventional recovery if there are none to send.
  const bool can_ask = c.suspicion == Suspicion::first && c.snd_una < c.recover && c.unsent() > 0 &&
                       c.snd_una + c.snd_wnd > c.snd_nxt;
  c.suspicion = can_ask ? Suspicion::new_data : Suspicion::none;
}

void Machine::adapt_window(Connection& c, const News& news) noexcept {
  if (c.recovery == Recovery::fast) {
    const bool safe = news.acked > 0 && c.sent.lost_bytes() <= news.lost;
    c.prr.on_ack(news.delivered, pipe(c), c.congestion.threshold(), c.mss, safe);
    return;
  }
  // RFC 5681 §3.2 step 1: while something is missing the window stays, whatever else arrives.
  if (news.acked == 0) return;
  // RFC 7661: a window that was not used proves nothing. In slow start half of it is use enough, or
  // pacing would hold it back.
  if (c.cwnd_limited && c.snd_una - news.acked > c.limited_until) c.cwnd_limited = false;
  const bool needed =
      c.cwnd_limited || (c.congestion.slow_start() && c.congestion.window() < 2 * news.pipe);
  if (!needed) return c.congestion.on_unused(now_);
  // After a timeout the ACK of a hole moves over what arrived long ago.
  const uint32_t bytes = c.recovery == Recovery::open ? news.acked : news.delivered;
  const Acked acked{bytes, now_, news.last_rtt, c.rtt.smoothed(), c.snd_una, c.snd_nxt, paced(c)};
  if (c.recovery == Recovery::timeout && !c.sack) {
    c.congestion.on_vague_ack(acked);
  } else {
    c.congestion.on_ack(acked);
  }
}

}  // namespace culvert::tcp
