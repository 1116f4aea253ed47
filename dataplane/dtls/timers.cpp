#include "dataplane/dtls/timers.hpp"

#include <algorithm>

#include "dataplane/dtls/output.hpp"
#include "dataplane/dtls/path_mtu.hpp"
#include "dataplane/dtls/roaming.hpp"

namespace culvert::dtls {

namespace {

// A move is told again for this long, in case the ring to the transmit side's worker was full.
constexpr Time kRepeatMove = 4 * dp::kSecond;
// A client that is not heard is asked a few times more, in case the path comes back; then another
// host may have its port.
constexpr unsigned kIntervalsUntilGone = 8;
// While packets go down. The sender inside has sent again after 200 ms, 600 ms and 1.4 s, each time
// into the void if we still wait.
constexpr Time kShortestPatience = dp::kSecond / 2;
constexpr Time kLongestPatience = 4 * dp::kSecond;
constexpr unsigned kRoundTripsOfPatience = 4;
constexpr unsigned kQuestionsInPatience = 3;

// When the last packet went down.
Time last_sent(const Context& c, const ReceiveSide& s) noexcept {
  const TransmitTable& home = *c.homes[s.transmit.worker];
  return home.counters(s.transmit.slot).last_data_us.load(std::memory_order_relaxed);
}

// How long packets have been going down without a sign of the client, 0 if they do not.
Time waited(ReceiveSide& s, Time sent, Time now) noexcept {
  if (sent <= s.last_rx) {
    s.waiting = 0;
  } else if (s.waiting == 0 || s.last_rx >= s.waiting) {
    s.waiting = now;
  }
  return s.waiting == 0 ? 0 : now - s.waiting;
}

// How long packets may go down without a sign of the client before TLS carries them. A wrong guess
// costs no more than some packets in another order: the next record brings DTLS back.
Time patience(const ReceiveSide& s) noexcept {
  if (s.round_trip == 0) return kLongestPatience;
  return std::clamp(kRoundTripsOfPatience * s.round_trip, kShortestPatience, kLongestPatience);
}

void check(Context& c, ReceiveSide& s, Time now) noexcept {
  if (s.phase != Phase::open) return;
  check_path(c, s, now);
  if (s.moved != 0 && now - s.moved < kRepeatMove) tell_transmit_side(c, s);
  // Before the first record the handshake may not be over; control has a timer for that.
  if (s.dpd_interval == 0 || !s.proven) return;
  const Time silent = now - s.last_rx;
  const Time sent = last_sent(c, s);
  const Time waiting = s.heard ? waited(s, sent, now) : 0;
  const Time limit = patience(s);
  if (s.heard && (silent >= s.dpd_interval || waiting >= limit)) {
    s.heard = false;
    c.receive.owe(s, owed::kHeard);
  }
  // Often while control still decides whether the tunnel is gone, seldom after that.
  Time pause = silent < 2 * s.dpd_interval ? s.dpd_interval / 4 : s.dpd_interval;
  bool ask = silent >= s.dpd_interval / 2 && silent < kIntervalsUntilGone * s.dpd_interval;
  // In good time, so that an answer ends the wait; and, while packets go down, now and then to know
  // how long one takes.
  if (const Time between = limit / kQuestionsInPatience; waiting >= between) {
    pause = std::min(pause, between);
    ask = true;
  } else if (s.heard && sent != 0 && (s.last_dpd == 0 || sent >= s.last_dpd + s.dpd_interval / 2)) {
    ask = true;
  }
  if (ask && (s.last_dpd == 0 || now - s.last_dpd >= pause) &&
      reply_empty(c, s.transmit, cstp::PacketType::dpd_request)) {
    s.last_dpd = now;
  }
}

void check(Context& c, TransmitSide& s, Time now) noexcept {
  if (s.phase != Phase::open) return;
  if (s.keepalive_interval != 0 && now - s.last_tx >= s.keepalive_interval &&
      reply_empty(c, conn_of(c, s), cstp::PacketType::keepalive)) {
    s.last_tx = now;
  }
}

template <typename Table>
void sweep(Context& c, Table& table, Time now, Time elapsed) noexcept {
  constexpr Time kRound = dp::kSecond;
  if (table.active.empty()) return;
  const auto share = table.active.size() * std::min(elapsed, kRound);
  // Rounded up, so that a few tunnels are looked at more often than once a second, not never.
  auto count = (share + kRound - 1) / kRound;
  while (count-- > 0) {
    if (table.cursor >= table.active.size()) table.cursor = 0;
    check(c, table[table.active[table.cursor]], now);
    ++table.cursor;
  }
}

}  // namespace

void sweep_timers(Context& c, Time now, Time elapsed) noexcept {
  sweep(c, c.receive, now, elapsed);
  sweep(c, c.transmit, now, elapsed);
}

}  // namespace culvert::dtls
