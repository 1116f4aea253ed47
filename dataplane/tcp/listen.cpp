// From SYN to ESTABLISHED, and segments of no connection (RFC 9293 §3.10.7.1, .2 and .4; RFC 6528,
// RFC 7323 §2 and §3). connect.cpp has the other side's way, flood.cpp the one without a backlog.
// Drops: tcp-not-syn, cv-tcp-no-listener, cv-tcp-reset-limit, conn-limit, tcp-3whs-failed, tcp-acked,
// bad-tcp-flags, tcp-rst-syn-in-win.
#include <algorithm>

#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

using dp::DropReason;
using dp::TcpHeader;

namespace {

// More than an unscaled window, within which old segments would look new.
constexpr uint32_t kBeyondOldWindow = 65536;

}  // namespace

bool Machine::listen(const dp::IpAddress& address, uint16_t port) noexcept {
  if (listens(address, port)) return true;
  if (listener_count_ == listeners_.size()) return false;
  listeners_[listener_count_++] = {address, port};
  return true;
}

void Machine::unlisten(const dp::IpAddress& address, uint16_t port) noexcept {
  for (uint32_t i = 0; i < listener_count_; ++i) {
    if (listeners_[i] != Listener{address, port}) continue;
    listeners_[i] = listeners_[--listener_count_];
    return;
  }
}

// Each SYN of a flood asks this, so it looks at no more than there are.
bool Machine::listens(const dp::IpAddress& address, uint16_t port) const noexcept {
  for (uint32_t i = 0; i < listener_count_; ++i) {
    if (listeners_[i] == Listener{address, port}) return true;
  }
  return false;
}

// RFC 9293 §3.10.7.1: answered with a reset, unless it is one.
void Machine::reject(Segment& s, uint32_t hash, DropReason reason) noexcept {
  if (!s.has(TcpHeader::kRst)) {
    if (!heard(hash) || !reset_limit_.allows(s.flow.remote, now_)) {
      return drop(s, DropReason::tcp_reset_limit);
    }
    send_reset(s);
  }
  drop(s, reason);
}

void Machine::on_no_connection(Segment& s, uint32_t hash) noexcept {
  if (may_be_cookie(s)) return on_cookie(s, hash);
  reject(s, hash, DropReason::tcp_not_syn);
}

uint16_t Machine::own_mss(const dp::Flow& flow) const noexcept {
  // RFC 6691: MTU less the fixed headers, whatever the options.
  const uint32_t headers = flow.local.is_v4() ? 40 : 60;
  uint32_t mss = config_.interface_mtu - headers;
  if (config_.tcpmss_max != 0) mss = std::min<uint32_t>(mss, config_.tcpmss_max);
  return static_cast<uint16_t>(mss);
}

// RFC 9293 §3.7.1: what an absent option stands for.
uint16_t Machine::announced_mss(const Options& options, const dp::Flow& flow) noexcept {
  if (options.mss != 0) return options.mss;
  return flow.local.is_v4() ? uint16_t{536} : uint16_t{1220};
}

void Machine::negotiate(Connection& c, const Segment& s) noexcept {
  const Options& o = s.options;
  const bool v4 = c.flow.local.is_v4();
  // RFC 9293 §3.7.1 MUST-15; an absurdly small MSS would make every byte a packet.
  constexpr uint16_t kMinMss = 88;
  c.peer_mss = announced_mss(o, c.flow);
  const uint32_t link = config_.interface_mtu - (v4 ? 40u : 60u);
  // Only what was announced: an absent option means 536 or 1220 and not less.
  const uint16_t least = o.mss != 0 ? std::max(kMinMss, config_.tcpmss_min) : kMinMss;
  c.full_mss = static_cast<uint16_t>(std::min<uint32_t>(std::max(c.peer_mss, least), link));
  c.mss = c.full_mss;
  c.timestamps = o.has_timestamps;
  c.ts_recent = o.ts_value;
  c.ts_recent_at = now_;
  c.sack = o.sack_permitted;
  // RFC 7323 §2.2: scaling works in both directions or in none.
  c.peer_scale = o.has_window_scale ? o.window_scale : 0;
  c.own_scale = o.has_window_scale ? own_scale_ : 0;
}

// `old_end`: where the numbers of an incarnation in TIME-WAIT end that makes room for this one.
void Machine::on_syn(Segment& s, uint32_t hash, const Seq* old_end) noexcept {
  if (!listens(s.flow.local, s.flow.local_port)) {
    return reject(s, hash, DropReason::tcp_no_listener);
  }
  if (half_open_.size() >= syn_backlog_) return answer_with_cookie(s, hash);
  Connection* slot = take_slot();
  if (slot == nullptr) return drop(s, DropReason::tcp_conn_limit);
  Connection& c = *slot;
  c.state = State::syn_received;
  InitialNumbers numbers = initial_numbers(isn_key_, s.flow, now_);
  // RFC 9293 §3.4.1: an incarnation that was faster than the clock has used numbers that are yet to come.
  if (old_end != nullptr) numbers.isn = max(numbers.isn, *old_end + kBeyondOldWindow);
  begin(c, s.flow, hash, numbers);
  half_open_.push(c);
  dp::count(counters_.accepted);
  take_syn(c, s);
  (void)send_syn_ack(c);  // if the pool is empty the timer does it
  arm_retransmit(c);
}

