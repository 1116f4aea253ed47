// The active open: SYN-SENT (RFC 9293 §3.10.1 and §3.10.7.3). A SYN-ACK leads to ESTABLISHED, a SYN alone to
// SYN-RECEIVED (§3.5, both sides open at once), where listen.cpp goes on.
// Drops: tcp-invalid-ack, tcp-3whs-failed, cv-tcp-reset-limit.
#include <algorithm>

#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

using dp::DropReason;
using dp::TcpHeader;

dp::ConnId Machine::connect(const dp::Flow& flow, Time now) noexcept {
  set_time(now);
  if (flow.local_port == 0 || flow.remote_port == 0) return {};
  const uint32_t hash = table_.hash(flow);
  if (lookup(flow, hash) != nullptr) return {};
  Connection* slot = take_slot();
  if (slot == nullptr) return {};
  Connection& c = *slot;
  c.state = State::syn_sent;
  c.upper_knows = true;
  begin(c, flow, hash, initial_numbers(isn_key_, flow, now_));
  dp::count(counters_.connects);
  (void)send_syn(c);  // if the pool is empty the timer does it
  arm_retransmit(c);
  return {config_.worker, c.slot, c.generation};
}

void Machine::on_syn_sent(Connection& c, Segment& s) noexcept {
  const bool reset = s.has(TcpHeader::kRst);
  const bool ack = s.has(TcpHeader::kAck);
  // Our SYN is all that can be acknowledged. An old connection's segment is answered with a reset, so that
  // what is left of that connection goes away (§3.5.2); our SYN will come again.
  if (ack && s.ack != c.snd_nxt) {
    return reject(s, c.hash, DropReason::tcp_bad_ack);
  }
  if (reset) {
    // Only who has seen the SYN can refuse it (RFC 5961 §3 leaves this state as it is).
    if (!ack) return drop(s, DropReason::tcp_bad_ack);
    dp::count(counters_.resets_in);
    return close(c, CloseReason::refused);
  }
  if (!s.has(TcpHeader::kSyn)) return drop(s, DropReason::tcp_handshake);
  take_syn(c, s);
  c.rcv_adv = c.rcv_nxt + syn_window(c.receive_buffer);  // as our SYN announced
  if (!ack) {
    c.state = State::syn_received;
    c.retries = c.backoff = 0;
    (void)send_syn_ack(c);
    return arm_retransmit(c);
  }
  establish(c, s);
  c.ack_now = true;
  activate(c);
  // Data behind the SYN; it starts one number later.
  s.seq += 1;
  s.flags &= static_cast<uint8_t>(~TcpHeader::kSyn);
  on_text(c, s);
}

void Machine::on_connect_timeout(Connection& c) noexcept {
  if (++c.retries > config_.max_connect_retransmits) return close(c, CloseReason::timed_out);
  c.syn_lost = true;
  c.rtt_running = false;
  ++c.backoff;
  (void)send_syn(c);
  arm_retransmit(c);
}

}  // namespace culvert::tcp
