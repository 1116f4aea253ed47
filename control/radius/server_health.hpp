// Which servers of a group are worth asking: one that left several requests in a row unanswered
// counts as dead until all of the group are (the ASA's `reactivation-mode depletion`). And which of
// them sign their answers: what a server has once done it must go on doing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "control/config/aaa_config.hpp"

namespace culvert::control::radius {

class ServerHealth {
 public:
  // The first host that has a key and is neither dead nor in `tried`. When nobody has been tried yet and all are
  // dead, they come back to life: at once without a fallback, else when their dead time is over.
  [[nodiscard]] std::optional<size_t> choose(const AaaServerConfig& group,
                                             const std::vector<dp::IpAddress>& tried,
                                             bool has_fallback, uint64_t now_us) {
    if (tried.empty() && all_dead(group) && (!has_fallback || now_us >= dead_until_us_))
      state_.clear();
    for (size_t i = 0; i < group.hosts.size(); i++) {
      const dp::IpAddress& address = group.hosts[i].address;
      bool was_tried = false;
      for (const dp::IpAddress& t : tried)
        was_tried |= t == address;
      if (!was_tried && !group.hosts[i].key.empty() && !state_[address].dead) return i;
    }
    return std::nullopt;
  }

  // True if that makes the server dead.
  [[nodiscard]] bool failed(const AaaServerConfig& group, const dp::IpAddress& address,
                            uint64_t now_us) {
    State& state = state_[address];
    if (state.dead || ++state.failures < group.max_failed_attempts) return false;
    state.dead = true;
    if (all_dead(group)) dead_until_us_ = now_us + uint64_t{group.dead_time_min} * 60'000'000;
    return true;
  }

  [[nodiscard]] bool signs(const dp::IpAddress& address) const { return signs_.contains(address); }
  void signs_from_now_on(const dp::IpAddress& address) { signs_.insert(address); }

  // True if the server had been dead.
  [[nodiscard]] bool answered(const dp::IpAddress& address) {
    State& state = state_[address];
    const bool was_dead = state.dead;
    state = {};
    return was_dead;
  }

 private:
  struct State {
    unsigned failures = 0;
    bool dead = false;
  };

  [[nodiscard]] bool all_dead(const AaaServerConfig& group) {
    for (const AaaHostConfig& host : group.hosts) {
      if (!host.key.empty() && !state_[host.address].dead) return false;
    }
    return true;
  }

  std::map<dp::IpAddress, State> state_;
  std::set<dp::IpAddress> signs_;
  uint64_t dead_until_us_ = 0;
};

}  // namespace culvert::control::radius
