// Which segments leave: lost data first, then new data as both windows allow, then a bare ACK if
// one is due (RFC 9293 §3.8.6, RFC 5681, RFC 6675 §5, SWS avoidance §3.8.6.2). Drops: cv-no-buffer
// (in build.cpp).
#include <algorithm>

#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

using dp::TcpHeader;

// What the next segment has to say of what came out of order: first what came twice (RFC 2883 §4), then
// what lies beyond a gap (RFC 2018 §4).
uint32_t Machine::sack_report(const Connection& c, std::array<SackBlock, 4>& blocks) noexcept {
  if (!c.sack) return 0;
  const uint32_t most = c.timestamps ? 3 : 4;
  uint32_t count = 0;
  if (c.dsack.start < c.dsack.end) blocks[count++] = c.dsack;
  if (c.receive.has_gap())
    count += c.receive.sack_blocks(std::span(blocks).subspan(count, most - count));
  return count;
}

// Payload bytes in a segment with the options that it would have now.
uint32_t Machine::payload_limit(const Connection& c) noexcept {
  std::array<SackBlock, 4> blocks;
  return payload_limit(c, sack_report(c, blocks));
}

uint32_t Machine::payload_limit(const Connection& c, uint32_t reported) noexcept {
  return c.mss - (c.timestamps ? kTimestampBytes : 0) - (reported > 0 ? 4 + 8 * reported : 0);
}

void Machine::transmit(Connection& c) noexcept {
  if (c.state == State::closed) return;
  bool sent = false;
  if (c.synchronized() && c.state != State::time_wait) {
    // RFC 5682 §3.1 step 2b: whether the timeout was needed new data shows, not old.
    const bool ask = c.suspicion == Suspicion::new_data;
    if (!ask && c.sent.lost_bytes() > 0) sent = send_lost(c);
    if (send_new(c)) {
      sent = true;
    } else if (ask && c.sent.lost_bytes() == c.flight() - c.sent.sacked_bytes()) {
      // There was none that could leave, and none is on its way.
      c.suspicion = Suspicion::none;
      sent = send_lost(c);
    }
  }
  acknowledge(c, sent);
}

// Bytes that may leave at this moment; the timer that lets more out is then set.
uint32_t Machine::pace(Connection& c) noexcept {
  if (!paced(c)) return UINT32_MAX;
  // Twice the window a round trip where it doubles in one; else a little more than the window, so that it
  // is used up (RFC 9002 §7.7), as Linux does.
  const uint32_t percent = c.congestion.slow_start() ? 200 : 120;
  return c.pacer.allowance(now_, send_window(c), c.rtt.smoothed(), percent, c.mss);
}

bool Machine::send_again(Connection& c, Seq seq, uint32_t size) noexcept {
  const bool fin = seq + size > c.send.end();
  const uint8_t flags = TcpHeader::kAck | (fin ? TcpHeader::kFin : 0);
  if (!send_segment(c, seq, size - (fin ? 1 : 0), flags, SendQueue::Cursor::again)) return false;
  dp::count(counters_.retransmits);
  c.sent.resent(sent_pool_, seq, seq + size, now_);
  c.high_rxt = max(c.high_rxt, seq + size);
  if (c.recovery != Recovery::open && c.undo.possible) {
    if (c.undo.first_stamp == 0) c.undo.first_stamp = timestamp(c);
    c.undo.doubtful += size;
  }
  if (c.recovery == Recovery::fast) c.prr.on_sent(size);
  c.pacer.on_sent(size);
  return true;
}

bool Machine::send_lost(Connection& c) noexcept {
  if (c.snd_wnd == 0) return false;  // the timer probes
  bool sent = false;
  const uint32_t limit = payload_limit(c);
  uint32_t budget = pace(c);
  Seq from = c.snd_una;
  while (const SentRange* range = c.sent.first_lost(from)) {
    from = range->start;
    const uint32_t size = std::min(range->end - range->start, limit);
    if (!c.force_retransmit && pipe(c) + size > send_window(c)) break;
    if (!c.force_retransmit && size > budget) {
      arm(c, Timer::pace, now_ + TimerWheel::kTick);
      break;
    }
    if (!send_again(c, range->start, size)) break;
    c.force_retransmit = false;
    budget -= std::min(budget, size);
    sent = true;
  }
  return sent;
}

