// One connection's state (RFC 9293 §3.3.1). What every segment touches comes first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/packet/address.hpp"
#include "dataplane/tcp/congestion.hpp"
#include "dataplane/tcp/endpoint.hpp"
#include "dataplane/tcp/min_rtt.hpp"
#include "dataplane/tcp/pacer.hpp"
#include "dataplane/tcp/prr.hpp"
#include "dataplane/tcp/rack.hpp"
#include "dataplane/tcp/receive_queue.hpp"
#include "dataplane/tcp/rtt.hpp"
#include "dataplane/tcp/send_queue.hpp"
#include "dataplane/tcp/sent_list.hpp"
#include "dataplane/tcp/seq.hpp"
#include "dataplane/tcp/timer_wheel.hpp"

namespace culvert::tcp {

inline constexpr Time kNever = ~Time{0};

enum class Recovery : uint8_t {
  open,     // nothing is believed lost
  fast,     // RFC 5681 §3.2, RFC 6675, RFC 8985 §6; the window is prr.hpp's
  timeout,  // everything sent before the timeout is sent again as the window opens
};

// Whether a timeout was needed (RFC 5682 §3.1).
enum class Suspicion : uint8_t {
  none,      // it was, or nobody asks
  first,     // only the first segment was sent again: what does the next ACK say?
  new_data,  // ... and then new data instead of old
};

// What is needed to undo a recovery (RFC 5682 §4, RFC 3522, RFC 3708).
struct Undo {
  Congestion::Saved saved;
  Seq until;  // while snd_una is not beyond: later a report of a duplicate means something else
  uint32_t first_stamp = 0;  // our timestamp when the first segment was sent again
  uint32_t doubtful = 0;     // bytes sent again of which the peer has not said that it had them
  bool possible = false;
};

// The tail loss probe that was sent and whose end is open (RFC 8985 §7.1).
struct TailProbe {
  Seq end;
  bool outstanding = false;
  bool retransmission = false;  // rather than new data
};

// One wheel node serves all; it is armed for the earliest, and may be armed too early.
enum class Timer : uint8_t {
  retransmit,  // or persist, or the SYN-ACK's
  probe,       // of the tail (RFC 8985 §7)
  reorder,     // what was overtaken is waited for no longer (RFC 8985 §6.3)
  pace,        // the next segments may leave
  ack,         // delayed ACK; also "try again" when the packet pool was empty
  keepalive,
  linger,  // TIME-WAIT, and every other state once the upper layer is gone
  path,    // the path may have become wider again
};
inline constexpr size_t kTimers = 8;

class AgeList;

struct alignas(64) Connection {
  // --- line 0: what a received segment reads and writes ---
  State state = State::closed;
  uint8_t events = 0;      // not yet taken
  uint8_t peer_scale = 0;  // of the windows that the peer announces
  uint8_t own_scale = 0;   // of those that we announce
  Seq rcv_nxt;
  Seq rcv_adv;             // right edge of the window that was announced; never moves left
  Seq last_ack_sent;       // rcv_nxt as the peer knows it
  uint32_t ts_recent = 0;  // RFC 7323 §4.3
  Seq snd_una;
  Seq snd_nxt;
  uint32_t snd_wnd = 0;  // bytes, scaled
  Seq snd_wl1;           // RFC 9293 §3.10.7.4: segment of the last window update
  Seq snd_wl2;
  Time last_rx = 0;
  uint32_t dup_acks = 0;
  uint16_t rcv_mss = 536;  // the largest payload seen; "full-sized" for delayed ACKs
  Recovery recovery = Recovery::open;
  bool timestamps : 1 = false;
  bool sack : 1 = false;
  bool ack_now : 1 = false;     // answer in the next poll()
  bool active : 1 = false;      // in the list for the next poll()
  bool fin_queued : 1 = false;  // shutdown() was called
  bool fin_sent : 1 = false;
  bool fin_known : 1 = false;   // the peer's FIN came, perhaps ahead of data
  bool released : 1 = false;    // the upper layer has forgotten the connection
  bool wants_room : 1 = false;  // the upper layer has more than TCP could soon send: kRoom is owed
  uint32_t receive_buffer = 0;  // bytes that may wait for the reader

