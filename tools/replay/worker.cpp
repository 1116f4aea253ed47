// The polling loop.
#include "tools/replay/worker.hpp"

#include <algorithm>

#include <rte_cycles.h>

namespace culvert::replay {

void Worker::run() noexcept {
  Sender** const first = senders.data();
  Sender** last = first + senders.size();
  while (!stop->load(std::memory_order_relaxed)) {
    if (first != last) {
      last = std::remove_if(first, last, [](Sender* sender) { return !sender->poll(rte_rdtsc()); });
      // Orders what the senders wrote before what others read when they see that all are done.
      sending.store(static_cast<unsigned>(last - first), std::memory_order_release);
    } else if (receivers.empty()) {
      return;
    }
    for (Receiver* receiver : receivers)
      receiver->poll();
  }
}

}  // namespace culvert::replay