// As many full segments in one packet as there is data, as both windows allow, and as the port cuts.
// `room`: bytes that the windows leave. Some cards (i40e, iavf, hns3 in DPDK 22.11) refuse a packet
// that is to be cut into pieces of less than 256 bytes, and would refuse it again for ever; a peer
// with so small a segment size gets them one by one.
uint32_t Machine::super_segment(Connection& c, uint32_t limit, uint32_t room) noexcept {
  constexpr uint32_t kLeastPiece = 256;
  if (limit < kLeastPiece) return limit;
  const uint32_t full = std::min({c.unsent(), room, offload_.tso_bytes}) / limit * limit;
  if (full <= limit) return limit;
  const uint32_t reach = c.send.reach(c.snd_nxt, offload_.tso_buffers - 1) / limit * limit;
  return std::max(limit, std::min(full, reach));
}

bool Machine::send_fresh(Connection& c, uint32_t size) noexcept {
  const bool last = size == c.unsent();
  const bool fin = last && c.fin_due();
  const uint8_t flags = static_cast<uint8_t>(
      TcpHeader::kAck | (last && size > 0 ? TcpHeader::kPsh : 0) | (fin ? TcpHeader::kFin : 0));
  if (!send_segment(c, c.snd_nxt, size, flags)) return false;
  if (c.flight() == 0) {
    c.retries = c.backoff = 0;
    disarm(c, Timer::retransmit);
  }
  const uint32_t length = size + (fin ? 1 : 0);
  c.sent.append(sent_pool_, c.snd_nxt, c.snd_nxt + length, now_);
  c.snd_nxt += length;
  if (fin) c.fin_sent = true;
  c.probe_outstanding = false;
  c.last_tx = now_;
  if (c.recovery == Recovery::fast) c.prr.on_sent(length);
  c.pacer.on_sent(length);
  return true;
}

bool Machine::send_new(Connection& c) noexcept {
  bool sent = false;
  if (c.flight() == 0 && c.last_tx != 0) {
    if (now_ - c.last_tx > c.rtt.rto()) c.congestion.on_idle();
    c.congestion.on_unused(now_);
  }
  const uint32_t limit = payload_limit(c);
  uint32_t budget = c.unsent() > 0 ? pace(c) : UINT32_MAX;
  while (c.unsent() > 0 || c.fin_due()) {
    uint32_t size = std::min(c.unsent(), limit);
    const Seq edge = c.snd_una + c.snd_wnd;
    const uint32_t room = c.snd_nxt < edge ? edge - c.snd_nxt : 0;
    if (size > room) {
      // RFC 9293 §3.8.6.2.1: a part of a segment only if it is half of what the peer ever offered.
      // A lone remainder waits for the timer, which is the override.
      if (room == 0 || room < c.max_snd_wnd / 2) break;
      size = room;
    }
    const uint32_t in_network = pipe(c);
    if (in_network > 0 && in_network + size > send_window(c)) {
      c.cwnd_limited = true;
      c.limited_until = c.snd_nxt;
      break;
    }
    if (size > budget) {
      arm(c, Timer::pace, now_ + TimerWheel::kTick);
      break;
    }
    // Where fragments are allowed their numbers matter, of which a port that cuts takes some by itself.
    if (size == limit && offload_.tso_bytes > limit && c.dont_fragment) {
      const uint32_t window = send_window(c);
      size = super_segment(c, limit,
                           std::min({room, budget, window > in_network ? window - in_network : 0}));
    }
    if (!send_fresh(c, size)) break;
    budget -= std::min(budget, size);
    sent = true;
  }
  // The retransmission timer while something is on its way, the persist timer while the window
  // holds everything back.
  const bool waiting = c.flight() > 0 || c.unsent() > 0;
  if (waiting && c.deadline(Timer::retransmit) == kNever) {
    arm_retransmit(c);
  } else if (sent) {
    arm_tail_probe(c);
  }
  return sent;
}

