// What an ACK field and its SACK blocks say of what was sent (RFC 9293 §3.10.7.4 "fifth", RFC 2018,
// RFC 2883, RFC 7323 §4). What follows for recovery is recovery.cpp's. Drops: tcp-invalid-ack.
#include <algorithm>

#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

using dp::DropReason;
using dp::TcpHeader;

// Bytes believed to be in the network (RFC 6675 §4 SetPipe()): sent, neither acknowledged, nor
// SACKed, nor lost. Without SACK each duplicate ACK stands for a segment that has arrived.
uint32_t Machine::pipe(const Connection& c) noexcept {
  const uint32_t flight = c.flight();
  const uint32_t away = c.sack ? c.sent.sacked_bytes() : c.dup_acks * c.mss;
  return flight - std::min(flight, away + c.sent.lost_bytes());
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
  News news = news_before(c);
  if (s.ack > c.snd_una) {
    on_new_ack(c, s, news);
  } else if (s.ack == c.snd_una && c.flight() > 0 && !c.sack) {
    // RFC 5681 §2: no data, no news of the window.
    const bool same_window = (static_cast<uint32_t>(s.window) << c.peer_scale) == c.snd_wnd;
    if (s.size == 0 && !s.has(TcpHeader::kFin) && same_window) on_duplicate_ack(c, news);
  }
  if (c.sack && s.options.sack_count > 0) on_sack(c, s, news);
  if (news.flight > 0 || news.acked > 0 || news.dsack) repair(c, s, news);
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

Machine::News Machine::news_before(const Connection& c) noexcept {
  News news;
  news.flight = c.flight();
  news.pipe = pipe(c);
  news.lost = c.sent.lost_bytes();
  return news;
}

// Of a SYN or SYN-ACK (RFC 7323 §4.1; without timestamps only if it was sent once: Karn, RFC 6298
// §3).
void Machine::measure(Connection& c, const Segment& s) noexcept {
  if (c.timestamps) {
    measure_by_echo(c, s, 1);
  } else if (c.rtt_running && s.ack >= c.rtt_seq) {
    c.rtt.sample(now_ - c.rtt_sent);
  }
  c.rtt_running = false;
}

// RFC 7323 §4.1.
void Machine::measure_by_echo(Connection& c, const Segment& s, uint32_t expected) noexcept {
  const uint32_t age = timestamp(c) - s.options.ts_echo;
  // An echo of what was never sent comes from the future or from days ago.
  if (age < RttEstimator::kMaxRto / 1000) c.rtt.sample(Time{age} * 1000, expected);
}

// A part of what was sent is known to have arrived, lowest first.
void Machine::on_delivered(Connection& c, const Segment& s, const SentRange& part,
                           News& news) noexcept {
  const Time rtt = now_ - part.sent_at;
  news.delivered += part.end - part.start;
  // RFC 8985 §6.2 step 2: whose ACK is it? A timestamp older than the retransmission, or a round trip
  // below the least, say that it is the first transmission's.
  bool ambiguous = false;
  if (part.retransmitted) {
    news.again = true;
    const bool older =
        c.timestamps && static_cast<int32_t>(s.options.ts_echo - stamp_of(c, part.sent_at)) < 0;
    news.stale |= older;
    ambiguous = older || rtt < c.min_rtt.value();
  } else {
    if (part.start < c.recover) news.original = true;
    if (news.first_rtt == 0) news.first_rtt = std::max<Time>(rtt, 1);
    news.last_rtt = std::max<Time>(rtt, 1);
  }
  c.rack.on_delivered(part, rtt, ambiguous);
}

void Machine::on_new_ack(Connection& c, const Segment& s, News& news) noexcept {
  news.acked = s.ack - c.snd_una;
  c.snd_una = s.ack;
  c.sent.acknowledge(sent_pool_, s.ack,
                     [&](const SentRange& part) noexcept { on_delivered(c, s, part, news); });
  c.send.acknowledge(min(s.ack, c.send.end()));
  c.high_rxt = max(c.high_rxt, s.ack);
  if (c.recovery == Recovery::open) c.recover = kept_behind(c.recover, s.ack);
  c.retries = c.backoff = 0;
  // Without SACK: those of the duplicates that it makes up for, one being what filled the hole.
  const uint32_t segments = (news.acked + c.mss - 1) / c.mss;
  c.dup_acks -= std::min(c.dup_acks, c.recovery == Recovery::open ? c.dup_acks : segments - 1);
  if (c.send_refused && c.may_send() && c.send.room() > 0) {
    c.send_refused = false;
    post(c, event::kWritable);
  }
}

void Machine::on_duplicate_ack(Connection& c, News& news) noexcept {
  dp::count(counters_.duplicate_acks);
  if (c.recovery == Recovery::timeout) {
    // RFC 5682 §2.1 step 3a: the new data arrived, the old did not. What arrived makes room for the first of it.
    if (c.suspicion == Suspicion::new_data) {
      c.suspicion = Suspicion::none;
      ++c.dup_acks;
    }
    return;
  }
  // No more than can have arrived, or made-up duplicates would open the window (RFC 5681 §5).
  if ((c.dup_acks + 1) * c.mss < c.flight()) {
    ++c.dup_acks;
    news.delivered += c.mss;
  }
}

void Machine::on_sack(Connection& c, const Segment& s, News& news) noexcept {
  std::array<SackBlock, 4> blocks = s.options.sack;
  uint32_t count = s.options.sack_count;
  uint32_t first = 0;
  // RFC 2883 §4: the first block reports a duplicate if the ACK covers it, or the second block does.
  const bool below = blocks[0].end <= s.ack;
  const bool within =
      count > 1 && blocks[1].start <= blocks[0].start && blocks[0].end <= blocks[1].end;
  if (blocks[0].start < blocks[0].end && (below || within)) {
    first = 1;
    if (blocks[0].end <= c.snd_nxt && blocks[0].start >= c.snd_una - c.max_snd_wnd) {
      news.dsack = true;
      news.duplicate = blocks[0];
      dp::count(counters_.dsacks_in);
    }
  }
  // Nonsense lies outside what was sent. It goes before the blocks are put in order, for numbers from all round
  // the circle have none.
  const auto end = std::remove_if(
      blocks.begin() + first, blocks.begin() + count, [&](const SackBlock& b) noexcept {
        return !(b.start < b.end) || b.end > c.snd_nxt || b.end <= c.snd_una;
      });
  const std::span told(blocks.begin() + first, end);
  for (SackBlock& block : told)
    block.start = max(block.start, c.snd_una);
  // Lowest first, or what was overtaken by nothing would look so (RFC 8985 §6.2 step 3).
  std::sort(told.begin(), told.end(),
            [](const SackBlock& a, const SackBlock& b) { return a.start < b.start; });
  // A hole and a piece for each segment, and some more for those that were not full.
  const uint32_t most = SentList::kFewRanges + 8 * (c.flight() / c.mss);
  const uint32_t before = c.sent.sacked_bytes();
  for (const SackBlock& block : told) {
    c.sent.sack(sent_pool_, block, most,
                [&](const SentRange& part) noexcept { on_delivered(c, s, part, news); });
  }
  if (news.acked == 0 && c.sent.sacked_bytes() > before) dp::count(counters_.duplicate_acks);
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
