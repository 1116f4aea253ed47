// The loop: the only place that knows all stages and their order.
//
//   control, ports, other workers → the box itself (ARP, ICMP, TCP in) → tunnels up → tunnels down
//   → TCP out → ports
#include <rte_rcu_qsbr.h>

#include "dataplane/worker/worker.hpp"

namespace culvert::dp {

void Worker::run() noexcept {
  rte_rcu_qsbr* qsbr = shared.sessions().qsbr();
  rte_rcu_qsbr_thread_register(qsbr, index);
  rte_rcu_qsbr_thread_online(qsbr, index);
  if (sleep_when_idle) prepare_idle();
  const uint64_t started = rte_rdtsc();

  while (!stop.load(std::memory_order_relaxed)) {
    const uint64_t begin = rte_rdtsc();
    now = clock.at(begin);

    // Orders first: a port that is to be served is served from the first packet on.
    bool busy = obey();
    busy |= receive();
    busy |= take_over();
    busy |= tunnels_up();
    busy |= tunnels_down();
    transmit();
    rte_rcu_qsbr_quiescent(qsbr, index);

    const uint64_t end = rte_rdtsc();
    count(counters.loops, 1);
    counters.total_cycles.store(end - started, std::memory_order_relaxed);
    if (busy) {
      count(counters.busy_loops, 1);
      count(counters.busy_cycles, end - begin);
      idle_loops = 0;
    } else if (sleep_when_idle) {
      idle();
    }
  }

  rte_rcu_qsbr_thread_offline(qsbr, index);
  rte_rcu_qsbr_thread_unregister(qsbr, index);
}

}  // namespace culvert::dp
