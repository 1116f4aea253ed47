// What a worker without work does on a machine that has other things to do. On isolated cores it
// never gets here.
//
// While packets come often it dozes, for as long as it takes a burst to gather: a wake-up costs as
// much as several packets. When they come seldom it sleeps until one is there, if the ports can say
// so, and else a little at a time.
#include <algorithm>
#include <ctime>

#include <poll.h>
#include <rte_rcu_qsbr.h>
#include <sys/prctl.h>

#include "dataplane/worker/worker.hpp"

namespace culvert::dp {

namespace {
constexpr unsigned kSpinLoops = 8;                 // empty loops before the first sleep
constexpr Time kShortestDoze = 50;                 // µs
constexpr Time kLongestDoze = 250;                 // bounds what a doze adds to a packet's delay
constexpr uint64_t kGathered = 16;                 // packets worth a wake-up
constexpr uint64_t kOften = 2;                     // packets in the longest doze
constexpr Time kLongestSleep = 10 * kMillisecond;  // the rhythm of the tunnels' timers
constexpr unsigned long kTimerSlack = 5000;        // ns; Linux' own 50 µs would double a doze

timespec to_timespec(Time us) noexcept {
  return {static_cast<time_t>(us / kSecond), static_cast<long>(us % kSecond) * 1000};
}

}  // namespace

void Worker::prepare_idle() noexcept {
  (void)prctl(PR_SET_TIMERSLACK, kTimerSlack, 0, 0, 0);
  wakers.clear();
  wakers.push_back({shared.bells_[index]->fd(), POLLIN, 0});
  for (const auto& port : shared.ports_) {
    if (index >= port->rx_queues()) continue;
    const int fd = port->wake_fd(index);
    if (fd < 0) return wakers.clear();
    wakers.push_back({fd, POLLIN, 0});
  }
}

void Worker::idle() noexcept {
  if (++idle_loops < kSpinLoops) {
    rte_pause();
    return;
  }
  const Time deadline = tcp.next_deadline();
  if (deadline <= now || tcp.has_events()) return;
  const uint64_t packets = counters.packets_in.load(std::memory_order_relaxed);
  const uint64_t came = packets - packets_at_sleep;
  const Time elapsed = std::max<Time>(now - slept_at, 1);
  packets_at_sleep = packets;
  slept_at = now;

  const bool often = came * kLongestDoze >= kOften * elapsed;
  // A socket may be readable for ever (its interface went down): then at least a doze each time.
  const bool in_vain = came == 0 && woken;
  woken = false;
  if (!often && !in_vain && !wakers.empty() && !has_leftovers()) {
    sleep(std::min(deadline - now, kLongestSleep));
    return;
  }
  Time length = kLongestDoze;
  if (came != 0) {
    // Where no port wakes us, what comes seldom is looked for often.
    length =
        often ? std::clamp(kGathered * elapsed / came, kShortestDoze, kLongestDoze) : kShortestDoze;
  }
  doze(std::min(length, deadline - now));
}

// What waits for somebody who will not wake us: a port's ring, a buffer, control's messages.
bool Worker::has_leftovers() const noexcept {
  return !tunnels.owing.empty() || !dtls_receive.owing.empty() || !dtls_transmit.owing.empty() ||
         std::ranges::any_of(tx, [](const auto& port) { return port->waiting() != 0; });
}

// Nobody wakes it: what the others have put on rings meanwhile waits no longer than what has come
// to the ports.
void Worker::doze(Time length) noexcept {
  const timespec duration = to_timespec(length);
  clock_nanosleep(CLOCK_MONOTONIC, 0, &duration, nullptr);
  count(counters.dozes);
}

void Worker::sleep(Time length) noexcept {
  Doorbell& bell = *shared.bells_[index];
  bell.announce_sleep();
  if (shared.mailbox(index).worker_ring_empty() && shared.mesh_->empty(index)) {
    rte_rcu_qsbr* qsbr = shared.sessions().qsbr();
    rte_rcu_qsbr_thread_offline(qsbr, index);
    const timespec timeout = to_timespec(length);
    woken = ppoll(wakers.data(), wakers.size(), &timeout, nullptr) > 0;
    rte_rcu_qsbr_thread_online(qsbr, index);
    count(counters.sleeps);
  }
  bell.woke();
}

}  // namespace culvert::dp
