// Packets on their way, and which is due next.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "tools/culvert-delay/time.hpp"

namespace culvert::delay {

// Those that keep their order are a queue; those that are held back, few, a heap. Neither allocates
// after the construction. Where two are due at once, the queue's goes first.
template <class Packet>
class Schedule {
 public:
  explicit Schedule(size_t capacity) : ring_(capacity) { late_.reserve(capacity); }

  // False if there is no room. `due` never falls between calls of add(); a packet that would break
  // that leaves with the one before it.
  [[nodiscard]] bool add(Packet packet, Nanoseconds due) noexcept {
    if (full()) return false;
    last_ = std::max(last_, due);
    ring_[(head_ + count_) % ring_.size()] = {last_, packet};
    ++count_;
    return true;
  }
  // Any order. Of two that are due at once the one that came first leaves first.
  [[nodiscard]] bool add_late(Packet packet, Nanoseconds due) noexcept {
    if (full()) return false;
    late_.push_back({{due, packet}, serial_++});
    std::push_heap(late_.begin(), late_.end(), Later{});
    return true;
  }

  [[nodiscard]] Nanoseconds next_due() const noexcept {
    const Nanoseconds in_order = count_ == 0 ? kNever : ring_[head_].due;
    return late_.empty() ? in_order : std::min(in_order, late_.front().entry.due);
  }
  // The packet that is due at next_due(), taken out. Only if size() > 0.
  [[nodiscard]] Packet take() noexcept {
    if (late_.empty() || (count_ != 0 && ring_[head_].due <= late_.front().entry.due)) {
      const Packet packet = ring_[head_].packet;
      head_ = (head_ + 1) % ring_.size();
      --count_;
      return packet;
    }
    std::pop_heap(late_.begin(), late_.end(), Later{});
    const Packet packet = late_.back().entry.packet;
    late_.pop_back();
    return packet;
  }

  [[nodiscard]] size_t size() const noexcept { return count_ + late_.size(); }

 private:
  struct Entry {
    Nanoseconds due = 0;
    Packet packet{};
  };
  struct LateEntry {
    Entry entry;
    uint64_t serial = 0;
  };
  struct Later {
    bool operator()(const LateEntry& a, const LateEntry& b) const noexcept {
      return a.entry.due != b.entry.due ? a.entry.due > b.entry.due : a.serial > b.serial;
    }
  };

  [[nodiscard]] bool full() const noexcept { return size() == ring_.size(); }

  std::vector<Entry> ring_;
  size_t head_ = 0, count_ = 0;
  Nanoseconds last_ = 0;
  std::vector<LateEntry> late_;
  uint64_t serial_ = 0;
};

}  // namespace culvert::delay
