// Segments of synchronized connections in the order of RFC 9293 §3.10.7.4, with RFC 5961 and RFC
// 7323 §5. Drops: tcp-paws-fail, tcp-seq-past-win, tcp-acked, tcp-rst-syn-in-win, bad-tcp-flags,
// tcp-buffer-full, cv-tcp-runs, tcp-dup-in-queue, tcp-data-past-fin, np-socket-closed.
#include <algorithm>

#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

using dp::DropReason;
using dp::TcpHeader;

namespace {

DropReason reason_of(ReceiveQueue::Result result) noexcept {
  switch (result) {
    case ReceiveQueue::Result::duplicate: return DropReason::tcp_duplicate_in_queue;
    case ReceiveQueue::Result::no_run: return DropReason::tcp_runs;
    default: return DropReason::tcp_reassembly_full;
  }
}

}  // namespace

void Machine::input_slow(Connection& c, Segment& s, uint32_t hash) noexcept {
  if (c.state == State::syn_received) return on_syn_received(c, s);
  if (c.state == State::syn_sent) return on_syn_sent(c, s);
  if (c.state == State::time_wait) return time_wait_input(c, s, hash);
  if (!timestamps_acceptable(c, s)) return;
  if (!sequence_acceptable(c, s)) return;
  if (s.has(TcpHeader::kRst)) return on_reset(c, s);
  if (s.has(TcpHeader::kSyn)) {
    challenge(c);  // RFC 5961 §4
    return drop(s, DropReason::tcp_syn_in_window);
  }
  if (!s.has(TcpHeader::kAck)) return drop(s, DropReason::tcp_bad_flags);
  remember_timestamp(c, s);
  c.last_rx = now_;
  if (!on_ack(c, s)) return;
  on_text(c, s);  // urgent data is ordinary data (RFC 6093)
}

// RFC 7323 §5.3 R1 and §3.2.
bool Machine::timestamps_acceptable(Connection& c, Segment& s) noexcept {
  if (!c.timestamps || s.has(TcpHeader::kRst)) return true;
  if (!s.options.has_timestamps) {
    drop(s, DropReason::tcp_paws);
    return false;
  }
  constexpr Time kTwentyFourDays = Time{24} * 24 * 3600 * 1'000'000;
  if (static_cast<int32_t>(s.options.ts_value - c.ts_recent) >= 0) return true;
  if (now_ - c.ts_recent_at > kTwentyFourDays) return true;  // R5.5: too old to compare with
  if (s.length() > 0) {
    c.ack_now = true;
    activate(c);
  } else {
    challenge(c);
  }
  drop(s, DropReason::tcp_paws);
  return false;
}

// RFC 7323 §4.3: the oldest segment that our next ACK acknowledges is echoed.
void Machine::remember_timestamp(Connection& c, const Segment& s) noexcept {
  if (!c.timestamps || !s.options.has_timestamps || s.seq > c.last_ack_sent) return;
  if (static_cast<int32_t>(s.options.ts_value - c.ts_recent) < 0 && s.length() == 0) return;
  c.ts_recent = s.options.ts_value;
  c.ts_recent_at = now_;
}

// RFC 9293 §3.10.7.4 "first, check sequence number". Segments without data may lie a little behind:
// ACKs that were overtaken by data still tell of windows and acknowledgments.
bool Machine::sequence_acceptable(Connection& c, Segment& s) noexcept {
  const bool reset = s.has(TcpHeader::kRst);
  const uint32_t length = reset ? 0 : s.length();
  if (length == 0) {
    if (s.seq >= c.last_ack_sent && s.seq <= c.rcv_nxt + c.rcv_wnd()) return true;
    if (!reset) challenge(c);
    drop(s, DropReason::tcp_out_of_window);
    return false;
  }
  if (s.seq + length <= c.rcv_nxt) {
    if (s.has(TcpHeader::kSyn)) {
      challenge(c);  // RFC 5961 §4.2: whatever its sequence number, and within the limit
    } else {
      c.dsack = {s.seq, s.seq + length};
      c.ack_now = true;
      activate(c);
    }
    drop(s, DropReason::tcp_duplicate);
    return false;
  }
  // With a closed window a segment at its edge is accepted for its ACK; on_text() refuses the data.
  if (s.seq == c.rcv_nxt || s.seq < c.rcv_adv) return true;
  c.ack_now = true;
  activate(c);
  drop(s, DropReason::tcp_out_of_window);
  return false;
}

// RFC 5961 §3: only a reset at exactly the expected place counts.
void Machine::on_reset(Connection& c, Segment& s) noexcept {
  if (s.seq != c.rcv_nxt) {
    challenge(c);
    return drop(s, DropReason::tcp_syn_in_window);
  }
  dp::count(counters_.resets_in);
  close(c, CloseReason::peer_reset);
}

// RFC 5961 §7: limited, and for each connection apart, so that the limit tells nothing about other
// connections.
void Machine::challenge(Connection& c) noexcept {
  constexpr uint8_t kPerSecond = 10;
  const Time second = now_ / 1'000'000;
  if (c.challenge_second != second) {
    c.challenge_second = second;
    c.challenges = 0;
  }
  if (c.challenges >= kPerSecond) return;
  ++c.challenges;
  c.ack_now = true;
  activate(c);
}

