// The sides of DTLS tunnels of one kind on one worker, by the slot that control chose. Nothing is
// allocated after construction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include <rte_malloc.h>

#include "crypto/record/protection.hpp"
#include "dataplane/session/mailbox.hpp"

namespace culvert::dtls {

using dp::ConnId;
using dp::EndReason;

enum class Phase : uint8_t {
  unused,
  open,     // works
  ended,    // works no more, and waits for remove_dtls
  removed,  // wiped; control has to be told
};

// Messages that control has to get. Bits of SideBase::owed.
namespace owed {
inline constexpr uint8_t kInstalled = 1;
inline constexpr uint8_t kHeard = 2;  // whether the client is heard has changed
inline constexpr uint8_t kMoved = 4;
inline constexpr uint8_t kEnded = 8;
inline constexpr uint8_t kRemoved = 16;
inline constexpr uint8_t kPath = 32;  // what is known of the path has changed
}  // namespace owed

// What both kinds of side have.
struct SideBase {
  Phase phase = Phase::unused;
  uint8_t owed = 0;
  bool listed = false;  // in SideTable::owing
  uint8_t end_code = 0;
  EndReason end_reason = EndReason::none;
  crypto::Cipher cipher{};  // of the keys, and
  crypto::record::Overhead overhead{};
  uint32_t generation = 0;
  uint32_t active_index = 0;  // in SideTable::active
};

// All of a side lies together, in DPDK's memory (huge pages if there are any): with many tunnels each
// packet finds its own in main memory, and what is on one page is found with one look at the page table.
template <typename Side>
class SideTable {
 public:
  // Throws std::runtime_error if the memory is not there.
  explicit SideTable(uint32_t slots) : size_(slots) {
    slots_.reset(static_cast<Slot*>(rte_zmalloc("dtls_sides", sizeof(Slot) * slots, 64)));
    if (slots_ == nullptr) {
      throw std::runtime_error(
          "no memory for the DTLS tunnels' keys: raise `memory` in the dataplane section, or lower "
          "`sessions`");
    }
    for (uint32_t i = 0; i < slots; ++i) {
      new (&slots_[i].side) Side;
      new (&slots_[i].counters) dp::TunnelCounters;
    }
    active.reserve(slots);
    owing.reserve(slots);
  }
  ~SideTable() {
    for (const uint32_t slot : active)
      slots_[slot].keys.clear();
  }
  SideTable(const SideTable&) = delete;
  SideTable& operator=(const SideTable&) = delete;

  [[nodiscard]] uint32_t slots() const noexcept { return size_; }
  [[nodiscard]] Side& operator[](uint32_t slot) noexcept { return slots_[slot].side; }
  [[nodiscard]] const Side& operator[](uint32_t slot) const noexcept { return slots_[slot].side; }
  [[nodiscard]] crypto::record::Keys& keys(uint32_t slot) noexcept { return slots_[slot].keys; }
  [[nodiscard]] dp::TunnelCounters& counters(uint32_t slot) noexcept {
    return slots_[slot].counters;
  }
  [[nodiscard]] const dp::TunnelCounters& counters(uint32_t slot) const noexcept {
    return slots_[slot].counters;
  }
  [[nodiscard]] uint32_t slot_of(const Side& side) const noexcept {
    const auto distance =
        reinterpret_cast<const char*>(&side) - reinterpret_cast<const char*>(&slots_[0].side);
    return static_cast<uint32_t>(static_cast<uint64_t>(distance) / sizeof(Slot));
  }
  // Fetches what every packet of the side looks at, but for the expanded keys (key_prefetch.hpp), of
  // which the side has to say what they are.
  void prefetch(uint32_t slot) const noexcept {
    const Slot& s = slots_[slot];
    __builtin_prefetch(&s.side);
    __builtin_prefetch(reinterpret_cast<const char*>(&s.side) + 64);
    __builtin_prefetch(&s.counters);
    __builtin_prefetch(&s.keys.version);
  }
  // The side that `conn` names, or nullptr if the slot serves another tunnel now.
  [[nodiscard]] Side* find(const ConnId& conn) noexcept {
    if (conn.slot >= size_) return nullptr;
    Side& s = slots_[conn.slot].side;
    return s.phase != Phase::unused && s.generation == conn.generation ? &s : nullptr;
  }

  // Begins a slot's life, and ends it. The slot must be unused, or used, respectively.
  Side& open(const ConnId& conn) noexcept {
    Side& s = slots_[conn.slot].side;
    const bool listed = s.listed;  // a slot may still stand in `owing` with nothing owed
    s = Side{};
    s.listed = listed;
    s.phase = Phase::open;
    s.generation = conn.generation;
    s.active_index = static_cast<uint32_t>(active.size());
    active.push_back(conn.slot);
    dp::TunnelCounters& n = slots_[conn.slot].counters;
    for (auto* counter :
         {&n.rx_packets, &n.rx_bytes, &n.tx_packets, &n.tx_bytes, &n.rx_dropped, &n.tx_dropped,
          &n.rx_records, &n.tx_records, &n.last_rx_us, &n.last_data_us}) {
      counter->store(0, std::memory_order_relaxed);
    }
    return s;
  }
  void close(Side& s) noexcept {
    const uint32_t last = active.back();
    active[s.active_index] = last;
    slots_[last].side.active_index = s.active_index;
    active.pop_back();
    s.phase = Phase::unused;
    s.owed = 0;
  }
  void owe(Side& s, uint8_t bits) noexcept {
    s.owed |= bits;
    if (s.listed) return;
    s.listed = true;
    owing.push_back(slot_of(s));
  }

  // Slots in use, dense, for the timer sweep; `cursor` goes round.
  std::vector<uint32_t> active;
  uint32_t cursor = 0;
  std::vector<uint32_t> owing;  // slots with owed != 0

 private:
  struct Line {
    std::array<std::byte, 64> unused;
  };
  struct Nothing {};
  static constexpr size_t kBytes =
      sizeof(Side) + sizeof(dp::TunnelCounters) + sizeof(crypto::record::Keys);
  struct alignas(64) Slot {
    Side side;
    dp::TunnelCounters counters;
    crypto::record::Keys keys;
    // An odd number of cache lines: the same line of all slots then is spread over all of the cache.
    [[no_unique_address]] std::conditional_t<kBytes / 64 % 2 == 0, Line, Nothing> spread;
  };
  static_assert(sizeof(Slot) / 64 % 2 == 1);
  struct Free {
    void operator()(Slot* s) const noexcept { rte_free(s); }
  };
  const uint32_t size_;
  std::unique_ptr<Slot[], Free> slots_;
};

}  // namespace culvert::dtls
