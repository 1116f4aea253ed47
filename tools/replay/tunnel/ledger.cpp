// Rings of passages, one for each lane, in one piece of memory.
#include "tools/replay/tunnel/ledger.hpp"

#include <algorithm>
#include <bit>

namespace culvert::replay {

void Tally::add(const Tally& other) noexcept {
  sent += other.sent;
  sent_bytes += other.sent_bytes;
  intact += other.intact;
  intact_bytes += other.intact_bytes;
  clamped += other.clamped;
  changed += other.changed;
  reordered += other.reordered;
  other_channel += other.other_channel;
  latency.add(other.latency);
}

Ledger::Ledger(uint32_t lanes, uint32_t window)
    : window_(window), lanes_(lanes), passages_(size_t{lanes} * window) {}

uint32_t Ledger::window_for(uint32_t lanes) noexcept {
  constexpr uint32_t kPassages = 4'000'000;  // of all lanes together: about 100 MB
  constexpr uint32_t kLeast = 64, kMost = 32768;
  return std::clamp(std::bit_floor(kPassages / std::max(lanes, 1u)), kLeast, kMost);
}

Tally& Ledger::tally(uint16_t index) {
  while (tallies_.size() <= index)
    tallies_.push_back(std::make_unique<Tally>());
  return *tallies_[index];
}

Tally Ledger::total() const {
  Tally sum;
  for (const auto& tally : tallies_)
    sum.add(*tally);
  return sum;
}

void Ledger::sent(uint32_t lane, uint32_t packet, uint32_t bytes, uint16_t tally,
                  uint64_t tick) noexcept {
  const uint64_t number = lanes_[lane].next++;
  place(lane, number) = {number, tick, packet, tally, true};
  Tally& sum = *tallies_[tally];
  ++sum.sent;
  sum.sent_bytes += bytes;
  ++sent_;
}

void Ledger::take_back(uint32_t lane, uint64_t number, uint32_t bytes) noexcept {
  Passage& passage = place(lane, number);
  if (!passage.open || passage.number != number) return;
  passage.open = false;
  Tally& sum = *tallies_[passage.tally];
  --sum.sent;
  sum.sent_bytes -= bytes;
  --sent_;
}

Passage* Ledger::find(uint32_t lane, uint16_t number) noexcept {
  const uint64_t next = lanes_[lane].next;
  // How far it is behind the last one that was sent: 1 is that one.
  const uint16_t behind = static_cast<uint16_t>(next - number);
  if (behind == 0 || behind > window_ || behind > next) {
    ++strangers_;
    return nullptr;
  }
  Passage& passage = place(lane, next - behind);
  if (passage.open) return &passage;
  ++copies_;
  return nullptr;
}

void Ledger::arrived(uint32_t lane, Passage& passage, Likeness likeness, uint32_t bytes,
                     uint64_t tick) noexcept {
  passage.open = false;
  ++arrived_;
  Tally& sum = *tallies_[passage.tally];
  switch (likeness) {
    case Likeness::intact:
      ++sum.intact;
      sum.intact_bytes += bytes;
      break;
    case Likeness::clamped: ++sum.clamped; break;
    case Likeness::changed: ++sum.changed; break;
  }
  uint64_t& highest = lanes_[lane].highest;
  if (passage.number < highest) {
    ++sum.reordered;
  } else {
    highest = passage.number + 1;
  }
  sum.latency.add(tick - passage.tick);
}

}  // namespace culvert::replay
