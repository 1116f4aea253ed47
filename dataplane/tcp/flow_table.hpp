// From a flow to its connection's slot: open addressing with linear probing, at most half full,
// keyed hash.
#pragma once

#include <cstdint>
#include <memory>

#include "dataplane/packet/address.hpp"
#include "dataplane/tcp/siphash.hpp"

namespace culvert::tcp {

class FlowTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // Room for `capacity` flows; allocates once.
  FlowTable(uint32_t capacity, const SipKey& key);

  // SipHash-1-3: peers choose their addresses and ports, so the table must not have collisions that
  // they can find.
  [[nodiscard]] uint32_t hash(const dp::Flow& flow) const noexcept;
  // `equal(slot)` compares the whole flow; returns the slot or kNone.
  template <typename Equal>
  [[nodiscard]] uint32_t find(uint32_t hash, Equal&& equal) const noexcept {
    for (uint32_t at = hash & mask_; entries_[at].slot != kNone; at = (at + 1) & mask_) {
      if (entries_[at].hash == hash && equal(entries_[at].slot)) return entries_[at].slot;
    }
    return kNone;
  }
  // The slot that find() is going to look at first, to be prefetched; kNone if there is none.
  [[nodiscard]] uint32_t candidate(uint32_t hash) const noexcept {
    uint32_t at = hash & mask_;
    while (entries_[at].slot != kNone && entries_[at].hash != hash)
      at = (at + 1) & mask_;
    return entries_[at].slot;
  }
  void prefetch(uint32_t hash) const noexcept { __builtin_prefetch(&entries_[hash & mask_]); }
  [[nodiscard]] size_t bytes() const noexcept { return (mask_ + size_t{1}) * sizeof(Entry); }
  void insert(uint32_t hash, uint32_t slot) noexcept;
  void erase(uint32_t hash, uint32_t slot) noexcept;

 private:
  struct Entry {
    uint32_t hash = 0;
    uint32_t slot = kNone;
  };
  SipKey key_;
  uint32_t mask_;
  std::unique_ptr<Entry[]> entries_;
};

}  // namespace culvert::tcp
