// What a worker without work does on a machine that has other things to do: it sleeps a little, and
// a little longer the longer nothing came. On isolated cores it never gets here.
#include <algorithm>

#include <poll.h>
#include <rte_rcu_qsbr.h>

#include "dataplane/worker/worker.hpp"

namespace culvert::dp {

namespace {
constexpr unsigned kSpinLoops = 64;     // empty loops before the first sleep
constexpr Time kShortestSleep = 20;     // µs
constexpr Time kLongestSleep = 250;     // bounds what a sleep adds to a packet's delay
constexpr unsigned kLoopsPerStep = 16;  // sleeps of one length before it doubles
}  // namespace

void Worker::idle() noexcept {
  if (++idle_loops < kSpinLoops) {
    rte_pause();
    return;
  }
  const unsigned doublings = std::min((idle_loops - kSpinLoops) / kLoopsPerStep, 8u);
  Time pause = std::min(kShortestSleep << doublings, kLongestSleep);
  const Time deadline = tcp.next_deadline();
  if (deadline <= now) return;
  pause = std::min(pause, deadline - now);

  // Ports of virtual devices cannot wake anybody; control and the other workers can.
  Doorbell& bell = *shared.bells_[index];
  bell.announce_sleep();
  if (shared.mailbox(index).worker_ring_empty() && shared.mesh_->empty(index)) {
    rte_rcu_qsbr* qsbr = shared.sessions().qsbr();
    rte_rcu_qsbr_thread_offline(qsbr, index);
    pollfd waiting{bell.fd(), POLLIN, 0};
    const timespec timeout{0, static_cast<long>(pause) * 1000};
    ppoll(&waiting, 1, &timeout, nullptr);
    rte_rcu_qsbr_thread_online(qsbr, index);
    count(counters.sleeps, 1);
  }
  bell.woke();
}

}  // namespace culvert::dp