// RFC 9293 §3.10.7.4 "seventh, process the segment text" and "eighth, check the FIN bit".
void Machine::on_text(Connection& c, Segment& s) noexcept {
  bool fin = s.has(TcpHeader::kFin);
  if (s.size == 0 && !fin) return;
  activate(c);
  if (!c.may_receive()) {
    c.ack_now = true;
    return drop(s, DropReason::tcp_data_past_fin);
  }
  if (c.released && s.size > 0) return on_unwanted(c, s);
  BufferList bytes;
  Seq seq = s.seq;
  rte_pktmbuf_adj(s.packet, s.headers);
  bytes.assign_packet(s.packet, seq);
  s.packet = nullptr;
  if (seq < c.rcv_nxt) {
    c.dsack = {seq, c.rcv_nxt};
    bytes.drop_front(c.rcv_nxt - seq);
    seq = c.rcv_nxt;
  }
  const Seq edge = c.fin_known ? min(c.rcv_adv, c.fin_seq) : c.rcv_adv;
  if (const Seq end = seq + bytes.bytes(); end > edge) {
    c.ack_now = true;
    fin = false;
    bytes.drop_back(end - max(edge, seq));
    if (bytes.empty()) {
      return drops_.add(c.fin_known && edge == c.fin_seq ? DropReason::tcp_data_past_fin
                                                         : DropReason::tcp_out_of_window);
    }
  }
  if (fin && !c.fin_known) {
    c.fin_known = true;
    c.fin_seq = seq + bytes.bytes();
  }
  if (!bytes.empty()) {
    const uint32_t size = bytes.bytes();
    const bool in_order = seq == c.rcv_nxt;
    const SackBlock block{seq, seq + size};
    // RFC 5681 §4.2: out of order, or filling a gap, is acknowledged at once.
    if (!in_order || c.receive.has_gap()) c.ack_now = true;
    c.receive.pack(pressed_);
    // What fills the gap must come in, or what waits behind it keeps the pressure up for good.
    if (pressed_ && in_order) c.receive.make_room(bytes, kPressedCost);
    if (pressed_ && c.receive.exceeds(bytes, kPressedCost, in_order)) {
      drops_.add(DropReason::no_buffer, bytes.buffers());
      bytes.clear();
      c.ack_now = true;
      return;
    }
    const auto result = in_order ? c.receive.append(bytes, c.rcv_nxt) : c.receive.insert(bytes);
    if (result != ReceiveQueue::Result::kept) {
      bytes.clear();
      c.ack_now = true;
      if (result == ReceiveQueue::Result::duplicate) c.dsack = block;
      drops_.add(reason_of(result));
      return;
    }
    c.rcv_mss = static_cast<uint16_t>(std::max<uint32_t>(c.rcv_mss, std::min(s.largest, 65535u)));
    dp::count(counters_.bytes_in, size);
    if (!in_order) {
      dp::count(counters_.out_of_order);
    } else {
      post(c, event::kReadable);
    }
  } else if (seq != c.rcv_nxt) {
    c.ack_now = true;  // a FIN ahead of data
  }
  if (c.fin_known) {
    // Data beyond a FIN that came later than the data: the FIN cannot be true.
    if (c.rcv_nxt > c.fin_seq) c.fin_known = false;
    if (c.rcv_nxt == c.fin_seq) on_fin(c);
  }
}

// Data for a connection that nobody reads any more. The peer has to know (RFC 2525 §2.17), but a
// reset throws away what it has not read yet: our last words first, then a moment to read them.
void Machine::on_unwanted(Connection& c, Segment& s) noexcept {
  constexpr Time kReadingTime = 1'000'000;
  if (own_fin_acked(c) && now_ - c.fin_acked >= kReadingTime) {
    drop(s, DropReason::tcp_socket_closed);
    send_reset(c);
    return close(c, CloseReason::local_abort);
  }
  c.ack_now = true;
  if (s.seq > c.rcv_nxt || s.seq + s.size > c.rcv_adv)
    return drop(s, DropReason::tcp_socket_closed);
  c.rcv_nxt = s.seq + s.size;
  if (s.has(TcpHeader::kFin)) {
    c.fin_known = true;
    c.fin_seq = c.rcv_nxt;
    on_fin(c);
  }
  drop(s, DropReason::tcp_socket_closed);
}

void Machine::on_fin(Connection& c) noexcept {
  c.rcv_nxt += 1;
  c.rcv_adv = max(c.rcv_adv, c.rcv_nxt);
  c.ack_now = true;
  post(c, event::kPeerClosed);
  switch (c.state) {
    case State::established: c.state = State::close_wait; break;
    case State::fin_wait_1: c.state = State::closing; break;  // simultaneous close
    case State::fin_wait_2: enter_time_wait(c); break;
    default: break;
  }
}

void Machine::time_wait_input(Connection& c, Segment& s, uint32_t hash) noexcept {
  if (s.has(TcpHeader::kRst)) {
    if (s.seq == c.rcv_nxt) {
      dp::count(counters_.resets_in);
      return close(c, CloseReason::peer_reset);
    }
    return drop(s, DropReason::tcp_out_of_window);
  }
  if (s.has(TcpHeader::kSyn) && !s.has(TcpHeader::kAck)) {
    // RFC 6191 §2: a new incarnation, if its numbers cannot be those of an old duplicate.
    const bool newer = c.timestamps && s.options.has_timestamps
                           ? static_cast<int32_t>(s.options.ts_value - c.ts_recent) > 0
                           : s.seq > c.rcv_nxt;
    if (newer) {
      const Seq old_end = c.snd_nxt;
      close(c, CloseReason::finished);
      return on_syn(s, hash, &old_end);
    }
  }
  if (s.length() == 0 && s.seq == c.rcv_nxt) return;  // the last ACK, doubled
  // Only the retransmission of the FIN may come; acknowledge it and wait once more.
  challenge(c);
  if (s.has(TcpHeader::kFin)) arm(c, Timer::linger, now_ + config_.time_wait);
  drop(s, s.length() > 0 && s.end() <= c.rcv_nxt ? DropReason::tcp_duplicate
                                                 : DropReason::tcp_out_of_window);
}

}  // namespace culvert::tcp
