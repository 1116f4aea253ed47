// What an ACK field means for sending (RFC 9293 §3.10.7.4 "fifth", RFC 5681, RFC 6582, RFC 6675,
// RFC 7323 §4). Drops: tcp-invalid-ack.
#include <algorithm>

#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

using dp::DropReason;
using dp::TcpHeader;

// Bytes believed to be in the network (RFC 6675 §4 SetPipe()): sent, neither acknowledged, nor
// SACKed, nor lost.
uint32_t Machine::pipe(const Connection& c) const noexcept {
  if (c.recovery == Recovery::open && c.board.empty()) return c.flight();
  const Seq from = max(c.high_rxt, c.snd_una);
  const uint32_t lost = c.recovery == Recovery::open ? 0 : c.board.hole_bytes(from, lost_edge(c));
  return c.flight() - c.board.sacked_bytes() - lost;
}

Seq Machine::lost_edge(const Connection& c) const noexcept {
  return min(max(c.lost_edge, c.board.lost_edge(c.snd_una, c.mss)), c.snd_nxt);
}

bool Machine::on_ack(Connection& c, Segment& s) noexcept {
  const Seq sent = c.snd_nxt + (c.probe_outstanding ? 1 : 0);
  // RFC 5961 §5.2.
  if (s.ack > sent || s.ack < c.snd_una - c.max_snd_wnd) {
    challenge(c);
    drop(s, DropReason::tcp_bad_ack);
    return false;
  }
  if (s.ack > c.snd_nxt) {
    c.snd_nxt = s.ack;  // the peer took the byte that probed its window
    c.probe_outstanding = false;
  }
  bool told_something = false;
  if (c.sack) {
    for (uint32_t i = 0; i < s.options.sack_count; ++i) {
      if (c.board.add(s.options.sack[i], max(s.ack, c.snd_una), c.snd_nxt)) told_something = true;
    }
  }
  if (s.ack > c.snd_una) {
    on_new_ack(c, s);
  } else if (s.ack == c.snd_una && c.flight() > 0) {
    // RFC 5681 §2: no data, no news of the window; or, with SACK, news of what arrived (RFC 6675
    // §2).
    const bool same_window = (static_cast<uint32_t>(s.window) << c.peer_scale) == c.snd_wnd;
    const bool bare = s.size == 0 && !s.has(TcpHeader::kFin) && same_window && !c.sack;
    if (told_something || bare) on_duplicate_ack(c);
  }
  if (c.recovery == Recovery::open && !c.board.empty() &&
      c.board.lost_edge(c.snd_una, c.mss) > c.snd_una) {
    enter_fast_recovery(c);
  }
  update_window(c, s);
  activate(c);
  if (!own_fin_acked(c)) return true;
  switch (c.state) {
    case State::fin_wait_1:
      c.state = State::fin_wait_2;
      c.fin_acked = now_;
      if (c.released) arm(c, Timer::linger, now_ + config_.time_wait);
      return true;
    case State::closing: enter_time_wait(c); return false;
    case State::last_ack: close(c, CloseReason::finished); return false;
    default: return true;
  }
}

// RFC 7323 §4.1 or, without timestamps, one timed segment and never a retransmitted one (Karn, RFC
// 6298 §3).
void Machine::measure(Connection& c, const Segment& s) noexcept {
  if (c.timestamps) {
    const uint32_t age = timestamp(c) - s.options.ts_echo;
    // An echo of what was never sent comes from the future or from days ago.
    if (age < RttEstimator::kMaxRto / 1000) c.rtt.sample(Time{age} * 1000);
  } else if (c.rtt_running && s.ack >= c.rtt_seq) {
    c.rtt_running = false;
    c.rtt.sample(now_ - c.rtt_sent);
  }
}