// RFC 9293 §3.8.6.1: one byte beyond the window, which the peer must answer; or, if the window is
// merely small, what fits.
void Machine::probe_window(Connection& c) noexcept {
  if (c.snd_wnd > 0 && c.unsent() > 0) {
    const uint32_t size = std::min({c.snd_wnd, c.unsent(), payload_limit(c)});
    (void)send_fresh(c, size);
    return;
  }
  if (c.unsent() == 0) return;
  // snd_nxt stays: whether the byte was taken only the answer tells.
  if (send_segment(c, c.snd_nxt, 1, TcpHeader::kAck)) c.probe_outstanding = true;
}

// RFC 9293 §3.8.6.3, RFC 5681 §4.2: at least every second full-sized segment, otherwise within the
// delay.
void Machine::acknowledge(Connection& c, bool sent) noexcept {
  if (sent) return;  // every segment acknowledges
  const uint32_t owed = c.rcv_nxt - c.last_ack_sent;
  if (c.ack_now || owed >= 2u * c.rcv_mss) {
    (void)send_segment(c, c.snd_nxt, 0, TcpHeader::kAck);
  } else if (owed > 0 && c.deadline(Timer::ack) == kNever) {
    arm(c, Timer::ack, now_ + config_.delayed_ack);
  }
}

uint32_t Machine::free_window(const Connection& c) const noexcept {
  const uint32_t held = c.receive.readable();
  const uint32_t room = held < c.receive_buffer ? c.receive_buffer - held : 0;
  return std::min(room, 65535u << c.own_scale);  // more cannot be said
}

// The reader made room: RFC 9293 §3.8.6.2.2, announce it only when it is worth a segment.
void Machine::consumed(Connection& c) noexcept {
  recount(c);
  if (!c.may_receive()) return;
  const uint32_t gain = free_window(c) - std::min(free_window(c), c.rcv_wnd());
  const uint32_t worth = std::min<uint32_t>(c.receive_buffer / 2, 2u * c.mss);
  if (gain < worth) return;
  // As long as the window that the peer sees is wide, the next ordinary ACK is early enough.
  if (c.rcv_wnd() > c.receive_buffer / 2 && c.rcv_nxt == c.last_ack_sent) return;
  c.ack_now = true;
  activate(c);
}

uint32_t Machine::receive_budget(uint32_t bytes) const noexcept {
  constexpr uint32_t kFewest = 4;
  const uint32_t buffer =
      static_cast<uint32_t>(rte_pktmbuf_data_room_size(config_.pool) + sizeof(rte_mbuf));
  return std::max(2 * bytes, kFewest * buffer);
}

void Machine::set_receive_buffer(Connection& c, uint32_t bytes) noexcept {
  const uint32_t before = c.receive_buffer;
  c.receive_buffer = std::clamp(bytes, 1u, config_.receive_buffer);
  if (c.receive_buffer <= before) return;
  c.receive.set_budget(receive_budget(c.receive_buffer));
  consumed(c);
}

bool Machine::send(Connection& c, rte_mbuf* m) noexcept {
  if (!c.may_send() || c.fin_queued || c.released) return false;
  // The cost of buffers bounds send_room() only: a sealed record that is refused costs its
  // connection.
  if (m->data_len > c.send.byte_room()) {
    c.send_refused = true;
    return false;
  }
  if (m->data_len == 0) {
    rte_pktmbuf_free(m);
    return true;
  }
  c.send.push(m);
  recount(c);
  activate(c);
  return true;
}

bool Machine::send_copy(Connection& c, std::span<const uint8_t> bytes) noexcept {
  if (!c.may_send() || c.fin_queued || c.released) return false;
  if (bytes.size() > c.send.room()) {
    c.send_refused = true;
    return false;
  }
  BufferList copies;
  while (!bytes.empty()) {
    rte_mbuf* m = rte_pktmbuf_alloc(config_.pool);
    if (m == nullptr) {
      drops_.add(dp::DropReason::no_buffer);
      copies.clear();
      return false;
    }
    const size_t part = std::min<size_t>(bytes.size(), rte_pktmbuf_tailroom(m));
    std::memcpy(rte_pktmbuf_append(m, static_cast<uint16_t>(part)), bytes.data(), part);
    copies.push_back(m);
    bytes = bytes.subspan(part);
  }
  while (!copies.empty()) {
    c.send.push(copies.pop_front());
  }
  recount(c);
  activate(c);
  return true;
}

}  // namespace culvert::tcp