  // --- line 1: what sending needs ---
  alignas(64) uint32_t ts_offset = 0;
  uint16_t mss = 536;  // TCP payload plus options that a segment may carry, now
  uint16_t peer_mss = 536;
  uint16_t ip_id = 0;        // of the next IPv4 packet
  uint32_t max_snd_wnd = 0;  // the largest window ever offered (RFC 9293 §3.8.6.2.1)
  Seq high_rxt;              // retransmitted up to here (RFC 6675 HighRxt)
  Seq recover;               // RFC 6582: recovery ends when this is acknowledged
  Seq limited_until;         // the window held something back until this was sent
  Prr prr;
  Time last_tx = 0;
  uint8_t backoff = 0;
  uint8_t retries = 0;
  Suspicion suspicion = Suspicion::none;
  TailProbe tail_probe;
  bool cwnd_limited : 1 = false;
  bool force_retransmit : 1 = false;   // one segment regardless of the congestion window
  bool probe_outstanding : 1 = false;  // one byte beyond snd_nxt is on its way (zero-window probe)
  bool rtt_running : 1 = false;        // our SYN is being timed
  bool send_refused : 1 = false;       // kWritable is owed
  bool in_use : 1 = false;
  bool syn_lost : 1 = false;
  bool upper_knows : 1 = false;   // kOpened was posted
  bool dont_fragment : 1 = true;  // DF, as long as the path is not narrower than the floor

  Congestion congestion;
  Pacer pacer;
  RttEstimator rtt;
  MinRtt min_rtt;
  Rack rack;
  SentList sent;
  SendQueue send;
  std::array<Time, kTimers> deadlines{kNever, kNever, kNever, kNever,
                                      kNever, kNever, kNever, kNever};
  Time armed_for = kNever;  // what the wheel node stands for
  TimerNode timer;

  Connection* next_active = nullptr;
  Connection* next_event = nullptr;
  Connection* older = nullptr;  // neighbours in waits_in
  Connection* newer = nullptr;
  AgeList* waits_in = nullptr;  // half-open or forgotten connections, or neither

  // --- cold ---
  Undo undo;
  SackBlock dsack;  // what came twice and is owed a report (RFC 2883); empty if start == end
  Seq rtt_seq;
  Time rtt_sent = 0;
  dp::Flow flow;
  uint32_t hash = 0;
  uint32_t slot = 0;
  uint32_t generation = 0;
  CloseReason reason = CloseReason::none;
  uint8_t keepalive_sent = 0;
  uint8_t keepalive_probes = 0;
  uint8_t challenges = 0;   // sent in this second
  uint8_t black_holes = 0;  // how often large segments have got lost without a word
  uint16_t full_mss = 536;  // as negotiated: what `mss` is on a path that is wide enough
  Time challenge_second = 0;
  Time ts_recent_at = 0;  // when ts_recent was written
  Time keepalive_idle = 0;
  Time keepalive_interval = 0;
  Time keepalive_probed = 0;  // when the last probe was sent
  Time fin_acked = 0;         // when the peer acknowledged our FIN
  Seq iss;
  Seq irs;
  Seq fin_seq;        // where the peer's FIN is, if fin_known
  uint32_t held = 0;  // its part of Machine::held_
  ReceiveQueue receive;

  [[nodiscard]] Time& deadline(Timer t) noexcept { return deadlines[static_cast<size_t>(t)]; }
  [[nodiscard]] uint32_t flight() const noexcept { return snd_nxt - snd_una; }
  [[nodiscard]] uint32_t unsent() const noexcept {
    return snd_nxt < send.end() ? send.end() - snd_nxt : 0;
  }
  [[nodiscard]] bool fin_due() const noexcept { return fin_queued && !fin_sent; }
  // The receive window as the peer knows it.
  [[nodiscard]] uint32_t rcv_wnd() const noexcept { return rcv_adv - rcv_nxt; }
  // Both directions carry data in these states only.
  [[nodiscard]] bool may_receive() const noexcept {
    return state == State::established || state == State::fin_wait_1 || state == State::fin_wait_2;
  }
  [[nodiscard]] bool synchronized() const noexcept { return state >= State::established; }
  [[nodiscard]] bool may_send() const noexcept {
    return state == State::established || state == State::close_wait;
  }
};
static_assert(offsetof(Connection, recovery) < 64, "a received segment touches one line");
static_assert(offsetof(Connection, ts_offset) == 64);
static_assert(sizeof(Connection) <= 14 * 64, "an idle connection is small");

}  // namespace culvert::tcp
