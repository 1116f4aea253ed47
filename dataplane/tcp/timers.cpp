// What time does: retransmission and persist (RFC 6298, RFC 9293 §3.8.6.1), delayed ACK, keepalive
// (§3.8.4), TIME-WAIT, the end of forgotten connections. Drops: tcp-3whs-failed for a handshake that nobody completes.
#include <algorithm>

#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

using dp::DropReason;
using dp::TcpHeader;

// A deadline that moves later leaves the wheel alone; on_timer() finds out. So an ACK costs one
// store.
void Machine::arm(Connection& c, Timer timer, Time when) noexcept {
  c.deadline(timer) = when;
  if (when >= c.armed_for) return;
  wheel_.remove(c.timer);
  wheel_.insert(c.timer, when);
  c.armed_for = when;
}

void Machine::arm_retransmit(Connection& c) noexcept {
  arm(c, Timer::retransmit, now_ + c.rtt.rto(c.backoff));
  arm_tail_probe(c);
}

void Machine::on_timer(Connection& c) noexcept {
  c.armed_for = kNever;
  const auto due = [&](Timer t) noexcept {
    if (!c.in_use || c.state == State::closed || c.deadline(t) > now_) return false;
    c.deadline(t) = kNever;
    return true;
  };
  // After TIME-WAIT silently; with a reset in any other state.
  if (due(Timer::linger)) return abort(c, now_);
  // The probe first: where both are due it takes the timeout's place.
  if (due(Timer::probe)) send_tail_probe(c);
  if (due(Timer::retransmit)) on_retransmit(c);
  if (due(Timer::reorder)) on_reorder_timer(c);
  if (due(Timer::pace)) activate(c);
  if (due(Timer::keepalive)) on_keepalive(c);
  if (due(Timer::path)) widen_path(c);
  if (due(Timer::ack)) {
    c.ack_now = true;
    activate(c);
  }
  if (!c.in_use || c.state == State::closed) return;
  const Time next = *std::min_element(c.deadlines.begin(), c.deadlines.end());
  if (next != kNever && next < c.armed_for) {
    wheel_.remove(c.timer);
    wheel_.insert(c.timer, next);
    c.armed_for = next;
  }
}

void Machine::on_retransmit(Connection& c) noexcept {
  if (c.state == State::syn_sent) return on_connect_timeout(c);
  if (c.state == State::syn_received) {
    if (++c.retries > config_.max_syn_retransmits) {
      drops_.add(DropReason::tcp_handshake);
      return close(c, CloseReason::handshake_failed);
    }
    c.syn_lost = true;
    c.rtt_running = false;
    ++c.backoff;
    (void)send_syn_ack(c);
    return arm_retransmit(c);
  }
  if (c.flight() == 0 && c.unsent() == 0) return;
  if (++c.retries > config_.max_retransmits) return close(c, CloseReason::timed_out);  // R2
  c.backoff = static_cast<uint8_t>(std::min<uint32_t>(c.backoff + 1u, 16));
  if (c.flight() == 0) {
    probe_window(c);
    return arm_retransmit(c);
  }
  dp::count(counters_.timeouts);
  // RFC 5682 §3.1 step 1: only the first timeout may have been needless.
  const bool first = c.recovery != Recovery::timeout;
  if (c.recovery == Recovery::open) remember_for_undo(c);
  // RFC 5681 §3.1: the threshold is set at the first timeout of a segment, not again while it backs
  // off.
  if (c.retries == 1) c.congestion.on_timeout(c.flight());
  if (c.sent.reneged()) c.sent.forget_sacks();
  look_for_black_hole(c);
  send_all_again(c);
  if (first) c.suspicion = Suspicion::first;
  if (c.snd_wnd == 0) {
    // The peer took its window back while data was on its way (RFC 9293 §3.8.6: be prepared): probe
    // with the first byte.
    const bool fin = c.snd_una == c.send.end();
    const uint8_t flags = TcpHeader::kAck | (fin ? TcpHeader::kFin : 0);
    if (send_segment(c, c.snd_una, fin ? 0 : 1, flags, SendQueue::Cursor::again)) {
      dp::count(counters_.retransmits);
      // Its answer is of this copy: it says nothing of when the first one left, nor that it has arrived.
      c.sent.front_repeated(now_);
      c.suspicion = Suspicion::none;
    }
  } else {
    activate(c);
  }
  arm_retransmit(c);
}

// Go-back-N: everything on its way counts as lost but what the peer has selectively acknowledged.
void Machine::send_all_again(Connection& c) noexcept {
  c.recovery = Recovery::timeout;
  c.suspicion = Suspicion::none;
  c.recover = c.snd_nxt;
  c.high_rxt = c.snd_una;
  c.sent.lose_all();
  c.dup_acks = 0;
  c.force_retransmit = true;
  c.tail_probe.outstanding = false;
  disarm(c, Timer::probe);
  disarm(c, Timer::reorder);
}

void Machine::on_keepalive(Connection& c) noexcept {
  const Time quiet_since = c.last_rx;
  // Probes count only while none is answered, however long the interval is beside the idle time.
  if (quiet_since > c.keepalive_probed) c.keepalive_sent = 0;
  if (now_ < quiet_since + c.keepalive_idle || c.flight() > 0 || c.unsent() > 0) {
    // Something was heard, or the retransmission timer finds out by itself.
    c.keepalive_sent = 0;
    const bool heard = now_ < quiet_since + c.keepalive_idle;
    return arm(c, Timer::keepalive, (heard ? quiet_since : now_) + c.keepalive_idle);
  }
  if (c.keepalive_sent >= c.keepalive_probes) return close(c, CloseReason::timed_out);
  ++c.keepalive_sent;
  c.keepalive_probed = now_;
  // RFC 9293 §3.8.4: an old sequence number, which the peer answers with an ACK.
  (void)send_segment(c, c.snd_nxt - 1, 0, TcpHeader::kAck);
  arm(c, Timer::keepalive, now_ + c.keepalive_interval);
}

}  // namespace culvert::tcp
