// A burst of packets between two stages.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <span>

#include <rte_mbuf.h>

namespace culvert::dp {

inline constexpr uint32_t kBurst = 64;

// Up to N packet buffers. Whoever holds the batch owns them; it frees nothing by itself.
template <uint32_t N>
class BasicBatch {
 public:
  [[nodiscard]] bool full() const noexcept { return size_ == N; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] uint32_t size() const noexcept { return size_; }
  [[nodiscard]] static constexpr uint32_t capacity() noexcept { return N; }
  void push(rte_mbuf* m) noexcept {
    assert(size_ < N);
    packets_[size_++] = m;
  }
  void clear() noexcept { size_ = 0; }
  void set_size(uint32_t n) noexcept {
    assert(n <= N);
    size_ = n;
  }
  [[nodiscard]] rte_mbuf** data() noexcept { return packets_.data(); }
  [[nodiscard]] rte_mbuf* operator[](uint32_t i) const noexcept { return packets_[i]; }
  [[nodiscard]] rte_mbuf*& operator[](uint32_t i) noexcept { return packets_[i]; }
  [[nodiscard]] auto begin() noexcept { return packets_.begin(); }
  [[nodiscard]] auto end() noexcept { return packets_.begin() + size_; }
  [[nodiscard]] std::span<rte_mbuf*> span() noexcept { return {packets_.data(), size_}; }

 private:
  std::array<rte_mbuf*, N> packets_;
  uint32_t size_ = 0;
};

using Batch = BasicBatch<kBurst>;

// Where a stage puts what it makes when one batch may not hold it: `flush` takes every packet and
// empties the batch. A function and its argument rather than a virtual: called once per burst, not
// per packet.
struct BatchSink {
  void (*flush)(void* arg, Batch& packets);
  void* arg;
  Batch* batch;

  void push(rte_mbuf* m) const noexcept {
    if (batch->full()) flush(arg, *batch);
    batch->push(m);
  }
};

}  // namespace culvert::dp
