// How many of something each client, or each session, has.
#pragma once

#include <map>

namespace culvert::control {

// Nothing is kept for a key that has none. Ordered: nobody chooses keys that collide.
template <typename Key>
class KeyCounts {
 public:
  [[nodiscard]] bool below(const Key& key, unsigned limit) const {
    const auto found = counts_.find(key);
    return found == counts_.end() || found->second < limit;
  }
  void add(const Key& key) { counts_[key]++; }
  // Nothing, if there is none.
  void remove(const Key& key) noexcept {
    const auto found = counts_.find(key);
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
  }
  void clear() noexcept { counts_.clear(); }

 private:
  std::map<Key, unsigned> counts_;
};

}  // namespace culvert::control