void Machine::on_new_ack(Connection& c, const Segment& s) noexcept {
  const uint32_t acked = s.ack - c.snd_una;
  measure(c, s);
  c.snd_una = s.ack;
  c.send.acknowledge(min(s.ack, c.send.end()));
  c.board.acknowledge(s.ack);
  c.high_rxt = max(c.high_rxt, s.ack);
  c.lost_edge = max(c.lost_edge, s.ack);
  c.retries = c.backoff = 0;
  c.dup_acks = 0;
  switch (c.recovery) {
    case Recovery::open:
      // RFC 7661: a window that was not used proves nothing.
      if (c.cwnd_limited) c.congestion.on_ack(acked);
      break;
    case Recovery::fast:
      if (s.ack >= c.recover) {
        c.recovery = Recovery::open;
        c.force_retransmit = false;
        if (!c.sack) c.congestion.leave_recovery(c.flight());
        break;
      }
      if (!c.sack) {  // RFC 6582 §3.2 step 3, partial acknowledgment
        c.congestion.deflate(acked);
        if (acked >= c.mss) c.congestion.inflate(c.mss);
      }
      // What a partial ACK points at is lost, unless it is on its way again already.
      if (c.high_rxt == c.snd_una) {
        c.lost_edge = max(c.lost_edge, min(c.snd_una + payload_limit(c), c.snd_nxt));
        c.force_retransmit = true;
      }
      break;
    case Recovery::timeout:
      c.congestion.on_recovery_ack(acked);
      if (s.ack >= c.recover) c.recovery = Recovery::open;
      break;
  }
  // RFC 6298 §5.2 and §5.3.
  if (c.flight() == 0) {
    disarm(c, Timer::retransmit);
  } else {
    arm_retransmit(c);
  }
  if (c.send_refused && c.may_send() && c.send.room() > 0) {
    c.send_refused = false;
    post(c, event::kWritable);
  }
}

void Machine::on_duplicate_ack(Connection& c) noexcept {
  ++c.dup_acks;
  dp::count(counters_.duplicate_acks);
  if (c.recovery == Recovery::fast && !c.sack) {
    c.congestion.inflate(c.mss);
  } else if (c.recovery == Recovery::open && c.dup_acks >= Scoreboard::kDupThresh) {
    // RFC 6582 §3.2 step 1: duplicates of what a timeout sent again prove nothing; a SACK does.
    if (c.sack || c.snd_una > c.recover) enter_fast_recovery(c);
  }
}

void Machine::enter_fast_recovery(Connection& c) noexcept {
  dp::count(counters_.fast_retransmits);
  c.recovery = Recovery::fast;
  c.recover = c.snd_nxt;
  c.congestion.on_loss(c.flight());
  if (!c.sack) c.congestion.inflate(Scoreboard::kDupThresh * c.mss);
  c.high_rxt = c.snd_una;
  c.lost_edge = min(c.snd_una + payload_limit(c), c.snd_nxt);
  c.force_retransmit = true;
}

// RFC 9293 §3.10.7.4: only a newer segment may change the window.
void Machine::update_window(Connection& c, const Segment& s) noexcept {
  if (s.ack < c.snd_una) return;
  if (!(c.snd_wl1 < s.seq || (c.snd_wl1 == s.seq && c.snd_wl2 <= s.ack))) return;
  const uint32_t before = c.snd_wnd;
  c.snd_wnd = static_cast<uint32_t>(s.window) << c.peer_scale;
  c.snd_wl1 = s.seq;
  c.snd_wl2 = s.ack;
  c.max_snd_wnd = std::max(c.max_snd_wnd, c.snd_wnd);
  if (before != 0 && c.snd_wnd != 0) return;
  // RFC 9293 §3.8.6.1: a closed window is no reason to give up as long as the peer answers; and
  // once it opens, the long pauses between probes are over.
  // But a peer whose window stays closed to the last bytes of a forgotten connection does not keep
  // the slot for ever.
  if (!c.released) c.retries = 0;
  if (before == 0 && c.snd_wnd > 0) {
    c.backoff = 0;
    if (c.flight() > 0) arm_retransmit(c);
  }
}

}  // namespace culvert::tcp
