// The receive side of one connection: bytes in order, waiting for the reader, and runs of bytes
// beyond a gap.
//
// Bounded three times: by bytes (the window), by what the buffers cost, because a peer may send one
// byte a buffer, and by the number of runs.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/tcp/buffer_list.hpp"
#include "dataplane/tcp/options.hpp"
#include "dataplane/tcp/run_pool.hpp"
#include "dataplane/tcp/seq.hpp"

namespace culvert::tcp {

class ReceiveQueue {
 public:
  // `full`: of bytes; `no_run`: the segment would make one more contiguous piece beyond a gap than this
  // connection may have.
  enum class Result : uint8_t { kept, duplicate, full, no_run };

  // `budget`: bytes that buffers may pin; half of it is allowed to be convenience, the rest is packed.
  void start(uint32_t budget, RunPool& runs) noexcept {
    budget_ = budget;
    pool_ = &runs;
  }
  // A larger one, for what comes from now on.
  void set_budget(uint32_t budget) noexcept { budget_ = budget; }
  // Whether buffers are filled up by copying although there is budget left. Costs time, saves buffers.
  void pack(bool packed) noexcept { packed_ = packed; }

  // Takes bytes that start at the next expected one, and moves what was waiting behind them into
  // order; `next` becomes the new next expected byte. `full`: nothing was taken.
  [[nodiscard]] Result append(BufferList& bytes, Seq& next) noexcept;
  // Takes bytes that start beyond the next expected one. They are cut down to the first gap that
  // they fill; the rest will come again. Anything but `kept`: nothing was taken.
  [[nodiscard]] Result insert(BufferList& bytes) noexcept;
  // True if something waits beyond a gap.
  [[nodiscard]] bool has_gap() const noexcept { return first_ != nullptr; }
  // RFC 2018 §4: the run that grew last comes first. Returns how many blocks were written.
  [[nodiscard]] uint32_t sack_blocks(std::span<SackBlock> out) const noexcept;

  [[nodiscard]] uint32_t readable() const noexcept { return ready_.bytes(); }
  uint32_t peek(uint32_t offset, void* to, uint32_t size) const noexcept;
  // nullptr if no single buffer holds all of [offset, offset + size).
  [[nodiscard]] const uint8_t* contiguous(uint32_t offset, uint32_t size) const noexcept;
  [[nodiscard]] std::span<uint8_t> front() noexcept;
  void consume(uint32_t size) noexcept { ready_.drop_front(size); }
  [[nodiscard]] rte_mbuf* take_front(uint32_t size) noexcept;
  void put_front(rte_mbuf* m) noexcept { ready_.push_front(m); }
  void clear_gaps() noexcept;
  void clear() noexcept;
  [[nodiscard]] uint32_t buffers() const noexcept { return ready_.buffers() + gap_buffers_; }
  [[nodiscard]] uint32_t cost() const noexcept { return ready_.cost() + gap_cost_; }
  // Whether keeping `bytes` would take the buffers' cost beyond `limit`, in order or not.
  [[nodiscard]] bool exceeds(const BufferList& bytes, uint32_t limit,
                             bool in_order) const noexcept {
    return cost() + bytes.cost() > limit && !(in_order && fits_the_last(bytes));
  }
  // Gives up what waits beyond gaps, the highest first, until `bytes`, which are in order, do not exceed `limit`.
  void make_room(const BufferList& bytes, uint32_t limit) noexcept {
    while (last_ != nullptr && exceeds(bytes, limit, true))
      remove_run(last_);
  }
  // Whether buffers that cost `more` leave half of the budget, so that none of them has to be packed.
  [[nodiscard]] bool has_plenty(uint32_t more) const noexcept {
    return cost() + more <= budget_ / 2;
  }

 private:
  // Links a new run in behind `left` (null: as the first). False if there is none to be had.
  [[nodiscard]] bool add_run(Run* left, Seq start, BufferList& bytes) noexcept;
  void remove_run(Run* run) noexcept;
  // `run` grew; it is the first to be reported.
  void touch(Run* run) noexcept;
  void unlink_age(Run* run) noexcept;
  // Every change of a run's bytes stands between these two, which keep the sums over the runs.
  void uncount(const BufferList& run) noexcept {
    gap_cost_ -= run.cost();
    gap_buffers_ -= run.buffers();
  }
  void count(const BufferList& run) noexcept {
    gap_cost_ += run.cost();
    gap_buffers_ += run.buffers();
  }
  [[nodiscard]] uint32_t merge_limit() const noexcept;
  [[nodiscard]] bool affordable(const BufferList& bytes) const noexcept {
    return cost() + bytes.cost() <= budget_;
  }
  // One buffer that ends up in the last one's tail room costs nothing.
  [[nodiscard]] bool fits_the_last(const BufferList& bytes) const noexcept {
    return bytes.buffers() == 1 && !ready_.empty() &&
           bytes.bytes() <= rte_pktmbuf_tailroom(ready_.tail());
  }

  BufferList ready_;
  uint32_t budget_ = 0;
  uint32_t gap_cost_ = 0;
  uint32_t gap_buffers_ = 0;
  uint16_t run_count_ = 0;
  bool packed_ = false;
  RunPool* pool_ = nullptr;
  Run* first_ = nullptr;  // lowest first, neither touching nor overlapping
  Run* last_ = nullptr;
  Run* newest_ = nullptr;
};

}  // namespace culvert::tcp
