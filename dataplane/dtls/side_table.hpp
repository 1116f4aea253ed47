// The sides of DTLS tunnels of one kind on one worker, by the slot that control chose. Nothing is
// allocated after construction.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
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
  uint32_t generation = 0;
  uint32_t active_index = 0;  // in SideTable::active
};

template <typename Side>
class SideTable {
 public:
  // Throws std::runtime_error if the memory is not there.
  explicit SideTable(uint32_t slots) : sides_(slots), counters_(slots) {
    keys_.reset(static_cast<crypto::record::Keys*>(
        rte_zmalloc("dtls_keys", sizeof(crypto::record::Keys) * slots, 64)));
    if (keys_ == nullptr) {
      throw std::runtime_error(
          "no memory for the DTLS tunnels' keys: raise `memory` in the dataplane section, or lower "
          "`sessions`");
    }
    active.reserve(slots);
    owing.reserve(slots);
  }
  ~SideTable() {
    for (const uint32_t slot : active)
      keys_[slot].clear();
  }
  SideTable(const SideTable&) = delete;
  SideTable& operator=(const SideTable&) = delete;

  [[nodiscard]] uint32_t slots() const noexcept { return static_cast<uint32_t>(sides_.size()); }
  [[nodiscard]] Side& operator[](uint32_t slot) noexcept { return sides_[slot]; }
  [[nodiscard]] const Side& operator[](uint32_t slot) const noexcept { return sides_[slot]; }
  [[nodiscard]] crypto::record::Keys& keys(uint32_t slot) noexcept { return keys_[slot]; }
  [[nodiscard]] dp::TunnelCounters& counters(uint32_t slot) noexcept { return counters_[slot]; }
  [[nodiscard]] const dp::TunnelCounters& counters(uint32_t slot) const noexcept {
    return counters_[slot];
  }
  [[nodiscard]] uint32_t slot_of(const Side& side) const noexcept {
    return static_cast<uint32_t>(&side - sides_.data());
  }
  // The side that `conn` names, or nullptr if the slot serves another tunnel now.
  [[nodiscard]] Side* find(const ConnId& conn) noexcept {
    if (conn.slot >= sides_.size()) return nullptr;
    Side& s = sides_[conn.slot];
    return s.phase != Phase::unused && s.generation == conn.generation ? &s : nullptr;
  }

  // Begins a slot's life, and ends it. The slot must be unused, or used, respectively.
  Side& open(const ConnId& conn) noexcept {
    Side& s = sides_[conn.slot];
    const bool listed = s.listed;  // a slot may still stand in `owing` with nothing owed
    s = Side{};
    s.listed = listed;
    s.phase = Phase::open;
    s.generation = conn.generation;
    s.active_index = static_cast<uint32_t>(active.size());
    active.push_back(conn.slot);
    dp::TunnelCounters& n = counters_[conn.slot];
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
    sides_[last].active_index = s.active_index;
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
  struct FreeKeys {
    void operator()(crypto::record::Keys* k) const noexcept { rte_free(k); }
  };
  std::vector<Side> sides_;
  std::unique_ptr<crypto::record::Keys[], FreeKeys> keys_;  // in DPDK memory: huge pages if any
  std::vector<dp::TunnelCounters> counters_;
};

}  // namespace culvert::dtls
