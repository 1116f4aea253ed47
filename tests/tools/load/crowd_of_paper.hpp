// A crowd without packets: what a scenario orders takes a while and works, unless a test says otherwise.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "tools/load/scenario.hpp"

namespace culvert::load {

class PaperCrowd {
 public:
  explicit PaperCrowd(const Plan& plan) : scenario(plan, kStart), now(kStart) {}

  static constexpr Time kStart = kSecond;
  static constexpr Time kTurn = 1000;

  struct Done {
    Order order;
    Time at;
  };

  // One turn of the loop.
  void turn() {
    while (!pending.empty() && pending.begin()->first <= now) {
      const Order order = pending.begin()->second;
      pending.erase(pending.begin());
      if (fails && fails(order)) {
        scenario.failed(order.member, now, order.act != Act::log_in);
      } else {
        scenario.came_up(order.member, now);
      }
    }
    while (const auto order = scenario.next(now)) {
      done.push_back({*order, now});
      if (order->act == Act::log_in || order->act == Act::reconnect ||
          order->act == Act::roam_address) {
        pending.emplace(now + takes, *order);
      }
    }
    most_on_their_way = std::max(most_on_their_way, scenario.on_their_way());
    now += kTurn;
  }
  // Until it is over, or so many seconds have passed.
  void play(double seconds) {
    const Time until = now + from_seconds(seconds);
    while (!scenario.over() && now < until)
      turn();
  }
  [[nodiscard]] size_t count(Act act) const {
    size_t n = 0;
    for (const Done& each : done)
      n += each.order.act == act ? 1 : 0;
    return n;
  }

  Scenario scenario;
  Time now;
  Time takes = 20'000;
  std::function<bool(const Order&)> fails{};
  std::multimap<Time, Order> pending{};
  std::vector<Done> done{};
  uint32_t most_on_their_way = 0;
};

}  // namespace culvert::load