// What a connection has before anything has come from its peer.
void Machine::begin(Connection& c, const dp::Flow& flow, uint32_t hash,
                    const InitialNumbers& numbers) noexcept {
  c.flow = flow;
  c.hash = hash;
  table_.insert(hash, c.slot);
  c.iss = numbers.isn;
  c.ts_offset = numbers.timestamp_offset;
  c.ip_id = static_cast<uint16_t>(c.iss.v);
  c.snd_una = c.iss;
  c.snd_nxt = c.high_rxt = c.limited_until = c.iss + 1;
  c.recover = c.iss;
  c.last_rx = now_;
  c.rtt_running = true;
  c.rtt_seq = c.snd_nxt;
  c.rtt_sent = now_;
  c.send.start(c.iss + 1, config_.send_buffer);
  c.receive_buffer = c.state == State::syn_sent ? config_.receive_buffer : first_receive_buffer();
  c.receive.start(receive_budget(c.receive_buffer), runs_);
  c.keepalive_idle = config_.keepalive_idle;
  c.keepalive_interval = config_.keepalive_interval;
  c.keepalive_probes = config_.keepalive_probes;
}

// What a SYN says, with or without an ACK.
void Machine::take_syn(Connection& c, const Segment& s) noexcept {
  c.irs = s.seq;
  c.rcv_nxt = c.last_ack_sent = c.rcv_adv = s.seq + 1;
  c.snd_wnd = c.max_snd_wnd = s.window;  // RFC 7323 §2.2: never scaled in a SYN
  c.last_rx = now_;
  negotiate(c, s);
}

// The SYN is acknowledged by `s`, in whose numbers and window everything begins.
void Machine::establish(Connection& c, const Segment& s) noexcept {
  AgeList::remove(c);
  c.state = State::established;
  dp::count(counters_.established);
  measure(c, s);
  if (c.syn_lost) c.rtt.syn_was_lost();
  c.snd_una = s.ack;
  c.high_rxt = s.ack;
  c.rack.start(s.ack);
  c.retries = c.backoff = 0;
  disarm(c, Timer::retransmit);
  c.congestion.start(config_.congestion, c.mss, c.syn_lost);
  c.snd_wl1 = s.seq;
  c.snd_wl2 = s.ack;
  c.snd_wnd = uint32_t{s.window} << (s.has(TcpHeader::kSyn) ? 0 : c.peer_scale);
  c.max_snd_wnd = std::max(c.max_snd_wnd, c.snd_wnd);
  c.last_rx = now_;
  arm(c, Timer::keepalive, now_ + c.keepalive_idle);
  post(c, event::kOpened);
  if (!c.fin_queued) return;
  c.state = State::fin_wait_1;  // it was closed before it was open
  activate(c);
}

// Everything that RFC 9293 §3.10.7.4 says of SYN-RECEIVED up to the ACK; what follows the ACK is as
// in ESTABLISHED.
void Machine::on_syn_received(Connection& c, Segment& s) noexcept {
  if (s.has(TcpHeader::kRst)) {
    // A passive open goes back to LISTEN, of which nobody needs to hear; an active one was refused.
    if (s.seq == c.rcv_nxt) {
      dp::count(counters_.resets_in);
      close(c, c.upper_knows ? CloseReason::refused : CloseReason::handshake_failed);
      return drop(s, DropReason::tcp_handshake);
    }
    return drop(s, DropReason::tcp_out_of_window);
  }
  if (s.has(TcpHeader::kSyn)) {
    if (s.seq == c.irs && !s.has(TcpHeader::kAck)) {
      (void)send_syn_ack(c);  // ours was lost, or theirs was doubled
      return drop(s, DropReason::tcp_duplicate);
    }
    // RFC 9293 §3.5 figure 8: both sides opened, and both answer the other's SYN with a SYN-ACK.
    if (!c.upper_knows || s.seq != c.irs || s.ack != c.snd_nxt || s.size > 0) {
      challenge(c);
      return drop(s, DropReason::tcp_syn_in_window);
    }
    c.ack_now = true;
    activate(c);
    return establish(c, s);
  }
  if (!timestamps_acceptable(c, s) || !sequence_acceptable(c, s)) return;
  if (!s.has(TcpHeader::kAck)) return drop(s, DropReason::tcp_bad_flags);
  if (s.ack != c.snd_nxt) {
    return reject(s, c.hash, DropReason::tcp_handshake);
  }
  establish(c, s);
  remember_timestamp(c, s);
  on_text(c, s);
}

}  // namespace culvert::tcp
