// Which members are up: added, removed and drawn in the same short time, however many they are.
#pragma once

#include <cstdint>
#include <vector>

namespace culvert::load {

class Roster {
 public:
  explicit Roster(uint32_t members) : place_(members, kNowhere) { up_.reserve(members); }

  [[nodiscard]] uint32_t size() const noexcept { return static_cast<uint32_t>(up_.size()); }
  [[nodiscard]] bool has(uint32_t member) const noexcept { return place_[member] != kNowhere; }
  // In no particular order, which every change may change.
  [[nodiscard]] uint32_t operator[](size_t at) const noexcept { return up_[at]; }

  void add(uint32_t member) {
    if (has(member)) return;
    place_[member] = size();
    up_.push_back(member);
  }
  void remove(uint32_t member) noexcept {
    if (!has(member)) return;
    const uint32_t last = up_.back();
    up_[place_[member]] = last;
    place_[last] = place_[member];
    place_[member] = kNowhere;
    up_.pop_back();
  }

 private:
  static constexpr uint32_t kNowhere = ~uint32_t{0};
  std::vector<uint32_t> up_;
  std::vector<uint32_t> place_;  // in up_
};

}  // namespace culvert::load
