// SYNs while the backlog is full (RFC 4987 §3.6): no state before the third segment, which makes a
// connection as if the SYN had been kept. The half-open connections that are there stay, since most may be
// genuine. Drops: cv-syn-shed, intercept-unexpected, cv-tcp-reset-limit, conn-limit, and those of SYN-RECEIVED.
#include <algorithm>

#include "dataplane/tcp/machine.hpp"

namespace culvert::tcp {

using dp::DropReason;
using dp::TcpHeader;

// To answer costs many times what it costs to read: the answer is made and sent, and on a virtual port the very same
// core carries it to its receiver. So while packets come faster than they are read every second stranger is heard. Each
// flow has its own chance, and another one with the next burst, so that who tries again gets in: of the five SYNs that
// a client sends in 15 s one is heard in 31 of 32 cases (were it one stranger in eight, in half of them). Were the
// answers of a burst counted, whoever sends a part of it could see from his own how many the others took
// (CVE-2016-5696).
bool Machine::heard(uint32_t hash) const noexcept {
  if (inflow_ == Inflow::in_time) return true;
  uint64_t chance = bursts_ << 32 | hash;  // the last steps of SplitMix64
  chance = (chance ^ chance >> 30) * 0xbf58476d1ce4e5b9;
  chance = (chance ^ chance >> 27) * 0x94d049bb133111eb;
  return chance >> 63 == 0;
}

void Machine::answer_with_cookie(Segment& s, uint32_t hash) noexcept {
  if (!heard(hash)) return drop(s, DropReason::tcp_syn_shed);
  dp::count(counters_.cookies_sent);
  send_cookie(s, cookies_.make(s.flow, s.seq, announced_mss(s.options, s.flow), now_));
}

bool Machine::may_be_cookie(const Segment& s) const noexcept {
  constexpr uint8_t kOthers = TcpHeader::kSyn | TcpHeader::kRst;
  return cookies_.outstanding(now_) && s.has(TcpHeader::kAck) && (s.flags & kOthers) == 0 &&
         listens(s.flow.local, s.flow.local_port);
}

void Machine::on_cookie(Segment& s, uint32_t hash) noexcept {
  Segment syn;  // as the peer must have sent it
  syn.seq = s.seq - 1;
  syn.window = s.window;
  syn.options.mss = cookies_.check(s.flow, syn.seq, s.ack - 1, now_);
  if (syn.options.mss == 0) return reject(s, hash, DropReason::tcp_cookie);
  if (s.options.has_timestamps) {
    syn.options.has_timestamps = true;
    syn.options.ts_value = s.options.ts_value;
    SynCookies::read_stamp(s.options.ts_echo, syn.options);
  }
  Connection* slot = take_slot();
  if (slot == nullptr) return drop(s, DropReason::tcp_conn_limit);
  Connection& c = *slot;
  c.state = State::syn_received;
  begin(c, s.flow, hash, {s.ack - 1, initial_numbers(isn_key_, s.flow, now_).timestamp_offset});
  c.rtt_running = false;
  dp::count(counters_.accepted);
  dp::count(counters_.cookies_accepted);
  take_syn(c, syn);
  c.rcv_adv = c.rcv_nxt + syn_window(c.receive_buffer);  // as the SYN-ACK announced
  on_syn_received(c, s);  // its ACK is the right one, so the connection is open now
  recount(c);
}

}  // namespace culvert::tcp
