// One core's work: the senders and receivers that it polls in turn, until it is told to stop.
#pragma once

#include <atomic>
#include <vector>

#include "tools/replay/receiver.hpp"
#include "tools/replay/sender.hpp"

namespace culvert::replay {

struct Worker {
  std::vector<Sender*> senders;
  std::vector<Receiver*> receivers;
  const std::atomic<bool>* stop = nullptr;
  std::atomic<unsigned> sending{0};  // senders that are not done

  // Until `stop`, or, without receivers, until every sender is done.
  void run() noexcept;
};

}  // namespace culvert::replay
