// Names for the two sides of DTLS tunnels. Workers keep their state in slots, which control gives
// out, so that it alone decides when one is used again.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/packet/meta.hpp"
#include "dataplane/session/mailbox.hpp"

namespace culvert::control {

// Of one side, on all workers.
class DtlsSlots {
 public:
  DtlsSlots(unsigned workers, uint32_t slots_each) : workers_(workers), slots_each_(slots_each) {}

  // Nothing when the worker has none left.
  [[nodiscard]] std::optional<dp::ConnId> take(uint8_t worker) {
    Worker& w = workers_.at(worker);
    uint32_t slot = 0;
    if (w.next < slots_each_) {
      slot = w.next++;
      w.generation.push_back(0);
    } else if (!w.free.empty()) {
      slot = w.free.back();
      w.free.pop_back();
    } else {
      return std::nullopt;
    }
    // 16 bits of it are in a session's channel word: neither those nor the whole may be 0, which
    // names nothing.
    uint32_t& generation = w.generation[slot];
    do {
      generation++;
    } while ((generation & 0xffff) == 0);
    in_use_++;
    return dp::ConnId(worker, slot, generation);
  }
  void give_back(dp::ConnId id) {
    workers_.at(id.worker).free.push_back(id.slot);
    in_use_--;
  }
  [[nodiscard]] size_t in_use() const noexcept { return in_use_; }

 private:
  struct Worker {
    uint32_t next = 0;  // the first that was never used
    std::vector<uint32_t> free;
    std::vector<uint32_t> generation;  // by slot
  };

  std::vector<Worker> workers_;
  uint32_t slots_each_;
  size_t in_use_ = 0;
};

}  // namespace culvert::control
