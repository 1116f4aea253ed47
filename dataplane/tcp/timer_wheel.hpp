// A hierarchical timer wheel: four levels of 64 slots, a tick of one millisecond, intrusive nodes,
// O(1) everything.
//
// A node beyond the last level (4.6 hours) fires early; its owner looks at its own deadline and
// inserts it again, which is also how a deadline that moved later is handled without touching the
// wheel.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace culvert::tcp {

struct TimerNode {
  TimerNode* next = nullptr;
  TimerNode* prev = nullptr;
  uint64_t tick = 0;
  uint16_t place = 0;  // level and slot
  [[nodiscard]] bool armed() const noexcept { return next != nullptr; }
};

class TimerWheel {
 public:
  static constexpr uint64_t kTick = 1000;  // µs

  TimerWheel() noexcept {
    for (TimerNode& head : heads_) {
      head.next = head.prev = &head;
    }
  }
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Fires in the first advance() that is not before `when`. The node must not be armed.
  void insert(TimerNode& node, uint64_t when) noexcept {
    const uint64_t tick = when / kTick + (when % kTick != 0 ? 1 : 0);
    node.tick = std::clamp(tick, now_ + 1, now_ + kReach);
    place(node);
  }
  void remove(TimerNode& node) noexcept {
    if (!node.armed()) return;
    node.prev->next = node.next;
    node.next->prev = node.prev;
    node.next = node.prev = nullptr;
    if (heads_[node.place].next == &heads_[node.place]) {
      used_[node.place / kSlots] &= ~(1ull << (node.place % kSlots));
    }
  }
  // Moves the clock to `now` and calls expired(node) for every node that is due, already removed.
  // The callee may insert and remove any node.
  template <typename F>
  void advance(uint64_t now, F&& expired) {
    const uint64_t target = now / kTick;
    while (now_ < target) {
      // Between here and the next used slot or turn of the lowest level there is nothing to do.
      const uint64_t next = next_tick();
      if (next > target) {
        now_ = target;
        return;
      }
      now_ = next;
      cascade();
      const uint32_t slot = static_cast<uint32_t>(now_ % kSlots);
      while (TimerNode* node = first(slot)) {
        remove(*node);
        expired(*node);
      }
    }
  }
  // The earliest time at which advance() may have something to do, ~0 if nothing is armed.
  [[nodiscard]] uint64_t next_deadline() const noexcept {
    if (std::all_of(used_.begin(), used_.end(), [](uint64_t u) { return u == 0; })) return ~0ull;
    return next_tick() * kTick;
  }
  // Sets the clock of an empty wheel.
  void start(uint64_t now) noexcept { now_ = now / kTick; }

 private:
  static constexpr uint32_t kSlots = 64;
  static constexpr uint32_t kLevels = 4;
  static constexpr uint64_t kReach = (1ull << 24) - kSlots * kSlots * kSlots;

  [[nodiscard]] TimerNode* first(uint32_t index) noexcept {
    TimerNode& head = heads_[index];
    return head.next == &head ? nullptr : head.next;
  }
  void place(TimerNode& node) noexcept {
    const uint64_t distance = node.tick ^ now_;  // the highest digit that differs names the level
    uint32_t level = 0;
    while (level + 1 < kLevels && (distance >> (6 * (level + 1))) != 0) {
      ++level;
    }
    const auto slot = static_cast<uint32_t>((node.tick >> (6 * level)) % kSlots);
    node.place = static_cast<uint16_t>(level * kSlots + slot);
    TimerNode& head = heads_[node.place];
    node.prev = head.prev;
    node.next = &head;
    head.prev->next = &node;
    head.prev = &node;
    used_[level] |= 1ull << slot;
  }
  // The next tick at which a slot of some level comes due.
  [[nodiscard]] uint64_t next_tick() const noexcept {
    uint64_t best = ~0ull;
    for (uint32_t level = 0; level < kLevels; ++level) {
      if (used_[level] == 0) continue;
      const uint64_t digit = (now_ >> (6 * level)) % kSlots;
      // Slots behind the digit belong to the next turn (only the top level can have any).
      const uint64_t rotated = std::rotr(used_[level], static_cast<int>((digit + 1) % kSlots));
      const auto ahead = static_cast<uint64_t>(std::countr_zero(rotated)) + 1;
      const uint64_t base = now_ >> (6 * level);
      best = std::min(best, (base + ahead) << (6 * level));
    }
    return best;
  }
  // Deals out the slots of higher levels whose turn begins now.
  void cascade() noexcept {
    for (uint32_t level = 1; level < kLevels; ++level) {
      if ((now_ & ((1ull << (6 * level)) - 1)) != 0) return;
      const auto slot = static_cast<uint32_t>((now_ >> (6 * level)) % kSlots);
      while (TimerNode* node = first(level * kSlots + slot)) {
        remove(*node);
        place(*node);
      }
    }
  }

  std::array<TimerNode, kLevels * kSlots> heads_;
  std::array<uint64_t, kLevels> used_{};
  uint64_t now_ = 0;
};

}  // namespace culvert::tcp
