// Devices under test that are only a formula, with the troubles that real ones have.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "tools/search/search.hpp"

namespace culvert::search::test {

struct Device {
  double capacity = 1e6;  // what it carries without loss
  double noise =
      0;  // by which the capacity differs from trial to trial (standard deviation, relative)
  double hiccups = 0;  // a second, each of which loses hiccup_s of traffic
  double hiccup_s = 0.003;
  double base_loss = 0;  // at any load
  double cliff =
      1;  // which share gets through of what is above the capacity, 1: all that fits; 0.5: half
          // of even that
  std::mt19937_64 chance{1};

  [[nodiscard]] double loss(const Trial& trial) {
    const double now =
        noise == 0 ? capacity : capacity * std::normal_distribution<double>(1, noise)(chance);
    double through = trial.load <= now ? trial.load : now * cliff;
    if (hiccups > 0) {
      const auto times = std::poisson_distribution<int>(hiccups * trial.duration_s)(chance);
      through *= std::max(0.0, 1 - times * hiccup_s / trial.duration_s);
    }
    return 1 - through / trial.load * (1 - base_loss);
  }
};

// Runs a search to its end, or until `most` trials.
inline void run(Search& search, Device& device, size_t most = 5000) {
  while (const auto trial = search.next()) {
    if (search.trials() >= most) return;
    search.add({trial->load, trial->duration_s, device.loss(*trial)});
  }
}

inline Goal ndr() {
  return {.name = "NDR", .loss_ratio = 1e-5};
}
inline Goal pdr() {
  return {.name = "PDR", .loss_ratio = 0.005};
}

}  // namespace culvert::search::test
