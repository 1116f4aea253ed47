// The flow table's hash, insertion, and removal without tombstones (backward shift).
#include "dataplane/tcp/flow_table.hpp"

#include <bit>

#include "dataplane/tcp/isn.hpp"

namespace culvert::tcp {

FlowTable::FlowTable(uint32_t capacity, const SipKey& key)
    : key_(key), mask_(std::bit_ceil(capacity * 2u) - 1), entries_(new Entry[mask_ + 1u]) {}

uint32_t FlowTable::hash(const dp::Flow& flow) const noexcept {
  // The number of words is part of the hash: the families do not get into each other's way.
  if (flow.local.is_v4() && flow.remote.is_v4()) [[likely]] {
    const std::array<uint64_t, 2> words{
        uint64_t{flow.local.v4_value()} << 32 | flow.remote.v4_value(), port_word(flow)};
    return static_cast<uint32_t>(siphash<1, 3>(key_, words));
  }
  return static_cast<uint32_t>(siphash<1, 3>(key_, flow_words(flow)));
}

void FlowTable::insert(uint32_t hash, uint32_t slot) noexcept {
  uint32_t at = hash & mask_;
  while (entries_[at].slot != kNone) {
    at = (at + 1) & mask_;
  }
  entries_[at] = {hash, slot};
}

void FlowTable::erase(uint32_t hash, uint32_t slot) noexcept {
  uint32_t hole = hash & mask_;
  while (entries_[hole].slot != slot) {
    if (entries_[hole].slot == kNone) return;
    hole = (hole + 1) & mask_;
  }
  // Move back every later entry of the cluster that may not stay beyond the hole.
  for (uint32_t at = (hole + 1) & mask_; entries_[at].slot != kNone; at = (at + 1) & mask_) {
    const uint32_t home = entries_[at].hash & mask_;
    if (((at - home) & mask_) >= ((at - hole) & mask_)) {
      entries_[hole] = entries_[at];
      hole = at;
    }
  }
  entries_[hole] = {};
}

}  // namespace culvert::tcp
